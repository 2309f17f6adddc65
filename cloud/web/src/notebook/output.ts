// Outputs of cells, as a document holds them and as a run that goes on gives them.

import { linesOf } from './blocks.ts';
import { decodePictures } from './control-pictures.ts';
import type { Cell, OutputBlock } from './document.ts';
import { pictureType } from './mime.ts';

/** A value: text, a file beside the document by its path, or bytes as an event has them. */
export type Content = { text: string } | { link: string } | { base64: string };

export type Output =
  | { kind: 'stream'; name: 'stdout' | 'stderr'; content: Content }
  | { kind: 'value'; result: boolean; data: Record<string, Content> }
  | { kind: 'error'; name: string; message: string; traceback: string[] }
  | { kind: 'json'; content: Content };

/** The outputs that stand after a cell in the text. */
export function outputsOf(text: string, cell: Cell): Output[] {
  const outputs: Output[] = [];
  for (const block of cell.blocks) {
    if (block.body.kind === 'other') continue;
    const last = outputs.at(-1);
    if (block.words.kind === 'also' && last?.kind === 'value') Object.assign(last.data, valuesOf(text, block));
    else outputs.push(outputOf(text, block));
  }
  return outputs;
}

/** The key of the run that wrote the outputs after a cell; `null` if none did. */
export function keyOf(cell: Cell): string | null {
  return cell.blocks.find((block) => block.words.key !== null)?.words.key ?? null;
}

function outputOf(text: string, block: OutputBlock): Output {
  const { words } = block;
  switch (words.kind) {
    case 'stdout':
    case 'stderr': {
      const content = contentOf(text, block);
      return { kind: 'stream', name: words.kind, content: words.open ? closed(content) : content };
    }
    case 'error':
      return errorOf(text, block);
    case 'json':
      return { kind: 'json', content: closed(contentOf(text, block)) };
    case 'result':
    case 'display':
    case 'also':
      return { kind: 'value', result: words.kind === 'result', data: valuesOf(text, block) };
  }
}

function valuesOf(text: string, block: OutputBlock): Record<string, Content> {
  const content = closed(contentOf(text, block));
  const [first, second] = block.words.mimes;
  if (block.body.kind === 'link') {
    const { media } = block.body;
    if (first !== undefined && second !== undefined) return { [first]: { text: media.label }, [second]: content };
    if (first === undefined && media.title === '') return { [pictureType(media.path)]: content };
  }
  return { [first ?? 'text/plain']: content };
}

function errorOf(text: string, block: OutputBlock): Output {
  const content = closed(contentOf(text, block));
  if (!('text' in content)) return { kind: 'json', content };
  const lines = content.text.split('\n');
  const head = lines.splice(0, Math.max(1, block.words.head)).join('\n');
  const colon = head.indexOf(': ');
  const traceback: string[] = [];
  for (let piece = 0; lines.length > 0; piece++) {
    traceback.push(lines.splice(0, Math.max(1, block.words.lines[piece] ?? 1)).join('\n'));
  }
  return {
    kind: 'error',
    name: colon < 0 ? head : head.slice(0, colon),
    message: colon < 0 ? '' : head.slice(colon + 2),
    traceback,
  };
}

/** A block's text as it was before it was written, or its link. */
function contentOf(text: string, block: OutputBlock): Content {
  const { body } = block;
  if (body.kind === 'link') return { link: body.media.path };
  if (body.kind === 'other') return { text: text.slice(block.from, block.to) };
  return { text: decodePictures(linesOf(text, body.content, body.column)) };
}

/** Without the line end that is the fence's. */
function closed(content: Content): Content {
  return 'text' in content ? { text: content.text.replace(/\n$/, '') } : content;
}
