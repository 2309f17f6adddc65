// How outputs are written after a cell: blocks of Markdown, and the one edit that puts them there.

import type { Cell } from './document.ts';
import { encodePictures } from './control-pictures.ts';
import { fitsLabel, writeMediaLine } from './media-line.ts';
import { isMimeWord, mimeClass } from './mime.ts';
import { keyOf, type Content, type Output } from './output.ts';
import { outputWords, writeOutputWords, type BlockKind, type OutputWords } from './output-words.ts';

/** What stands at from..to gives way to `insert`. */
export interface Edit {
  from: number;
  to: number;
  insert: string;
}

/** The run and attempt whose output it is, as a block names it. */
export function runKey(run: string, attempt: number): string {
  return attempt === 1 ? run : `${run}.${attempt}`;
}

/**
 * The edit by which a cell has these outputs and no other; `null` if nothing changes, or nothing may: a cell without a closing
 * fence has no place for output, and an earlier attempt of a run does not replace a later one.
 */
export function writeOutputs(text: string, cell: Cell, key: string, outputs: readonly Output[]): Edit | null {
  if (!cell.closed || isLaterAttempt(keyOf(cell), key)) return null;
  const lineEnd = text.slice(cell.from, cell.content.from).endsWith('\r\n') ? '\r\n' : '\n';
  let insert = inPlace(outputs.flatMap((output) => blocksOf(key, output)), cell.column, lineEnd);
  // A link is a paragraph: text that follows at once would belong to it.
  if (insert.endsWith(')') && /^[^\S\n]*\n[^\S\n]*\S/.test(text.slice(cell.regionTo))) insert += lineEnd;
  if (insert === text.slice(cell.to, cell.regionTo)) return null;
  return { from: cell.to, to: cell.regionTo, insert };
}

/** The edit by which a cell has no output; `null` if it has none. */
export function clearOutputs(cell: Cell): Edit | null {
  return cell.regionTo > cell.to ? { from: cell.to, to: cell.regionTo, insert: '' } : null;
}

function isLaterAttempt(there: string | null, key: string): boolean {
  if (there === null) return false;
  const [run, attempt] = key.split('.');
  const [thereRun, thereAttempt] = there.split('.');
  return run === thereRun && Number(thereAttempt ?? 1) > Number(attempt ?? 1);
}

function inPlace(blocks: readonly string[], column: number, lineEnd: string): string {
  const indent = ' '.repeat(column);
  return blocks
    .map((block) => lineEnd + lineEnd + block.split('\n').map((line) => (line === '' ? '' : indent + line)).join(lineEnd))
    .join('');
}

function blocksOf(key: string, output: Output): string[] {
  switch (output.kind) {
    case 'stream':
      return streamBlock(key, output.name, output.content);
    case 'error':
      return [errorBlock(key, output)];
    case 'json':
      return [block(outputWords(key, 'json'), 'output', output.content, false)];
    case 'value':
      return valueBlocks(key, output.result ? 'result' : 'display', output.data);
  }
}

function streamBlock(key: string, name: 'stdout' | 'stderr', content: Content): string[] {
  const words = outputWords(key, name);
  if (!('text' in content)) return [block(words, name, content, false)];
  if (content.text === '') return [];
  words.open = !content.text.endsWith('\n');
  return [fence(writeOutputWords(words), encodePictures(content.text))];
}

function errorBlock(key: string, error: Extract<Output, { kind: 'error' }>): string {
  const count = (text: string) => text.split('\n').length;
  const own = error.message === '' ? error.name : `${error.name}: ${error.message}`;
  const words = { ...outputWords(key, 'error'), head: count(own) };
  if (error.traceback.some((piece) => piece.includes('\n'))) words.lines = error.traceback.map(count);
  return textFence(writeOutputWords(words), [own, ...error.traceback].join('\n'));
}

function valueBlocks(key: string, kind: BlockKind, data: Record<string, Content>): string[] {
  let rest = Object.entries(data).filter(([mime]) => isMimeWord(mime)).sort(([a], [b]) => (a < b ? -1 : 1));
  const blocks: string[] = [];
  const plain = data['text/plain'];
  const picture = rest.find(([mime, content]) => isPicture(mime) && 'link' in content);
  if (picture && plain && 'text' in plain && fitsLabel(plain.text)) {
    const [mime, content] = picture;
    blocks.push(block({ ...outputWords(key, kind), mimes: ['text/plain', mime] }, plain.text, content, true));
    rest = rest.filter(([other]) => other !== mime && other !== 'text/plain');
  }
  rest.sort(([a], [b]) => Number(b === 'text/plain') - Number(a === 'text/plain'));
  for (const [mime, content] of rest) {
    const words = outputWords(key, blocks.length === 0 ? kind : 'also');
    if (mime !== 'text/plain') words.mimes.push(mime);
    blocks.push(block(words, isPicture(mime) ? 'output' : mime, content, isPicture(mime)));
  }
  return blocks;
}

function isPicture(mime: string): boolean {
  return mimeClass(mime) === 'drawing' || mime.startsWith('image/');
}

function block(words: OutputWords, label: string, content: Content, picture: boolean): string {
  if ('link' in content) return writeMediaLine({ picture, label, path: content.link, title: writeOutputWords(words) });
  return textFence(writeOutputWords(words), encodePictures('text' in content ? content.text : content.base64));
}

/** A code fence that nothing in its content closes. */
function fence(info: string, content: string): string {
  const longest = Math.max(2, ...(content.match(/`+/g) ?? []).map((ticks) => ticks.length));
  const ticks = '`'.repeat(longest + 1);
  return `${ticks}${info}\n${content}${content === '' || content.endsWith('\n') ? '' : '\n'}${ticks}`;
}

function textFence(info: string, text: string): string {
  return fence(info, text === '' ? '' : `${text}\n`);
}
