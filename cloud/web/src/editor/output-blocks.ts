// Outputs in their places: the blocks of text after a cell give way to what they mean, or to what a run says now.

import { StateField, type EditorState, type Range } from '@codemirror/state';
import { Decoration, EditorView, type DecorationSet } from '@codemirror/view';
import { h } from 'preact';
import type { Cell } from '../notebook/document.ts';
import { keyOf, outputsOf } from '../notebook/output.ts';
import { CellOutput } from '../output/CellOutput.tsx';
import type { LiveRun } from '../runs/live-run.ts';
import { cellAt, cellRunsField, notebookField, setCellRuns } from './notebook-field.ts';
import { contextOf } from './context.ts';
import { Piece } from './widget.ts';

/** Pixels of a line of output, before it is measured. */
const LINE_HEIGHT = 20;
const LINES_MAX = 30;

class OutputPiece extends Piece {
  readonly frame = { tag: 'div', class: 'cell-output' };
  readonly #text: string;
  readonly #cell: Cell;
  readonly #run: LiveRun | null;
  readonly #key: string | null;

  constructor(text: string, cell: Cell, run: LiveRun | null) {
    super();
    this.#text = text;
    this.#cell = cell;
    this.#run = run;
    this.#key = keyOf(cell);
  }

  #source(): string {
    return this.#text.slice(this.#cell.to, this.#cell.regionTo);
  }

  override eq(other: OutputPiece): boolean {
    return this.#run === other.#run && this.#cell.index === other.#cell.index && this.#source() === other.#source();
  }

  override get estimatedHeight(): number {
    const lines = this.#source().split('\n').length - 2 * this.#cell.blocks.length;
    return Math.min(LINES_MAX, Math.max(2, lines)) * LINE_HEIGHT;
  }

  override draw(view: EditorView, dom: HTMLElement) {
    const context = contextOf(view);
    return h(CellOutput, {
      context,
      cellNumber: this.#cell.index,
      outputs: outputsOf(this.#text, this.#cell),
      outputKey: this.#key,
      run: this.#run,
      cell: () => cellAt(view.state, view.posAtDOM(dom)),
    });
  }
}

function build(state: EditorState): DecorationSet {
  const { cells, text } = state.field(notebookField);
  const runs = state.field(cellRunsField);
  const found: Range<Decoration>[] = [];
  for (const cell of cells) {
    const run = runs.get(cell.from) ?? null;
    if (cell.regionTo === cell.to && !run) continue;
    const widget = new OutputPiece(text, cell, run);
    if (cell.regionTo > cell.to) {
      const from = state.doc.lineAt(cell.to).to + 1;
      found.push(Decoration.replace({ widget, block: true }).range(from, state.doc.lineAt(cell.regionTo).to));
    } else {
      found.push(Decoration.widget({ widget, block: true, side: 1 }).range(state.doc.lineAt(cell.to).to));
    }
  }
  return Decoration.set(found);
}

export const outputBlocks = StateField.define<DecorationSet>({
  create: build,
  update(blocks, transaction) {
    const { startState, state } = transaction;
    const hasShape = startState.field(notebookField).shape === state.field(notebookField).shape;
    const hadRuns = startState.field(cellRunsField).size > 0;
    const hasRuns = transaction.effects.some((effect) => effect.is(setCellRuns) && (hadRuns || effect.value.size > 0));
    // What stays is kept as it is: the editor then need not compare it.
    return hasShape && !hasRuns ? blocks.map(transaction.changes) : build(state);
  },
  provide: (field) => [
    EditorView.decorations.from(field),
    EditorView.atomicRanges.of((view) => view.state.field(field)),
  ],
});
