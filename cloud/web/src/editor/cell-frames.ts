// How cells look where they are in view: a head with their buttons in place of the opening fence, a frame around their lines.

import { RangeSetBuilder } from '@codemirror/state';
import { Decoration, EditorView, ViewPlugin, type DecorationSet, type ViewUpdate } from '@codemirror/view';
import { h } from 'preact';
import type { Cell } from '../notebook/document.ts';
import { firstCell } from '../notebook/in-place.ts';
import type { LiveRun } from '../runs/live-run.ts';
import { CellHead } from './CellHead.tsx';
import { cellAt, cellRunsField, notebookField } from './notebook-field.ts';
import { contextOf } from './context.ts';
import { modeField } from './modes.ts';
import { Piece } from './widget.ts';

class HeadPiece extends Piece {
  readonly frame = { tag: 'span', class: 'cell-head-slot' };
  readonly #cell: Pick<Cell, 'index' | 'language' | 'session'>;
  readonly #run: LiveRun | null;

  constructor(cell: Cell, run: LiveRun | null) {
    super();
    this.#cell = cell;
    this.#run = run;
  }

  override eq(other: HeadPiece): boolean {
    const [a, b] = [this.#cell, other.#cell];
    return a.index === b.index && a.language === b.language && a.session === b.session && this.#run === other.#run;
  }

  override draw(view: EditorView, dom: HTMLElement) {
    return h(CellHead, {
      view,
      context: contextOf(view),
      cellNumber: this.#cell.index,
      language: this.#cell.language,
      session: this.#cell.session,
      run: this.#run,
      cell: () => cellAt(view.state, view.posAtDOM(dom)),
    });
  }
}

const hidden = Decoration.replace({});
const line = (name: string) => Decoration.line({ class: name });
const [top, code, bottom, note, front] = ['cm-cell cm-cell-top', 'cm-cell cm-code', 'cm-cell cm-cell-bottom', 'cm-note', 'cm-code cm-front'].map(line);
const chosen = Decoration.line({ class: 'cm-cell-chosen' });

interface Mark {
  from: number;
  to: number;
  what: Decoration;
}

function build(view: EditorView): DecorationSet {
  const { state } = view;
  const notebook = state.field(notebookField);
  const runs = state.field(cellRunsField);
  const command = state.field(modeField) === 'command' ? cellAt(state, state.selection.main.head) : null;
  const marks: Mark[] = [];
  const lines = (from: number, to: number, what: Decoration) => {
    for (let at = from; at <= to; ) {
      const { from: start, to: end } = state.doc.lineAt(at);
      marks.push({ from: start, to: start, what });
      at = end + 1;
    }
  };
  for (const { from, to } of view.visibleRanges) {
    for (let at = firstCell(notebook.cells, from); at < notebook.cells.length; at++) {
      const cell = notebook.cells[at]!;
      if (cell.from > to) break;
      if (cell.to < from) continue;
      const opening = state.doc.lineAt(cell.from);
      const closing = state.doc.lineAt(cell.to);
      lines(opening.from, opening.from, top!);
      const isTouched = view.hasFocus && state.selection.ranges.some((range) => range.from <= opening.to && range.to >= opening.from);
      const widget = new HeadPiece(cell, runs.get(cell.from)?.run ?? null);
      if (isTouched) marks.push({ from: opening.to, to: opening.to, what: Decoration.widget({ widget, side: 1 }) });
      else marks.push({ from: cell.from, to: opening.to, what: Decoration.replace({ widget }) });
      const lastCode = cell.closed ? closing.from - 1 : closing.to;
      if (cell.content.from <= lastCode) lines(Math.max(cell.content.from, from), Math.min(lastCode, to), code!);
      if (cell.closed && closing.from > opening.from) {
        lines(closing.from, closing.from, bottom!);
        marks.push({ from: closing.from, to: closing.to, what: hidden });
      }
      if (command === cell) lines(opening.from, closing.from, chosen);
    }
    for (const range of notebook.notes) {
      if (range.to < from || range.from > to) continue;
      lines(range.from, range.to, note!);
      marks.push({ from: range.from, to: range.to, what: hidden });
    }
    const matter = notebook.frontMatter?.block;
    if (matter && matter.to > from) lines(matter.from, Math.min(to, matter.to - 1), front!);
  }
  marks.sort((a, b) => a.from - b.from || a.what.startSide - b.what.startSide);
  const builder = new RangeSetBuilder<Decoration>();
  for (const { from, to, what } of marks) builder.add(from, to, what);
  return builder.finish();
}

export const cellFrames = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet;

    constructor(view: EditorView) {
      this.decorations = build(view);
    }

    update(update: ViewUpdate): void {
      const { startState, state } = update;
      const changed = [cellRunsField, modeField].some((field) => startState.field(field as never) !== state.field(field as never));
      if (update.docChanged || update.viewportChanged || update.selectionSet || update.focusChanged || changed) {
        this.decorations = build(update.view);
      }
    }
  },
  { decorations: (plugin) => plugin.decorations },
);
