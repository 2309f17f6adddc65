// BLAKE2s-256 in its keyed mode (RFC 7693): WebCrypto has none, and a device's id is one.

import { joined, type Bytes } from './bytes.ts';

const IV = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];
const SIGMA = [
  '0123456789abcdef', 'ea489fd61c02b753', 'b8c052fdae367194', '7931dcbe265a40f8', '905724afe1bc683d',
  '2c6a0b834d75fe19', 'c51fed4a0763928b', 'db7ec13950f4862a', '6fe9b308c2d714a5', 'a2847615fb9e3cd0',
].map((row) => Array.from(row, (digit) => parseInt(digit, 16)));
/** Which words of the state each step of a round mixes. */
const MIXED = [
  [0, 4, 8, 12], [1, 5, 9, 13], [2, 6, 10, 14], [3, 7, 11, 15],
  [0, 5, 10, 15], [1, 6, 11, 12], [2, 7, 8, 13], [3, 4, 9, 14],
] as const;
const BLOCK = 64;

function turned(word: number, by: number): number {
  return (word >>> by) | (word << (32 - by));
}

function compress(state: Uint32Array, block: Uint8Array, so_far: number, last: boolean): void {
  const view = new DataView(block.buffer, block.byteOffset, BLOCK);
  const v = new Uint32Array([...state, ...IV]);
  v[12]! ^= so_far;
  if (last) v[14]! ^= 0xffffffff;
  for (const order of SIGMA) {
    MIXED.forEach(([a, b, c, d], step) => {
      const word = (nth: number) => view.getUint32(order[2 * step + nth]! * 4, true);
      v[a] = v[a]! + v[b]! + word(0);
      v[d] = turned(v[d]! ^ v[a]!, 16);
      v[c] = v[c]! + v[d]!;
      v[b] = turned(v[b]! ^ v[c]!, 12);
      v[a] = v[a]! + v[b]! + word(1);
      v[d] = turned(v[d]! ^ v[a]!, 8);
      v[c] = v[c]! + v[d]!;
      v[b] = turned(v[b]! ^ v[c]!, 7);
    });
  }
  for (let at = 0; at < 8; at++) state[at]! ^= v[at]! ^ v[at + 8]!;
}

/** The hash of some bytes, keyed with 1 to 32 bytes. */
export function keyedHash(key: Uint8Array, message: Uint8Array): Bytes {
  const state = new Uint32Array(IV);
  state[0]! ^= 0x01010000 ^ (key.length << 8) ^ 32;
  const input = joined(key, new Uint8Array(BLOCK - key.length), message);
  const blocks = Math.ceil(input.length / BLOCK);
  for (let nth = 0; nth < blocks; nth++) {
    const block = new Uint8Array(BLOCK);
    const part = input.subarray(nth * BLOCK, (nth + 1) * BLOCK);
    block.set(part);
    compress(state, block, nth * BLOCK + part.length, nth === blocks - 1);
  }
  const hash = new Uint8Array(32);
  state.forEach((word, at) => new DataView(hash.buffer).setUint32(at * 4, word, true));
  return hash;
}
