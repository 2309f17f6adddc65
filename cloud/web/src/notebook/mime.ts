// Media types: how the value of each is held in a Markdown file (docs/documents.md).

/** `plain`: shown as it is. `markup`: other text. `drawing`: a picture that is text. `binary`: base64 in events, a file in documents. */
export type MimeClass = 'plain' | 'markup' | 'json' | 'drawing' | 'binary';

export function mimeClass(mime: string): MimeClass {
  const bare = mime.split(';')[0]!.trim();
  if (bare === 'text/plain') return 'plain';
  if (bare === 'image/svg+xml') return 'drawing';
  if (bare === 'application/json' || bare.endsWith('+json')) return 'json';
  if (['application/pdf', 'application/octet-stream', 'application/zip'].includes(bare)) return 'binary';
  return /^(image|audio|video|font)\//.test(bare) ? 'binary' : 'markup';
}

/** Whether a media type can stand as one word in a fence's info string and in a link's title. */
export function isMimeWord(mime: string): boolean {
  return /^[A-Za-z0-9.+_-]+\/[A-Za-z0-9.+_-]+$/.test(mime);
}

const ENDINGS: Record<string, string> = {
  'text/plain': 'txt',
  'text/markdown': 'md',
  'text/latex': 'tex',
  'text/javascript': 'js',
  'application/javascript': 'js',
  'image/jpeg': 'jpg',
  'image/svg+xml': 'svg',
  'audio/mpeg': 'mp3',
};

/** The ending of a file of that media type, without the dot. */
export function fileEnding(mime: string): string {
  const known = ENDINGS[mime];
  if (known) return known;
  if (mimeClass(mime) === 'json') return 'json';
  const name = mime.split(/[/+]/).pop() ?? '';
  return /^[A-Za-z0-9]{1,4}$/.test(name) ? name : 'bin';
}

/** The media type of a picture by its path, where nothing else says it. */
export function pictureType(path: string): string {
  const ending = path.split('.').pop();
  const types: Record<string, string> = { jpg: 'image/jpeg', jpeg: 'image/jpeg', svg: 'image/svg+xml', gif: 'image/gif', webp: 'image/webp' };
  return types[ending ?? ''] ?? 'image/png';
}
