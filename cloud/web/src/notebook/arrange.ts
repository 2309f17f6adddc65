// Cells added, deleted and moved: edits of the text.

import { lineStart } from './blocks.ts';
import type { Cell, Notebook } from './document.ts';
import type { Edit } from './write.ts';

/** The text that belongs to a cell: a note before it, its fence, its outputs. */
export function unitOf(notebook: Notebook, cell: Cell): { from: number; to: number } {
  const note = notebook.notes.find((note) => note.to < cell.from && notebook.text.slice(note.to, cell.from).trim() === '');
  const isAbout = note && /^<!-- nb code\b/.test(notebook.text.slice(note.from, note.to));
  return { from: isAbout ? note.from : lineStart(notebook.text, cell.from), to: cell.regionTo };
}

/** A new empty cell in that language after a place between lines, and where its code begins. */
export function addCell(text: string, at: number, language: string): { edit: Edit; cursor: number } {
  const before = text.slice(0, at).trimEnd();
  const after = text.slice(at);
  const gapBefore = before === '' ? '' : '\n\n';
  const gapAfter = after.trim() === '' ? '\n' : '\n\n';
  const opening = `${gapBefore}\`\`\`${language}\n`;
  const blank = after.length - after.trimStart().length;
  const indented = /[^\S\n]*$/.exec(after.slice(0, blank))?.[0].length ?? 0; // indentation of what follows stays
  const to = after.trim() === '' ? text.length : at + blank - indented;
  return {
    edit: { from: before.length, to, insert: `${opening}\n\`\`\`${gapAfter}` },
    cursor: before.length + opening.length,
  };
}

/** Takes a cell away with its outputs, and leaves one blank line in its place. */
export function deleteCell(notebook: Notebook, cell: Cell): Edit {
  const { from, to } = unitOf(notebook, cell);
  const before = notebook.text.slice(0, from).trimEnd();
  const after = notebook.text.slice(to);
  const next = after.length - after.replace(/^(?:[^\S\n]*\n)+/, '').length;
  const isLast = after.trim() === '';
  const insert = before === '' ? '' : isLast ? '\n' : '\n\n';
  return { from: before.length, to: isLast ? notebook.text.length : to + next, insert };
}

/** Exchanges a cell with the text or the cell before or after it; `null` at the ends. */
export function moveCell(notebook: Notebook, cell: Cell, way: 'up' | 'down'): { edits: Edit[]; cell: number } | null {
  const own = unitOf(notebook, cell);
  const other = neighbour(notebook, cell, own, way);
  if (!other) return null;
  const text = notebook.text.slice(other.from, other.to).trim();
  if (way === 'up') {
    // What stood before goes after it: the cell itself is not written anew, so that places in it stay.
    const edits = [
      { from: other.from, to: own.from, insert: '' },
      { from: own.to, to: own.to, insert: `\n\n${text}` },
    ];
    return { edits, cell: other.from };
  }
  const edits = [
    { from: own.from, to: own.from, insert: `${text}\n\n` },
    { from: own.to, to: other.to, insert: '' },
  ];
  return { edits, cell: own.from + text.length + 2 };
}

function neighbour(notebook: Notebook, cell: Cell, own: { from: number; to: number }, way: 'up' | 'down') {
  const { text, cells } = notebook;
  const at = cells.indexOf(cell);
  const beside = cells[way === 'up' ? at - 1 : at + 1];
  const unit = beside && unitOf(notebook, beside);
  const first = notebook.frontMatter?.block.to ?? 0;
  const between = way === 'up' ? { from: unit?.to ?? first, to: own.from } : { from: own.to, to: unit?.from ?? text.length };
  const words = text.slice(between.from, between.to);
  if (words.trim() === '') return unit ?? null;
  const lead = words.length - words.trimStart().length;
  return { from: between.from + lead, to: between.to - (words.length - words.trimEnd().length) };
}
