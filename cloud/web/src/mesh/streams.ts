// The streams of one link: opening, credit, messages, ends (docs/wire.md, "Streams and credit").

import { encodeFrame, type Frame, type Kind } from './frames.ts';
import { Assembly, decodeMessage, encodeMessage } from './messages.ts';
import { FRAME_BODY_MAX, STREAM_WINDOW, type Class, type Destination, type Open, type Refusal } from './protocol.ts';

/** Who is behind a stream. */
export interface StreamOwner {
  /** A message came. Its bytes are to be given back with `consumed` when it is taken. */
  message(bytes: Uint8Array): void;
  /** Everything that was to be sent is on its way. */
  drained?(): void;
  /** The stream is over: in order (`null`), or by a fault of either end or the link's end. Said once, and last. */
  closed(refusal: Refusal | null): void;
}

/** One stream that this end opened. */
export class Stream {
  readonly #streams: Streams;
  readonly id: number;
  readonly owner: StreamOwner;
  readonly assembly = new Assembly();
  /** Message bytes that the other end takes; below zero after an overdraft of one message. */
  credit = 0;
  #waiting: Uint8Array[] = [];
  #pending = 0;

  constructor(streams: Streams, id: number, owner: StreamOwner) {
    this.#streams = streams;
    this.id = id;
    this.owner = owner;
  }

  send(message: unknown): void {
    this.#waiting.push(encodeMessage(message));
    this.pump();
  }

  /** Sends what there is credit for. */
  pump(): void {
    while (this.credit > 0 && this.#waiting.length > 0) {
      const message = this.#waiting.shift()!;
      this.credit -= message.length;
      for (let at = 0; at < message.length; at += FRAME_BODY_MAX) {
        const end = Math.min(at + FRAME_BODY_MAX, message.length);
        this.#streams.transmit(this.id, 'data', message.subarray(at, end), end < message.length);
      }
      if (this.#waiting.length === 0) this.owner.drained?.();
    }
  }

  /** So many message bytes were taken: the other end may send as many again, in halves of the window. */
  consumed(bytes: number): void {
    this.#pending += bytes;
    if (this.#pending < STREAM_WINDOW / 2 || !this.#streams.has(this)) return;
    this.#streams.transmit(this.id, 'credit', encodeMessage(this.#pending));
    this.#pending = 0;
  }

  /** Ends it from this side; the owner hears nothing of it. */
  close(): void {
    this.#streams.close(this);
  }
}

/** All streams of a link that is up. */
export class Streams {
  readonly #all = new Map<number, Stream>();
  #next = 1;
  readonly transmit: (stream: number, kind: Kind, body: Uint8Array, more?: boolean) => void;

  constructor(send: (frame: Uint8Array<ArrayBuffer>) => void) {
    this.transmit = (stream, kind, body, more) => send(encodeFrame(stream, kind, body, more));
  }

  open(destination: Destination, importance: Class, owner: StreamOwner): Stream {
    const stream = new Stream(this, this.#next, owner);
    this.#next += 2;
    this.#all.set(stream.id, stream);
    const open: Open = { destination, class: importance, window: STREAM_WINDOW };
    this.transmit(stream.id, 'open', encodeMessage(open));
    return stream;
  }

  has(stream: Stream): boolean {
    return this.#all.get(stream.id) === stream;
  }

  close(stream: Stream): void {
    if (!this.has(stream)) return;
    this.#all.delete(stream.id);
    this.transmit(stream.id, 'close', new Uint8Array());
  }

  /** A frame came. Of a stream that is not known here it has crossed that stream's end. */
  received(frame: Frame): void {
    const stream = this.#all.get(frame.stream);
    if (!stream) {
      if (frame.kind === 'open') this.#refuse(frame.stream, 'Unsupported', 'a browser serves no streams');
      return;
    }
    switch (frame.kind) {
      case 'data':
        return this.#data(stream, frame);
      case 'credit':
        stream.credit += decodeMessage<number>(frame.body);
        return stream.pump();
      case 'close':
        return this.#over(stream, null);
      case 'reset':
        return this.#over(stream, decodeMessage<Refusal>(frame.body));
      case 'open':
        return this.#fail(stream, 'Malformed', `stream ${stream.id} is not the other end's to open`);
    }
  }

  /** The link is gone, and all of them with it. */
  end(refusal: Refusal): void {
    for (const stream of [...this.#all.values()]) this.#over(stream, refusal);
  }

  #data(stream: Stream, frame: Frame): void {
    const message = stream.assembly.push(frame.body, frame.more);
    if (message === null) return;
    if (message === 'too large') return this.#fail(stream, 'TooLarge', 'a message is over the limit');
    try {
      stream.owner.message(message);
    } catch (error) {
      this.#fail(stream, 'Malformed', String(error));
    }
  }

  #over(stream: Stream, refusal: Refusal | null): void {
    this.#all.delete(stream.id);
    stream.owner.closed(refusal);
  }

  #fail(stream: Stream, code: Refusal['code'], detail: string): void {
    this.#refuse(stream.id, code, detail);
    this.#over(stream, { code, detail });
  }

  #refuse(stream: number, code: Refusal['code'], detail: string): void {
    this.transmit(stream, 'reset', encodeMessage({ code, detail } satisfies Refusal));
  }
}
