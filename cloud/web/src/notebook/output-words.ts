// What the words of an output block's info string, or of a link's title, say: `output:<key> display image/png`.

import { isMimeWord } from './mime.ts';

export type BlockKind = 'stdout' | 'stderr' | 'result' | 'display' | 'also' | 'error' | 'json';

export interface OutputWords {
  /** The run and attempt (`<id>` or `<id>.N`) or another program's name; `null`: none. */
  key: string | null;
  kind: BlockKind;
  /** Media types: of the value, and first of the label of a link if there are two. */
  mimes: string[];
  /** Whether a stream's text ends without a line end. */
  open: boolean;
  /** Lines of an error's own text, before the traceback. */
  head: number;
  /** Lines of each piece of a traceback, where a piece has several. */
  lines: number[];
}

export function outputWords(key: string | null, kind: BlockKind): OutputWords {
  return { key, kind, mimes: [], open: false, head: 1, lines: [] };
}

/** Reads an info string or a title. `null` if it is not an output's. */
export function readOutputWords(text: string): OutputWords | null {
  const [first, ...rest] = text.trim().split(/\s+/);
  if (first === undefined || (first !== 'output' && !first.startsWith('output:'))) return null;
  const read = outputWords(first === 'output' ? null : first.slice('output:'.length), 'stdout');
  for (const word of rest) {
    const head = /^head=(\d+)$/.exec(word);
    const lines = /^lines=([\d,]+)$/.exec(word);
    if (['stderr', 'result', 'display', 'also', 'error', 'json'].includes(word)) read.kind = word as BlockKind;
    else if (word === 'open') read.open = true;
    else if (head) read.head = Number(head[1]);
    else if (lines) read.lines = lines[1]!.split(',').map((n) => Number(n) || 1);
    else if (isMimeWord(word)) read.mimes.push(word);
  }
  return read;
}

/** The whole info string or title. */
export function writeOutputWords(words: OutputWords): string {
  const parts = [words.key === null ? 'output' : `output:${words.key}`];
  if (words.kind !== 'stdout') parts.push(words.kind);
  parts.push(...words.mimes);
  if (words.open) parts.push('open');
  if (words.head !== 1) parts.push(`head=${words.head}`);
  if (words.lines.length) parts.push(`lines=${words.lines.join(',')}`);
  return parts.join(' ');
}
