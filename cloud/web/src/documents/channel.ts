// What carries the frames of one document between this page and its home.

import type { Readable } from '../mesh/interface.ts';

/** A document's stream. It is of one connection: after a loss another one is opened. */
export interface DocumentChannel {
  /** Sends one whole frame of y-protocols. */
  send(frame: Uint8Array): void;
  /** Whole frames of the other end. Ends when the stream does. */
  readonly frames: AsyncIterable<Uint8Array>;
  /** Of the frames with changes that were sent here, counted from 1, all through that number are on disk at the other end. */
  readonly kept: Readable<number>;
  close(): void;
}

/** Where documents are. */
export interface DocumentHome {
  document(id: string): DocumentChannel;
}
