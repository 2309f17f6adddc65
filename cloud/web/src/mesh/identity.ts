// Who this device is, and what it signs (docs/wire.md, "Handshake").

import { keyedHash } from './blake2s.ts';
import { ascii, hex, joined, ofHex, u32, type Bytes } from './bytes.ts';
import { SUBPROTOCOL, type ServerIdentity } from './protocol.ts';

const DEVICE_LABEL = ascii('wayfare-device-v1');
const CHALLENGE_LABEL = ascii('wayfare-link-challenge-v1');
const SEALING_LABEL = ascii('wayfare-sealing-v1');

/** Two keys that cannot be read out of the browser: Ed25519 to sign with, X25519 for what is sealed to this device. */
export interface Keys {
  key: CryptoKeyPair;
  sealing: CryptoKeyPair;
}

export async function newKeys(): Promise<Keys> {
  const key = (await crypto.subtle.generateKey({ name: 'Ed25519' }, false, ['sign', 'verify'])) as CryptoKeyPair;
  const sealing = (await crypto.subtle.generateKey({ name: 'X25519' }, false, ['deriveBits'])) as CryptoKeyPair;
  return { key, sealing };
}

export async function publicBytes(pair: CryptoKeyPair): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
}

/** The id of the device with that public key: 64 hexadecimal digits. */
export function deviceId(publicKey: Uint8Array): string {
  return hex(keyedHash(DEVICE_LABEL, publicKey));
}

export async function signed(keys: Keys, payload: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.sign({ name: 'Ed25519' }, keys.key.privateKey, payload));
}

/** A server's identity as it is signed: bincode, whatever the link speaks. */
function serverBytes(server: ServerIdentity): Bytes {
  if ('Ca' in server) return joined(Uint8Array.of(0), server.Ca);
  if ('Node' in server) return joined(Uint8Array.of(2), ofHex(server.Node));
  const text = ascii(server.Origin);
  const length = text.length < 251 ? [text.length] : [251, text.length & 255, text.length >> 8];
  return joined(Uint8Array.of(1, ...length), text);
}

/** What a dialing end signs: good for this nonce, this device, this subprotocol and this server only. */
export function challengePayload(nonce: Uint8Array, device: string, server: ServerIdentity): Bytes {
  const parts = [ascii(SUBPROTOCOL), serverBytes(server)].flatMap((part) => [u32(part.length), part]);
  return joined(CHALLENGE_LABEL, nonce, ofHex(device), ...parts);
}

/** What a device signs to say which X25519 key is its own. */
export function sealingPayload(sealingKey: Uint8Array): Bytes {
  return joined(SEALING_LABEL, sealingKey);
}
