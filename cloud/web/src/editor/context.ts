// What the pieces of an editor need of the notebook they show.

import { Facet } from '@codemirror/state';
import type { EditorView } from '@codemirror/view';
import type { Device } from '../mesh/interface.ts';
import type { Place } from '../place.ts';
import type { Cell } from '../notebook/document.ts';
import type { LiveRun } from '../runs/live-run.ts';
import type { QueuedRun } from '../runs/queued.ts';
import type { RunEnd } from '../runs/record.ts';

export interface Asked {
  /** Name of the device; empty if it is not known. */
  device: string;
  /** Whether it is known not to be there. */
  isAway: boolean;
  others: readonly Device[];
}

export interface NotebookContext {
  place: Place;
  /** What the text is called. */
  readonly label: string;
  /** Runs cells in order; several are one group. What waits of them for other devices is taken back. */
  run(view: EditorView, cells: readonly Cell[]): void;
  stop(run: LiveRun): void;
  /** Takes back a run that waits for another device. */
  takeBack(queued: QueuedRun): void;
  reply(run: LiveRun, text: string): void;
  /** Who is asked for a run, and who else could run it. */
  asked(run: LiveRun): Asked;
  /** Takes back a run, and those of its group behind it, and runs their cells on a device in a session of its own. */
  runOn(run: LiveRun, device: Device): void;
  /** How the run ended whose output that is, where that is known. */
  ended(key: string): RunEnd | undefined;
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
