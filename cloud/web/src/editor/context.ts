// What the pieces of an editor need of the notebook they show.

import { Facet } from '@codemirror/state';
import type { EditorView } from '@codemirror/view';
import type { Place } from '../place.ts';
import type { Cell } from '../notebook/document.ts';
import type { LiveRun } from '../runs/live-run.ts';

export interface NotebookContext {
  place: Place;
  /** What the text is called. */
  readonly label: string;
  /** Runs cells in order; several are one group. */
  run(view: EditorView, cells: readonly Cell[]): void;
  stop(run: LiveRun): void;
  reply(run: LiveRun, text: string): void;
  /** The id of the live session that a cell goes to, if there is one. */
  sessionOf(cell: Cell): Promise<string | null>;
  /** A file of the document's outputs, from this browser or from the session that the cell's run is in. */
  asset(path: string, key: string | null, cell: () => Cell | null): Promise<Blob | null>;
  /** A file of the project, by its path from the document. */
  file(path: string): Promise<Blob | null>;
  /** Adds a file to the project; the link to it, or `null` if that fails, which is said. */
  add(file: File): Promise<string | null>;
  /** Says how something went to those who do not see it. */
  announce(words: string): void;
}

const contexts = Facet.define<NotebookContext, NotebookContext | null>({ combine: (given) => given[0] ?? null });

export const withContext = (context: NotebookContext) => contexts.of(context);

export function contextOf(view: EditorView): NotebookContext {
  const context = view.state.facet(contexts);
  if (!context) throw new Error('the editor has no notebook');
  return context;
}
