// Outputs in their places: the blocks of text after a cell give way to what they mean, or to what a run says now.

import { StateEffect, StateField, type EditorState, type Extension, type Range } from '@codemirror/state';
import { Decoration, EditorView, ViewPlugin, type DecorationSet } from '@codemirror/view';
import { h } from 'preact';
import { lineEnd } from '../notebook/blocks.ts';
import type { Cell } from '../notebook/document.ts';
import { firstCell } from '../notebook/in-place.ts';
import { keyOf, outputsOf } from '../notebook/output.ts';
import { CellOutput } from '../output/CellOutput.tsx';
import { cellAt, cellRunsField, notebookField, setCellRuns, type CellRun } from './notebook-field.ts';
import { contextOf } from './context.ts';
import { others } from './in-pieces.ts';
import { Piece } from './widget.ts';

/** Pixels of a line of output, before it is measured. */
const LINE_HEIGHT = 20;
const LINES_MAX = 30;

class OutputPiece extends Piece {
  readonly frame = { tag: 'div', class: 'cell-output' };
  readonly #text: string;
  readonly #cell: Cell;
  readonly #runs: CellRun;
  readonly #key: string | null;

  constructor(text: string, cell: Cell, runs: CellRun) {
    super();
    this.#text = text;
    this.#cell = cell;
    this.#runs = runs;
    this.#key = keyOf(cell);
  }

  #source(): string {
    return this.#text.slice(this.#cell.to, this.#cell.regionTo);
  }

  override eq(other: OutputPiece): boolean {
    const isSame = this.#runs.run === other.#runs.run && waiting(this.#runs) === waiting(other.#runs);
    return isSame && this.#cell.index === other.#cell.index && this.#source() === other.#source();
  }

  override get estimatedHeight(): number {
    const lines = this.#source().split('\n').length - 2 * this.#cell.blocks.length;
    return Math.min(LINES_MAX, Math.max(2, lines)) * LINE_HEIGHT;
  }

  override draw(view: EditorView, dom: HTMLElement) {
    const context = contextOf(view);
    const cell = () => cellAt(view.state, view.posAtDOM(dom));
    const runs = () => {
      const found = cell();
      if (found) context.run(view, [found]);
    };
    return h(CellOutput, {
      context,
      cellNumber: this.#cell.index,
      outputs: outputsOf(this.#text, this.#cell),
      outputKey: this.#key,
      ...this.#runs,
      runs,
      cell,
    });
  }
}

const NONE: CellRun = { run: null, elsewhere: [] };

/** What tells one list of runs that wait elsewhere from another. */
function waiting({ elsewhere }: CellRun): string {
  return elsewhere.map(({ run, sentTo, end }) => `${run} ${sentTo} ${end}`).join();
}

/** Cells whose outputs are drawn at first: more than a screen shows; and then at a time. */
const FIRST = 30;
const PIECE = 100;

interface Blocks {
  drawn: DecorationSet;
  /** Cells that begin here or later have their turn yet: those of a long notebook come one piece after the other. */
  through: number;
}

const drawThrough = StateEffect.define<number>();

/** The outputs of the cells that begin in a range. */
function build(state: EditorState, from: number, through: number): Range<Decoration>[] {
  const { cells, text } = state.field(notebookField);
  const runs = state.field(cellRunsField);
  const found: Range<Decoration>[] = [];
  for (let at = firstCell(cells, from); at < cells.length; at++) {
    const cell = cells[at]!;
    if (cell.from >= through) break;
    const cellRuns = runs.get(cell.from);
    if (cell.from < from || (cell.regionTo === cell.to && !cellRuns)) continue;
    const widget = new OutputPiece(text, cell, cellRuns ?? NONE);
    const end = lineEnd(text, cell.to);
    if (cell.regionTo > cell.to) found.push(Decoration.replace({ widget, block: true }).range(end + 1, lineEnd(text, cell.regionTo)));
    else found.push(Decoration.widget({ widget, block: true, side: 1 }).range(end));
  }
  return found;
}

/** Through where the next piece goes. */
function next(state: EditorState, from: number, count: number): number {
  const { cells } = state.field(notebookField);
  return cells[firstCell(cells, from) + count]?.from ?? Infinity;
}

const outputField = StateField.define<Blocks>({
  create(state) {
    const through = next(state, 0, FIRST);
    return { drawn: Decoration.set(build(state, 0, through)), through };
  },
  update(blocks, transaction) {
    const { startState, state, changes } = transaction;
    const hasShape = startState.field(notebookField).shape === state.field(notebookField).shape;
    const hadRuns = startState.field(cellRunsField).size > 0;
    const hasRuns = transaction.effects.some((effect) => effect.is(setCellRuns) && (hadRuns || effect.value.size > 0));
    const through = blocks.through === Infinity ? Infinity : changes.mapPos(blocks.through);
    const effect = transaction.effects.find((effect) => effect.is(drawThrough));
    if (!hasShape || hasRuns) {
      const to = effect?.value ?? through;
      return { drawn: Decoration.set(build(state, 0, to)), through: to };
    }
    if (effect) return { drawn: blocks.drawn.update({ add: build(state, through, effect.value) }), through: effect.value };
    // What stays is kept as it is: the editor then need not compare it.
    return transaction.docChanged ? { drawn: blocks.drawn.map(changes), through } : blocks;
  },
  provide: (field) => [
    EditorView.decorations.from(field, ({ drawn }) => drawn),
    EditorView.atomicRanges.of((view) => view.state.field(field).drawn),
  ],
});

/** Has the outputs drawn, piece by piece. */
const pieces = ViewPlugin.fromClass(
  class {
    #isGone = false;

    constructor(view: EditorView) {
      void this.#draw(view);
    }

    async #draw(view: EditorView): Promise<void> {
      for (;;) {
        await others();
        if (this.#isGone) return;
        const { through } = view.state.field(outputField);
        if (through === Infinity) return;
        view.dispatch({ effects: drawThrough.of(next(view.state, through, PIECE)) });
      }
    }

    destroy(): void {
      this.#isGone = true;
    }
  },
);

export const outputBlocks: Extension = [outputField, pieces];
