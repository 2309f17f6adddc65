// A notebook's text read as cells with their output blocks. The rules are those of docs/notebooks.md and docs/documents.md.

import { linesOf, parseBlocks, unchanged, whole, type Block, type Change, type Fence, type Fragments, type Range, type Steps } from './blocks.ts';
import { readInPlace } from './in-place.ts';
import { isCellLanguage, languageOf } from './language.ts';
import { readMediaLine, type MediaLine } from './media-line.ts';
import { outputWords, readOutputWords, type OutputWords } from './output-words.ts';

/** A block that belongs to a cell's output, without the line end after it. */
export interface OutputBlock extends Range {
  words: OutputWords;
  body: { kind: 'fence'; content: Range; column: number } | { kind: 'link'; media: MediaLine } | { kind: 'other' };
}

export interface Cell extends Range {
  /** Its number in the notebook, from 1. */
  index: number;
  /** The normal name of its language. */
  language: string;
  /** The session that its fence names. */
  session: string | null;
  attributes: string[];
  info: string;
  /** Its code, without the indentation of its fence. */
  code: string;
  /** The lines between the fences. */
  content: Range;
  column: number;
  closed: boolean;
  /** Where its outputs end; `to` if it has none. */
  regionTo: number;
  blocks: OutputBlock[];
}

/** A text as a notebook. */
export interface Notebook {
  text: string;
  cells: Cell[];
  /** The front matter with its two lines, and the YAML between them. */
  frontMatter: { block: Range; yaml: Range } | null;
  /** Notes that stand outside of outputs. */
  notes: Range[];
  fragments: Fragments;
  /** The same object for as long as nothing but the code of cells, and text between them, was changed. */
  shape: object;
}

/** Reads a text; what was read before of nearly the same text makes it quicker. */
export function readNotebook(text: string, before?: { notebook: Notebook; changes: readonly Change[] }): Notebook {
  const [change] = before?.changes ?? [];
  const fragments = before && unchanged(before.notebook.fragments, before.changes);
  const inPlace = before && change && before.changes.length === 1 && readInPlace(before.notebook, text, change);
  if (inPlace) return { ...inPlace, fragments: fragments! };
  return whole(readInSteps(text, fragments));
}

/** Reads a text step by step; `fragments`: what is still good of what was parsed. */
export function* readInSteps(text: string, fragments?: Fragments): Steps<Notebook> {
  const frontMatter = findFrontMatter(text);
  const body = frontMatter ? frontMatter.block.to : text.startsWith('\ufeff') ? 1 : 0;
  const parsed = yield* parseBlocks(text, body, fragments);
  const reader = new Reader(text);
  yield* reader.read(parsed.blocks);
  return { text, cells: reader.cells, frontMatter, notes: reader.notes, fragments: parsed.fragments, shape: {} };
}

/** A byte order mark may stand before it; a `---` without another is a thematic break. */
function findFrontMatter(text: string): Notebook['frontMatter'] {
  const first = /^\ufeff?---\s*?\n/.exec(text);
  if (!first) return null;
  const from = first[0].length;
  const end = /^(?:---|\.\.\.)[^\S\n]*(?:\n|$)/m.exec(text.slice(from));
  if (!end) return null;
  return { block: { from: 0, to: from + end.index + end[0].length }, yaml: { from, to: from + end.index } };
}

type NoteKind = 'text' | 'whole' | 'end' | 'code' | 'raw' | 'source' | 'json' | 'output' | 'notebook';

class Reader {
  readonly cells: Cell[] = [];
  readonly notes: Range[] = [];
  readonly #text: string;
  /** The cell after which nothing but its outputs stood so far. */
  #open: Cell | null = null;

  constructor(text: string) {
    this.#text = text;
  }

  *read(blocks: readonly Block[]): Steps<void> {
    for (let at = 0; at < blocks.length; at++) {
      yield;
      const block = blocks[at]!;
      if (this.#open && this.#text.slice(this.#open.regionTo, block.from).trim() !== '') this.#open = null;
      const note = block.kind === 'html' ? noteOf(this.#text.slice(block.from, block.to)) : null;
      if (note) at += this.#note(note, blocks, at);
      else if (block.kind === 'fence') this.#fence(block, false);
      else if (block.kind === 'paragraph') this.#paragraph(block);
      else if (this.#open && this.#text.startsWith('<iframe class="rat-output"', block.from)) {
        this.#output({ ...range(block), words: { ...outputWords(null, 'display'), mimes: ['text/html'] }, body: { kind: 'other' } });
      }
    }
  }

  /** Reads a note and what it is about; how many more blocks that was. */
  #note(kind: NoteKind, blocks: readonly Block[], at: number): number {
    const note = blocks[at]!;
    if (kind === 'output' && this.#open) {
      this.#output({ ...range(note), words: outputWords(null, 'display'), body: { kind: 'other' } });
      return 0;
    }
    this.notes.push(range(note));
    if (kind === 'whole') return this.#whole(blocks, at);
    const next = blocks[at + 1];
    const isAbout = next?.kind === 'fence' && this.#text.slice(note.to, next.from).trim() === '';
    if (!isAbout || !['code', 'raw', 'source', 'json'].includes(kind)) return 0;
    if (kind === 'code') this.#fence(next, true);
    return 1;
  }

  /** Skips a text that is shown and not run. */
  #whole(blocks: readonly Block[], at: number): number {
    for (let end = at + 1; end < blocks.length; end++) {
      const block = blocks[end]!;
      const kind = block.kind === 'html' ? noteOf(this.#text.slice(block.from, block.to)) : null;
      if (kind === 'whole') return 0;
      if (kind !== 'end') continue;
      this.notes.push(range(block));
      return end - at;
    }
    return 0;
  }

  #fence(fence: Fence, noted: boolean): void {
    if (this.#open) {
      const body = { kind: 'fence', content: fence.content, column: fence.column } as const;
      const words = readOutputWords(fence.info);
      if (words) return this.#output({ ...range(fence), words, body });
      if (fence.info.startsWith('stdin:')) {
        return this.#output({ ...range(fence), words: outputWords(null, 'display'), body: { kind: 'other' } });
      }
    }
    const info = readInfo(fence.info, noted);
    if (!info) return;
    const cell: Cell = {
      ...range(fence),
      ...info,
      index: this.cells.length + 1,
      info: fence.info,
      code: linesOf(this.#text, fence.content, fence.column),
      content: fence.content,
      column: fence.column,
      closed: fence.closed,
      regionTo: fence.to,
      blocks: [],
    };
    this.cells.push(cell);
    this.#open = cell.closed ? cell : null;
  }

  /** Every line of a paragraph is an output, or none is. */
  #paragraph(block: Range): void {
    if (!this.#open) return;
    const found: OutputBlock[] = [];
    let at = block.from;
    for (const line of this.#text.slice(block.from, block.to).split('\n')) {
      const media = readMediaLine(line);
      if (!media) return;
      const from = at + (line.length - line.trimStart().length);
      const words = readOutputWords(media.title) ?? outputWords(null, 'display');
      found.push({ from, to: at + line.trimEnd().length, words, body: { kind: 'link', media } });
      at += line.length + 1;
    }
    for (const output of found) this.#output(output);
  }

  #output(block: OutputBlock): void {
    if (!this.#open) return;
    this.#open.blocks.push(block);
    this.#open.regionTo = block.to;
  }
}

function range(of: Range): Range {
  return { from: of.from, to: of.to };
}

function noteOf(html: string): NoteKind | null {
  const found = /^<!-- nb (text|whole|end|code|raw|source|json|output|notebook)(?: (.*))? -->$/.exec(html.trim());
  if (!found) return null;
  if (!found[2]) return found[1] as NoteKind;
  try {
    const fields: unknown = JSON.parse(found[2]);
    return typeof fields === 'object' && fields !== null && !Array.isArray(fields) ? (found[1] as NoteKind) : null;
  } catch {
    return null;
  }
}

function readInfo(info: string, noted: boolean): Pick<Cell, 'language' | 'session' | 'attributes'> | null {
  const words = info.split(/\s+/).filter((word) => word !== '');
  if (words.length === 0 && !noted) return null;
  const language = languageOf(words.shift() ?? '');
  if (!noted && !isCellLanguage(language)) return null;
  const session = words[0] !== undefined && isSessionWord(words[0]) ? words.shift()! : null;
  return { language, session, attributes: words };
}

function isSessionWord(word: string): boolean {
  const parts = word.split(':');
  return parts.length <= 2 && parts.every((part) => /^[\p{Alphabetic}\p{N}_.-]{1,64}$/u.test(part));
}
