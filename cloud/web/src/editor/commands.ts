// What is done to cells from keys, buttons and menus.

import { Annotation, Facet, type ChangeSpec } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import type { UndoManager } from 'yjs';
import { addCell, deleteCell, moveCell } from '../notebook/arrange.ts';
import type { Cell } from '../notebook/document.ts';
import { clearOutputs } from '../notebook/write.ts';
import { contextOf } from './context.ts';
import { cellAt, nearestCell, notebookField } from './notebook-field.ts';

/** Marks an edit that may take fences and outputs away. */
export const arranging = Annotation.define<true>();

/** What undoes the editor's changes. */
export const undoing = Facet.define<UndoManager, UndoManager | null>({ combine: (given) => given[0] ?? null });

function change(view: EditorView, changes: ChangeSpec, cursor: number | null): void {
  const selection = cursor === null ? undefined : { anchor: cursor };
  // It is undone by itself, not together with what was typed just before or after.
  const undoManager = view.state.facet(undoing);
  undoManager?.stopCapturing();
  view.dispatch({ changes, selection, scrollIntoView: cursor !== null, userEvent: 'arrange', annotations: arranging.of(true) });
  undoManager?.stopCapturing();
}

/** Runs the cell at the cursor; says whether there is one. */
export function runHere(view: EditorView): boolean {
  const cell = cellAt(view.state, view.state.selection.main.head);
  if (cell) contextOf(view).run(view, [cell]);
  return cell !== null;
}

/** Runs the cell at the cursor and goes to the next one, which is made at the end. */
export function runAndGoOn(view: EditorView): boolean {
  const { state } = view;
  const cell = cellAt(state, state.selection.main.head);
  if (!cell) return false;
  contextOf(view).run(view, [cell]);
  const next = state.field(notebookField).cells[cell.index];
  if (next) select(view, 1);
  else addBeside(view, cell, 'below');
  return true;
}

export function runAll(view: EditorView): boolean {
  contextOf(view).run(view, view.state.field(notebookField).cells);
  return true;
}

/** Runs the cells before this one. */
export function runAbove(view: EditorView, cell: Cell): void {
  contextOf(view).run(view, view.state.field(notebookField).cells.slice(0, cell.index - 1));
}

/** Goes to the next or the last cell. */
export function select(view: EditorView, way: 1 | -1): void {
  const { state } = view;
  const { cells } = state.field(notebookField);
  const { head } = state.selection.main;
  const here = cellAt(state, head);
  const target = here ? cells[here.index - 1 + way] : way === 1 ? cells.find((cell) => cell.from > head) : cells.findLast((cell) => cell.to < head);
  if (!target) return;
  const at = Math.min(target.content.from, target.to);
  view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: 'nearest', yMargin: 80 }) });
}

/** Adds a cell of the language of its neighbour, and goes there. */
export function addBeside(view: EditorView, cell: Cell | null, where: 'above' | 'below', language?: string): boolean {
  const { text } = view.state.field(notebookField);
  const at = cell ? (where === 'above' ? cell.from : cell.regionTo) : text.length;
  const { edit, cursor } = addCell(text, at, language ?? cell?.language ?? 'python');
  change(view, edit, cursor);
  view.focus();
  return true;
}

export function remove(view: EditorView, cell: Cell): void {
  const edit = deleteCell(view.state.field(notebookField), cell);
  change(view, edit, edit.from);
  contextOf(view).announce(`Cell ${cell.index} deleted`);
}

export function move(view: EditorView, cell: Cell, way: 'up' | 'down'): boolean {
  const { state } = view;
  const moved = moveCell(state.field(notebookField), cell, way);
  if (!moved) return true;
  const offset = Math.max(0, state.selection.main.head - cell.from);
  change(view, moved.edits, moved.cell + Math.min(offset, cell.to - cell.from));
  contextOf(view).announce(`Cell moved ${way}`);
  return true;
}

export const moveHere = (way: 'up' | 'down') => (view: EditorView): boolean => {
  const cell = cellAt(view.state, view.state.selection.main.head);
  return cell !== null && move(view, cell, way);
};

export function clear(view: EditorView, cells: readonly Cell[]): void {
  const edits = cells.flatMap((cell) => clearOutputs(cell) ?? []);
  if (edits.length > 0) change(view, edits, null);
}

/** Shows the fence's own line, to change its language or session. */
export function editFence(view: EditorView, cell: Cell): void {
  const { to } = view.state.doc.lineAt(cell.from);
  view.dispatch({ selection: { anchor: to }, scrollIntoView: true });
  view.focus();
}

/** Selects the code of the cell at the cursor; what is selected already gives way to the editor's own command. */
export function selectCode(view: EditorView): boolean {
  const { main } = view.state.selection;
  const cell = nearestCell(view.state, main.head);
  if (!cell || main.head < cell.content.from || main.head > cell.content.to) return false;
  const to = Math.max(cell.content.from, cell.content.to - 1);
  if (main.from === cell.content.from && main.to === to) return false;
  view.dispatch({ selection: { anchor: cell.content.from, head: to } });
  return true;
}
