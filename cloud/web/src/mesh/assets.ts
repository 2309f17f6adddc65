// Assets over a link: files that are known by the SHA-256 of their bytes.

import { hex, type Bytes } from './bytes.ts';
import { Refused } from './errors.ts';
import { decodeMessage } from './messages.ts';
import { ASSET_PIECE_MAX, type AssetMessage, type Destination, type Refusal } from './protocol.ts';
import type { Stream, StreamOwner } from './streams.ts';

type Open = (destination: Destination, owner: StreamOwner) => Stream | null;

const offline = () => new Refused('OwnerUnreachable', 'the home is not connected');

export async function assetId(bytes: Bytes): Promise<string> {
  return hex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)));
}

/** The bytes of an asset. What is not it is refused. */
export async function getAsset(open: Open, asset: string): Promise<Bytes> {
  const bytes = await fetched(open, asset);
  if ((await assetId(bytes)) !== asset) throw new Refused('Malformed', 'these are not the bytes of that file');
  return bytes;
}

function fetched(open: Open, asset: string): Promise<Bytes> {
  return new Promise((resolve, reject) => {
    let whole: Bytes | null = null;
    let at = 0;
    const take = (message: AssetMessage) => {
      if (typeof message === 'object' && 'Has' in message) whole = new Uint8Array(message.Has.size);
      else if (whole && typeof message === 'object' && 'Piece' in message) {
        whole.set(message.Piece.bytes, at);
        at += message.Piece.bytes.length;
      }
    };
    const stream = open({ Asset: { asset } }, {
      message(bytes) {
        take(decodeMessage<AssetMessage>(bytes));
        stream?.consumed(bytes.length);
      },
      closed(refusal: Refusal | null) {
        if (refusal) reject(Refused.by(refusal));
        else if (whole && at === whole.length) resolve(whole);
        else reject(new Refused('Malformed', 'the file ended early'));
      },
    });
    if (!stream) return reject(offline());
    stream.send({ Get: { from: 0 } } satisfies AssetMessage);
  });
}

/** Brings an asset to the home; what it has of it is not sent again. Ends when the home keeps it. */
export function putAsset(open: Open, asset: string, file: Blob): Promise<void> {
  return new Promise((resolve, reject) => {
    /** The next byte to be sent, when the home has said so. */
    let at: number | null = null;
    let isReading = false;
    const next = async (): Promise<void> => {
      if (isReading || at === null || at >= file.size) return;
      isReading = true;
      const bytes = new Uint8Array(await file.slice(at, at + ASSET_PIECE_MAX).arrayBuffer());
      at += bytes.length;
      isReading = false;
      stream?.send({ Piece: { bytes } } satisfies AssetMessage);
    };
    const go = () => void next().catch((error: unknown) => (stream?.close(), reject(error)));
    const stream = open({ Asset: { asset } }, {
      message(bytes) {
        const message = decodeMessage<AssetMessage>(bytes);
        stream?.consumed(bytes.length);
        if (message === 'Kept') return resolve(), stream?.close();
        if ('Wants' in message) at = message.Wants.from;
        go();
      },
      drained: go,
      closed: (refusal: Refusal | null) => reject(refusal ? Refused.by(refusal) : offline()),
    });
    if (!stream) return reject(offline());
    stream.send({ Put: { size: file.size } } satisfies AssetMessage);
  });
}
