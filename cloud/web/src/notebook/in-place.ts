// A change that leaves a notebook as it is but for the code of one cell, or a line of text: most of what is typed. It is read without
// the rest of the text. Where it is not certain that nothing else changes, the text is read anew.

import { lineEnd, lineStart, linesOf, type Change, type Range } from './blocks.ts';
import type { Cell, Notebook, OutputBlock } from './document.ts';

/** What may close a fence. */
const FENCE = /^ {0,3}(?:```|~~~)/m;
/** A line that is text wherever it stands, and begins or ends no block: a letter, and nothing of HTML. */
const TEXT_LINE = /^\p{L}[^<>\n\r]*$/u;

/** The notebook of the changed text; `null` if it has to be read anew. */
export function readInPlace(before: Notebook, text: string, change: Change): Notebook | null {
  const { cells } = before;
  const at = firstCell(cells, change.from);
  const cell = cells[at];
  const delta = text.length - before.text.length;
  if (cell && cell.from <= change.from) {
    if (!isWithinCode(before, cell, change) || FENCE.test(lines(text, change.newFrom, change.newTo))) return null;
    return moved(before, text, at, change.from, delta, edited(cell, text, delta));
  }
  if (before.frontMatter && change.from < before.frontMatter.block.to) return null;
  const [old, now] = [lines(before.text, change.from, change.to), lines(text, change.newFrom, change.newTo)];
  if (!TEXT_LINE.test(old) || !TEXT_LINE.test(now)) return null;
  return moved(before, text, at, change.from, delta, null);
}

/** The number, from 0, of the first cell that ends, with its outputs, at a place or after it. */
export function firstCell(cells: readonly Cell[], at: number): number {
  let [low, high] = [0, cells.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cells[middle]!.regionTo < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isWithinCode({ text, frontMatter }: Notebook, cell: Cell, { from, to }: Change): boolean {
  // A fence at the beginning of a line stands in no list; a text that begins as front matter does could get an end of that.
  const isPlain = cell.closed && cell.column === 0 && lineStart(text, cell.from) === cell.from;
  return isPlain && from >= cell.content.from && to < cell.content.to && (frontMatter !== null || !/^\ufeff?---/.test(text));
}

function lines(text: string, from: number, to: number): string {
  return text.slice(lineStart(text, from), lineEnd(text, to));
}

function edited(cell: Cell, text: string, delta: number): Cell {
  const content = { from: cell.content.from, to: cell.content.to + delta };
  return { ...cell, to: cell.to + delta, content, code: linesOf(text, content, cell.column), regionTo: cell.regionTo + delta, blocks: cell.blocks.map((block) => movedBlock(block, delta)) };
}

/** The notebook with everything behind a place moved, from the cell of a number on; `changed`: that cell, where it is not just moved. */
function moved(before: Notebook, text: string, first: number, at: number, delta: number, changed: Cell | null): Notebook {
  const cells = before.cells.map((cell, index) => {
    if (index < first) return cell;
    return changed && index === first ? changed : delta === 0 ? cell : movedCell(cell, delta);
  });
  const notes = before.notes.map((note) => (note.from > at ? movedRange(note, delta) : note));
  return { ...before, text, cells, notes };
}

function movedRange(range: Range, delta: number): Range {
  return { from: range.from + delta, to: range.to + delta };
}

function movedCell(cell: Cell, delta: number): Cell {
  const blocks = cell.blocks.map((block) => movedBlock(block, delta));
  return { ...cell, ...movedRange(cell, delta), content: movedRange(cell.content, delta), regionTo: cell.regionTo + delta, blocks };
}

function movedBlock(block: OutputBlock, delta: number): OutputBlock {
  const { body } = block;
  return { ...block, ...movedRange(block, delta), body: body.kind === 'fence' ? { ...body, content: movedRange(body.content, delta) } : body };
}
