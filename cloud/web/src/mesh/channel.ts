// A document's stream: frames of y-protocols, in pieces.

import { joined } from './bytes.ts';
import { Refused, isPassing } from './errors.ts';
import type { DocumentChannel } from './interface.ts';
import { decodeMessage } from './messages.ts';
import { DOCUMENT_PIECE_MAX, type Destination, type DocumentMessage, type Refusal } from './protocol.ts';
import { Queue } from './queue.ts';
import { Changing } from './readable.ts';
import type { Stream, StreamOwner } from './streams.ts';

interface Item {
  frame: Uint8Array;
  bytes: number;
}

export class Channel implements DocumentChannel {
  readonly frames: AsyncIterable<Uint8Array>;
  readonly kept = new Changing(0);
  readonly #items = new Queue<Item>(({ bytes }) => this.#stream?.consumed(bytes));
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  #stream: Stream | null;

  constructor(document: string, open: (destination: Destination, owner: StreamOwner) => Stream | null) {
    this.frames = this.#read();
    const owner = {
      message: (bytes: Uint8Array) => this.#message(decodeMessage<DocumentMessage>(bytes), bytes.length),
      closed: (refusal: Refusal | null) => this.#closed(refusal),
    };
    this.#stream = open({ Document: { document } }, owner);
    if (!this.#stream) this.#items.end(); // without a link it is over at once
  }

  send(frame: Uint8Array): void {
    for (let at = 0; at < frame.length; at += DOCUMENT_PIECE_MAX) {
      const bytes = frame.slice(at, at + DOCUMENT_PIECE_MAX);
      const more = at + DOCUMENT_PIECE_MAX < frame.length;
      this.#stream?.send({ Frame: { more, bytes } } satisfies DocumentMessage);
    }
  }

  close(): void {
    this.#stream?.close();
    this.#stream = null;
    this.#items.end();
  }

  async *#read(): AsyncGenerator<Uint8Array> {
    for await (const { frame } of this.#items) yield frame;
  }

  #message(message: DocumentMessage, bytes: number): void {
    if ('Kept' in message) {
      this.#stream?.consumed(bytes);
      return this.kept.set(Math.max(this.kept.get(), message.Kept.through));
    }
    this.#pieces.push(message.Frame.bytes);
    this.#bytes += bytes;
    if (message.Frame.more) {
      // A frame may be longer than the window: what is put aside does not hold it up.
      this.#stream?.consumed(bytes);
      this.#bytes -= bytes;
      return;
    }
    this.#items.push({ frame: joined(...this.#pieces), bytes: this.#bytes });
    this.#pieces = [];
    this.#bytes = 0;
  }

  #closed(refusal: Refusal | null): void {
    this.#stream = null;
    this.#items.end(refusal && !isPassing(refusal.code) ? Refused.by(refusal) : undefined);
  }
}
