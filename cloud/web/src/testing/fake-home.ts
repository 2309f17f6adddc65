// A home's documents in this page: replicas that speak y-protocols as a home does, and keep what they are sent.

import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { readSyncMessage, writeSyncStep1, writeUpdate } from 'y-protocols/sync';
import * as Y from 'yjs';
import type { DocumentChannel } from '../documents/channel.ts';
import { Changing, Queue } from './changing.ts';

export class FakeHome {
  readonly #documents = new Map<string, Y.Doc>();
  readonly #open = new Set<FakeChannel>();
  isOnline = true;

  /** The home's own replica. What is made with a fixed client is the same history each time. */
  replica(id: string): Y.Doc {
    const doc = this.#documents.get(id) ?? new Y.Doc();
    this.#documents.set(id, doc);
    return doc;
  }

  /** A document's history, for the home in another page. */
  history(id: string): number[] {
    return [...Y.encodeStateAsUpdate(this.replica(id))];
  }

  /** What the home in another page has of a document. */
  merge(id: string, history: number[]): void {
    Y.applyUpdate(this.replica(id), Uint8Array.from(history));
  }

  document(id: string): DocumentChannel {
    if (!this.isOnline) throw new Error('offline');
    const channel = new FakeChannel(this.replica(id), () => this.#open.delete(channel));
    this.#open.add(channel);
    return channel;
  }

  setOnline(isOnline: boolean): void {
    this.isOnline = isOnline;
    if (!isOnline) for (const channel of [...this.#open]) channel.close();
  }
}

class FakeChannel implements DocumentChannel {
  readonly kept = new Changing(0);
  readonly frames = new Queue<Uint8Array>();
  readonly #doc: Y.Doc;
  readonly #gone: () => void;

  constructor(doc: Y.Doc, gone: () => void) {
    this.#doc = doc;
    this.#gone = gone;
    doc.on('update', this.#changed);
    this.#say((encoder) => writeSyncStep1(encoder, doc));
  }

  send(frame: Uint8Array): void {
    const decoder = decoding.createDecoder(frame);
    if (decoding.readVarUint(decoder) !== 0) return;
    const answer = encoding.createEncoder();
    encoding.writeVarUint(answer, 0);
    const what = readSyncMessage(decoder, answer, this.#doc, this);
    if (what === 0) this.frames.push(encoding.toUint8Array(answer));
    else this.kept.set(this.kept.get() + 1);
  }

  close(): void {
    this.#doc.off('update', this.#changed);
    this.frames.end();
    this.#gone();
  }

  readonly #changed = (update: Uint8Array, origin: unknown): void => {
    if (origin !== this) this.#say((encoder) => writeUpdate(encoder, update));
  };

  #say(write: (encoder: encoding.Encoder) => void): void {
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, 0);
    write(encoder);
    this.frames.push(encoding.toUint8Array(encoder));
  }
}
