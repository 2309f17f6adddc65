// Where formulas stand in a text. Pure.

export interface Math {
  formula: string;
  /** Whether it stands in a line of its own. */
  isDisplay: boolean;
}

const FORMULA = /\$\$([\s\S]+?)\$\$|\\\[([\s\S]+?)\\\]|(\\begin\{([A-Za-z]+\*?)\}[\s\S]+?\\end\{\4\})|\\\(([\s\S]+?)\\\)|\$((?:\\[\s\S]|[^$\\])+?)\$/g;

/** Text and formulas in turn; what has no sign of a formula is one. */
export function mathPieces(source: string): (string | Math)[] {
  const pieces: (string | Math)[] = [];
  let at = 0;
  for (const found of source.matchAll(FORMULA)) {
    if (source.slice(at, found.index).trim() !== '') pieces.push(source.slice(at, found.index));
    const display = found[1] ?? found[2] ?? found[3];
    pieces.push({ formula: (display ?? found[5] ?? found[6] ?? '').trim(), isDisplay: display !== undefined });
    at = found.index + found[0].length;
  }
  if (pieces.length === 0) return [{ formula: source.trim(), isDisplay: false }];
  if (source.slice(at).trim() !== '') pieces.push(source.slice(at));
  return pieces;
}

/** Where a formula between dollars that begins at a place ends; -1 if none begins there. `$5 and $6` has none. */
export function dollarsEnd(text: string, from: number): number {
  const mark = text.startsWith('$$', from) ? '$$' : '$';
  const first = from + mark.length;
  if (mark === '$' && /[\s$]|^$/.test(text[first] ?? '')) return -1;
  for (let at = first; at < text.length; at++) {
    if (text[at] === '\\') at += 1;
    else if (text.startsWith(mark, at) && at > first) {
      if (mark === '$' && (/\s/.test(text[at - 1]!) || /\d/.test(text[at + 1] ?? ''))) continue;
      return at + mark.length;
    }
  }
  return -1;
}
