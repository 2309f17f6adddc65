// The editor's text read as a notebook, again after each change and only where it changed; and which runs its cells have.

import { StateEffect, StateField, type EditorState } from '@codemirror/state';
import { readNotebook, type Cell, type Notebook } from '../notebook/document.ts';
import { firstCell } from '../notebook/in-place.ts';
import type { LiveRun } from '../runs/live-run.ts';
import type { QueuedRun } from '../runs/queued.ts';

export const notebookField = StateField.define<Notebook>({
  create: (state) => readNotebook(state.doc.toString()),
  update(notebook, transaction) {
    if (!transaction.docChanged) return notebook;
    const changes: { from: number; to: number; newFrom: number; newTo: number }[] = [];
    transaction.changes.iterChangedRanges((from, to, newFrom, newTo) => changes.push({ from, to, newFrom, newTo }));
    return readNotebook(transaction.newDoc.toString(), { notebook, changes });
  },
});

export interface CellRun {
  /** The newest run of the cell that this page knows. */
  run: LiveRun | null;
  /** Those that wait for other devices. */
  elsewhere: readonly QueuedRun[];
}

/** The runs of cells, by the cells' beginnings. */
export type CellRuns = ReadonlyMap<number, CellRun>;

export const setCellRuns = StateEffect.define<CellRuns>();

export const cellRunsField = StateField.define<CellRuns>({
  create: () => new Map(),
  update(runs, transaction) {
    for (const effect of transaction.effects) if (effect.is(setCellRuns)) return effect.value;
    if (!transaction.docChanged || runs.size === 0) return runs;
    return new Map([...runs].map(([at, run]) => [transaction.changes.mapPos(at, 1), run]));
  },
});

/** The cell whose fence, or whose output, a place is in. */
export function cellAt(state: EditorState, at: number): Cell | null {
  const { cells } = state.field(notebookField);
  const cell = cells[firstCell(cells, at)];
  return cell && state.doc.lineAt(cell.from).from <= at ? cell : null;
}

/** The cell at a place, else the last one before it, else the first. */
export function nearestCell(state: EditorState, at: number): Cell | null {
  const { cells } = state.field(notebookField);
  return cellAt(state, at) ?? cells.findLast((cell) => cell.from <= at) ?? cells[0] ?? null;
}
