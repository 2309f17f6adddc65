// Frames: a header of 12 bytes, then a body. One WebSocket message is one frame (docs/wire.md, "Frames").

import type { Bytes } from './bytes.ts';
import { FRAME_BODY_MAX } from './protocol.ts';

const HEADER = 12;
const MORE = 1;
const KINDS = ['open', 'data', 'credit', 'close', 'reset'] as const;

export type Kind = (typeof KINDS)[number];

export interface Frame {
  stream: number;
  kind: Kind;
  /** Of a data frame: the message goes on in the stream's next one. */
  more: boolean;
  body: Uint8Array;
}

export function encodeFrame(stream: number, kind: Kind, body: Uint8Array, more = false): Bytes {
  const bytes = new Uint8Array(HEADER + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, stream, true);
  view.setUint8(4, KINDS.indexOf(kind) + 1);
  view.setUint8(5, more ? MORE : 0);
  view.setUint32(8, body.length, true);
  bytes.set(body, HEADER);
  return bytes;
}

/** The frame of one WebSocket message; `null` if it is none: the two ends no longer agree on anything. */
export function decodeFrame(message: ArrayBuffer): Frame | null {
  if (message.byteLength < HEADER || message.byteLength > HEADER + FRAME_BODY_MAX) return null;
  const view = new DataView(message);
  const kind = KINDS[view.getUint8(4) - 1];
  const flags = view.getUint8(5);
  const known = kind === 'data' ? MORE : 0;
  const isWhole = view.getUint32(8, true) === message.byteLength - HEADER;
  if (!kind || flags & ~known || view.getUint16(6, true) !== 0 || !isWhole) return null;
  return { stream: view.getUint32(0, true), kind, more: flags === MORE, body: new Uint8Array(message, HEADER) };
}
