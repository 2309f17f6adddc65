// The blocks of a Markdown text that may be something to a notebook, by CommonMark's rules: fences, HTML, paragraphs.
// Offsets are UTF-16 units, which editors and Yjs count.

import { TreeFragment, type SyntaxNode } from '@lezer/common';
import { parser } from '@lezer/markdown';

export interface Range {
  from: number;
  to: number;
}

/** A fenced code block, from its opening fence through the closing one. */
export interface Fence extends Range {
  kind: 'fence';
  /** Its info string, with CommonMark's escapes undone. */
  info: string;
  /** The lines between the two fences. */
  content: Range;
  /** Columns before the opening fence. */
  column: number;
  closed: boolean;
}

export type Block = Fence | (Range & { kind: 'html' }) | (Range & { kind: 'paragraph' });

/** What was parsed, kept so that the next text is parsed where it changed only. */
export type Fragments = readonly TreeFragment[];

export interface Parsed {
  fragments: Fragments;
  blocks: Block[];
}

/** Something long, done in short steps. */
export type Steps<T> = Generator<undefined, T, undefined>;

/** Does all steps at once. */
export function whole<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** A change of a text: what stood at from..to stands at newFrom..newTo now. */
export interface Change {
  from: number;
  to: number;
  newFrom: number;
  newTo: number;
}

const blockParser = parser.configure({
  remove: ['Escape', 'Entity', 'InlineCode', 'HTMLTag', 'Emphasis', 'HardBreak', 'Link', 'Image', 'LinkEnd'],
});

/** The blocks that stand in no block quote and begin at `body` or later, in order. */
export function* parseBlocks(text: string, body: number, before: Fragments = []): Steps<Parsed> {
  const parse = blockParser.startParse(text, before);
  let tree = parse.advance();
  for (; !tree; tree = parse.advance()) yield;
  const blocks: Block[] = [];
  yield* collect(text, tree.topNode, body, blocks);
  return { fragments: TreeFragment.addTree(tree), blocks };
}

/** What is still good of what was parsed, after a change. */
export function unchanged(fragments: Fragments, changes: readonly Change[]): Fragments {
  return TreeFragment.applyChanges(fragments, changes.map((c) => ({ fromA: c.from, toA: c.to, fromB: c.newFrom, toB: c.newTo })));
}

function* collect(text: string, parent: SyntaxNode, body: number, blocks: Block[]): Steps<void> {
  for (let node = parent.firstChild; node; node = node.nextSibling) {
    yield;
    if (node.to <= body && node.to !== node.from) continue;
    switch (node.name) {
      case 'FencedCode':
        if (node.from >= body) blocks.push(fence(text, node));
        break;
      case 'CommentBlock':
      case 'HTMLBlock':
      case 'ProcessingInstructionBlock':
        if (node.from >= body) blocks.push({ kind: 'html', from: node.from, to: withoutLineEnd(text, node) });
        break;
      case 'Paragraph':
        if (node.from >= body) blocks.push({ kind: 'paragraph', from: node.from, to: withoutLineEnd(text, node) });
        break;
      case 'BulletList':
      case 'OrderedList':
      case 'ListItem':
        yield* collect(text, node, body, blocks);
        break;
    }
  }
}

function fence(text: string, node: SyntaxNode): Fence {
  let info = '';
  let last = node.from;
  let marks = 0;
  for (let child = node.firstChild; child; child = child.nextSibling) {
    if (child.name === 'CodeInfo') info = unescape(text.slice(child.from, child.to));
    if (child.name === 'CodeMark') {
      marks += 1;
      last = child.from;
    }
  }
  const start = lineStart(text, node.from);
  const closed = marks > 1;
  const to = closed ? withoutLineEnd(text, node) : node.to;
  const line = text.indexOf('\n', node.from);
  const from = line < 0 || line >= to ? to : line + 1;
  const content = { from, to: closed ? Math.max(from, lineStart(text, last)) : Math.max(from, to) };
  return { kind: 'fence', from: node.from, to, info, content, column: columns(text.slice(start, node.from)), closed };
}

function unescape(info: string): string {
  return info.replace(/\\([!-/:-@[-`{-~])/g, '$1').trim();
}

function withoutLineEnd(text: string, range: Range): number {
  let to = range.to;
  while (to > range.from && (text[to - 1] === '\n' || text[to - 1] === '\r')) to -= 1;
  return to;
}

/** Where the line of a place begins. */
export function lineStart(text: string, at: number): number {
  return at === 0 ? 0 : text.lastIndexOf('\n', at - 1) + 1;
}

/** Where the line of a place ends, before its line end. */
export function lineEnd(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end;
}

/** Columns that a beginning of a line takes; a tab goes to the next multiple of four (CommonMark §2.2). */
function columns(start: string): number {
  let column = 0;
  for (const c of start) {
    if (c === '\t') column = Math.floor(column / 4) * 4 + 4;
    else if (c !== '\ufeff') column += 1;
  }
  return column;
}

/** The lines of a fence's content without the indentation of the fence, with `\n` as line end. */
export function linesOf(text: string, content: Range, column: number): string {
  const raw = text.slice(content.from, content.to);
  if (column === 0 && !raw.includes('\r')) return raw;
  return raw
    .split('\n')
    .map((line) => withoutColumns(line.replace(/\r$/, ''), column))
    .join('\n');
}

function withoutColumns(line: string, wanted: number): string {
  let at = 0;
  for (let index = 0; index < line.length; index++) {
    if (at >= wanted || (line[index] !== ' ' && line[index] !== '\t')) return line.slice(index);
    const next = line[index] === ' ' ? at + 1 : Math.floor(at / 4) * 4 + 4;
    if (next > wanted) return ' '.repeat(next - wanted) + line.slice(index + 1);
    at = next;
  }
  return '';
}
