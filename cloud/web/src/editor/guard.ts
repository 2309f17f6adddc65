// Fences are not broken by a Backspace too many: what closes a cell, and the line ends around it, goes only with the whole cell.

import { EditorState } from '@codemirror/state';
import { EditorView, Decoration } from '@codemirror/view';
import { arranging } from './commands.ts';
import { notebookField } from './notebook-field.ts';

/** Keeps the line end of the opening fence and the one before a closing fence, the fence, and the line end after it and after the outputs. */
export const guard = [
  EditorState.changeFilter.of((transaction) => {
    if (!transaction.isUserEvent('delete') && !transaction.isUserEvent('input')) return true;
    if (transaction.annotation(arranging)) return true;
    const { startState: state } = transaction;
    const kept: number[] = [];
    const deleted: [number, number][] = [];
    transaction.changes.iterChangedRanges((from, to) => to > from && deleted.push([from, to]), true);
    if (deleted.length === 0) return true;
    for (const cell of state.field(notebookField).cells) {
      const touches = (start: number, end: number) => deleted.some(([from, to]) => from <= end && to >= start);
      if (!cell.closed || !touches(cell.content.from, cell.regionTo)) continue;
      if (deleted.some(([from, to]) => from <= cell.from && to >= cell.regionTo)) continue;
      const { from, to } = cell.content;
      if (to - from > 1) kept.push(from - 1, from);
      if (touches(to, cell.regionTo) || to - from <= 1) kept.push(Math.min(from, to - 1), Math.min(state.doc.length, cell.regionTo + 1));
      if (to - from <= 1) kept[kept.length - 2] = from - 1;
    }
    return kept.length === 0 ? true : kept;
  }),
  // Where nothing may be deleted the cursor stays as well.
  EditorState.transactionFilter.of((transaction) => (transaction.isUserEvent('delete') && !transaction.docChanged ? [] : transaction)),
  EditorView.atomicRanges.of((view) => {
    const { state, viewport } = view;
    const cells = state.field(notebookField).cells.filter((cell) => cell.closed && cell.to >= viewport.from && cell.from <= viewport.to);
    const closing = cells.map((cell) => Decoration.mark({}).range(state.doc.lineAt(cell.to).from, cell.to));
    return Decoration.set(closing.filter((range) => range.from < range.to));
  }),
];
