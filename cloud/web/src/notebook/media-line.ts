// Links and pictures that are outputs: one line, whose title says so.
// `![plot](_assets/generated/ab.png "output display image/png")`

/** A line that is a link or a picture and nothing else. */
export interface MediaLine {
  picture: boolean;
  /** Its text, or the picture's alternative text. */
  label: string;
  /** The file's path from the document. */
  path: string;
  /** Its title; empty for none. */
  title: string;
}

/** Where other editors put pictures of outputs, with no title. */
const GENERATED = '_assets/generated/';

/** Reads a line. `null` if it is anything else, or nothing says that it is an output. */
export function readMediaLine(text: string): MediaLine | null {
  const found = /^(!?)\[((?:\\.|[^\]\[\\\n])*)\]\(([^\s"\\()<>]+)(?: "([^"\\()<>\n\r]*)")?\)$/.exec(text.trim());
  if (!found) return null;
  const [, mark, label, path, title = ''] = found;
  const first = title.trim().split(/\s+/)[0] ?? '';
  const ours = first === 'output' || first.startsWith('output:');
  const generated = mark === '!' && title === '' && path!.startsWith(GENERATED);
  if (!ours && !generated) return null;
  return { picture: mark === '!', label: label!.replace(/\\([!-/:-@[-`{-~])/g, '$1'), path: decode(path!), title };
}

export function writeMediaLine(line: MediaLine): string {
  const label = line.label.replace(/[\\[\]`*_<>&!~$|@#:]/g, '\\$&');
  return `${line.picture ? '!' : ''}[${label}](${encode(line.path)} "${line.title}")`;
}

/** Whether a text can be a label and be read from it again. */
export function fitsLabel(text: string): boolean {
  const bytes = new TextEncoder().encode(text).length;
  return bytes >= 1 && bytes <= 200 && text.trim() === text && !/[\p{Cc}\u2400-\u2424]/u.test(text);
}

function encode(path: string): string {
  return [...new TextEncoder().encode(path)]
    .map((byte) => {
      const c = String.fromCharCode(byte);
      const special = byte > 0x7e || byte < 0x21 || '%()<>"\\`*#?&'.includes(c);
      return special ? `%${byte.toString(16).toUpperCase().padStart(2, '0')}` : c;
    })
    .join('');
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path.replace(/%(?![0-9A-Fa-f]{2})/g, '%25'));
  } catch {
    return path; // not UTF-8
  }
}
