// This page's replica of one document: what it has is kept in the browser, and brought into step with the home while there is one.

import { signal, type ReadonlySignal } from '@preact/signals';
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { IndexeddbPersistence } from 'y-indexeddb';
import { applyAwarenessUpdate, Awareness, encodeAwarenessUpdate, removeAwarenessStates } from 'y-protocols/awareness';
import { readSyncMessage, writeSyncStep1, writeUpdate } from 'y-protocols/sync';
import * as Y from 'yjs';
import type { DocumentChannel } from './channel.ts';
import { Unkept } from './unkept.ts';

const SYNC = 0;
const AWARENESS = 1;
const AWARENESS_QUERY = 3;
/** Second number of a frame of synchronisation. */
const VECTOR = 0;
const MISSING = 1;

export class Replica {
  readonly id: string;
  readonly doc = new Y.Doc();
  readonly awareness = new Awareness(this.doc);
  /** What the browser had of it is here. */
  readonly loaded: Promise<unknown>;
  readonly #inStep = signal(false);
  readonly #known = signal(false);
  readonly #unkept: Unkept;
  readonly #store: IndexeddbPersistence;
  #channel: DocumentChannel | null = null;
  /** Frames with changes sent on this channel. */
  #sent = 0;

  /** `database`: name of the browser's database for it. */
  constructor(id: string, database: string) {
    this.id = id;
    this.#unkept = new Unkept(`${database}/unkept`, localStorage);
    this.#store = new IndexeddbPersistence(database, this.doc);
    this.loaded = this.#store.whenSynced.then(() => {
      if (this.doc.store.clients.size > 0) this.#known.value = true;
    });
    this.doc.on('update', this.#changed);
    this.awareness.on('update', this.#presence);
  }

  /** Whether it has been brought into step on the present connection. */
  get inStep(): ReadonlySignal<boolean> {
    return this.#inStep;
  }

  /** Whether anything of it is known: it was in step once, here or before. */
  get known(): ReadonlySignal<boolean> {
    return this.#known;
  }

  /** Changes made here that the home does not keep yet. */
  get unkept(): ReadonlySignal<number> {
    return this.#unkept.count;
  }

  get text(): Y.Text {
    return this.doc.getText('content');
  }

  /** Speaks over a channel until that ends. */
  async speak(channel: DocumentChannel): Promise<void> {
    await this.loaded;
    this.#channel = channel;
    this.#sent = 0;
    const stop = channel.kept.subscribe((through) => this.#unkept.kept(through));
    this.#sendSync((encoder) => writeSyncStep1(encoder, this.doc));
    if (this.awareness.getLocalState() !== null) this.#sendPresence([this.doc.clientID]);
    try {
      for await (const frame of channel.frames) this.#take(channel, frame);
    } finally {
      stop();
      if (this.#channel === channel) this.#lost();
    }
  }

  /** Lets go of it: the browser still has it. */
  async close(): Promise<void> {
    removeAwarenessStates(this.awareness, [this.doc.clientID], 'closed');
    this.#channel?.close();
    this.#lost();
    this.awareness.destroy();
    await this.#store.destroy();
    this.doc.destroy();
  }

  #lost(): void {
    this.#channel = null;
    this.#inStep.value = false;
    this.#unkept.lost();
    const others = [...this.awareness.getStates().keys()].filter((client) => client !== this.doc.clientID);
    removeAwarenessStates(this.awareness, others, this);
  }

  #take(channel: DocumentChannel, frame: Uint8Array): void {
    const decoder = decoding.createDecoder(frame);
    while (decoding.hasContent(decoder)) {
      const kind = decoding.readVarUint(decoder);
      if (kind === SYNC) {
        const answer = encoding.createEncoder();
        encoding.writeVarUint(answer, SYNC);
        const what = readSyncMessage(decoder, answer, this.doc, this);
        if (what === VECTOR) {
          this.#sent += 1;
          this.#unkept.sentAll(this.#sent);
          channel.send(encoding.toUint8Array(answer));
        } else if (what === MISSING) {
          this.#inStep.value = true;
          this.#known.value = true;
        }
      } else if (kind === AWARENESS) {
        applyAwarenessUpdate(this.awareness, decoding.readVarUint8Array(decoder), this);
      } else if (kind === AWARENESS_QUERY) {
        this.#sendPresence([...this.awareness.getStates().keys()]);
      } else {
        return;
      }
    }
  }

  readonly #changed = (update: Uint8Array, origin: unknown): void => {
    if (origin === this || origin === this.#store) return;
    this.#known.value = true;
    // Before the other end has said what it has, it gets this with everything else that it lacks.
    const isSent = this.#channel !== null && this.#sent > 0;
    if (isSent) this.#sent += 1;
    this.#unkept.changed(isSent ? this.#sent : null, Date.now());
    if (isSent) this.#sendSync((encoder) => writeUpdate(encoder, update));
  };

  readonly #presence = (changes: Record<'added' | 'updated' | 'removed', number[]>, origin: unknown): void => {
    if (origin === this) return;
    this.#sendPresence([...changes.added, ...changes.updated, ...changes.removed]);
  };

  #sendSync(write: (encoder: encoding.Encoder) => void): void {
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, SYNC);
    write(encoder);
    this.#channel?.send(encoding.toUint8Array(encoder));
  }

  #sendPresence(clients: number[]): void {
    if (!this.#channel) return;
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, AWARENESS);
    encoding.writeVarUint8Array(encoder, encodeAwarenessUpdate(this.awareness, clients));
    this.#channel.send(encoding.toUint8Array(encoder));
  }
}
