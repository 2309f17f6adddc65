// Messages: the types of `protocol.ts` as MessagePack.

import { decode, encode } from '@msgpack/msgpack';
import { joined, type Bytes } from './bytes.ts';
import { MESSAGE_MAX } from './protocol.ts';

export function encodeMessage(message: unknown): Bytes {
  return joined(encode(message, { ignoreUndefined: true }));
}

/** The other end has checked nothing for us: what is not of the type is found where it is used. */
export function decodeMessage<T>(bytes: Uint8Array): T {
  return decode(bytes) as T;
}

/** Puts messages together from the data frames of one stream. */
export class Assembly {
  #pieces: Uint8Array[] = [];
  #length = 0;

  /** The message that a frame completes; `null` while it goes on; `'too large'` where it never may. */
  push(body: Uint8Array, more: boolean): Uint8Array | null | 'too large' {
    this.#length += body.length;
    if (this.#length > MESSAGE_MAX) return 'too large';
    this.#pieces.push(body);
    if (more) return null;
    const whole = this.#pieces.length === 1 ? body : joined(...this.#pieces);
    this.#pieces = [];
    this.#length = 0;
    return whole;
  }
}
