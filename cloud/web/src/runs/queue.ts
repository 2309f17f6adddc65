// What this browser says in documents of the runs that wait for it, and whether a run that waits is still wanted.

import type { Library } from '../documents/library.ts';
import type { Replica } from '../documents/replica.ts';
import { queueOf, writeQueued, type QueuedRun } from './queued.ts';
import type { RunRecord } from './record.ts';

/** What a run of this browser is as an entry; `null` if it is of no cell that a document can name. */
function entryOf(record: RunRecord, device: string): string | null {
  const { id: run, at, place, language, session, sentTo } = record;
  return place ? writeQueued({ run, device, at, begins: place.begins, language, session, sentTo: sentTo ?? null, end: null } satisfies QueuedRun) : null;
}

export class RunQueue {
  readonly #library: Pick<Library, 'open' | 'close' | 'inStep'>;
  readonly #device: string;

  /** `device`: this browser's id. */
  constructor(library: Pick<Library, 'open' | 'close' | 'inStep'>, device: string) {
    this.#library = library;
    this.#device = device;
  }

  /** Says in an open document that a run waits; `false` if that cannot be said. */
  add(record: RunRecord, document: Replica['doc']): boolean {
    const entry = entryOf(record, this.#device);
    if (entry !== null) queueOf(document).set(record.id, entry);
    return entry !== null;
  }

  /** Whether a run still waits, by the document as the home has it; `null` if the home went away before that was known. */
  async waits(record: RunRecord): Promise<boolean | null> {
    return this.#in(record, async ({ doc, id }) => ((await this.#library.inStep(id)) ? queueOf(doc).has(record.id) : null));
  }

  /** Says that a run is being sent, to the session that its record has by now. */
  async sends(record: RunRecord): Promise<void> {
    await this.#in(record, async ({ doc }) => void this.add(record, doc));
  }

  /** Says that a run does not wait any more. */
  async remove(record: RunRecord): Promise<void> {
    await this.#in(record, async ({ doc }) => queueOf(doc).delete(record.id));
  }

  async #in<T>(record: RunRecord, act: (replica: Replica) => Promise<T>): Promise<T> {
    const replica = this.#library.open(record.document);
    try {
      await replica.loaded;
      return await act(replica);
    } finally {
      this.#library.close(record.document);
    }
  }
}
