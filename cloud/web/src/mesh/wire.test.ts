// The wire as Rust has it: its golden bytes, and values that were computed by others.

import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { keyedHash } from './blake2s.ts';
import { ascii, hex, ofHex } from './bytes.ts';
import { decodeFrame, encodeFrame } from './frames.ts';
import { challengePayload } from './identity.ts';
import { newId } from './ids.ts';
import { Assembly, decodeMessage, encodeMessage } from './messages.ts';
import { parsePairing } from './pair.ts';
import { MESSAGE_MAX } from './protocol.ts';
import { Queue } from './queue.ts';
import * as told from './told.ts';

const GOLDEN = new URL('../../../../protocol/tests/fixtures/wire/', import.meta.url);

function golden(kind: string, ending: string): [string, Uint8Array][] {
  const names = readdirSync(GOLDEN).filter((name) => name.startsWith(`${kind}-`) && name.endsWith(ending));
  expect(names.length).toBeGreaterThan(0);
  return names.map((name) => [name, ofHex(readFileSync(new URL(name, GOLDEN), 'utf8').replace(/\s/g, ''))]);
}

test('the hash is BLAKE2s-256 with a key', () => {
  const key = Uint8Array.from({ length: 32 }, (_, at) => at);
  const input = (length: number) => Uint8Array.from({ length }, (_, at) => at % 256);
  // The known answers that are published with the hash.
  expect(hex(keyedHash(key, input(0)))).toBe('48a8997da407876b3d79c0d92325ad3b89cbb754d86ab71aee047ad345fd2c49');
  expect(hex(keyedHash(key, input(1)))).toBe('40d15fee7c328830166ac3f918650f807e7e01e177258cdc0a39b11f598066f1');
  expect(hex(keyedHash(key, input(255)))).toBe('3fb735061abc519dfe979e54c1ee5bfad0a9d858b3315bad34bde999efd724dd');
  expect(hex(keyedHash(ascii('label'), input(64)))).toHaveLength(64);
});

test('a challenge is signed in the form of the wire', () => {
  const payload = challengePayload(new Uint8Array(32).fill(9), 'ab'.repeat(32), { Origin: 'https://mesh.example:443' });
  const expected = [
    hex(ascii('wayfare-link-challenge-v1')), '09'.repeat(32), 'ab'.repeat(32),
    '12000000', hex(ascii('wayfare.v1.msgpack')), '1a000000', '01', '18', hex(ascii('https://mesh.example:443')),
  ];
  expect(hex(payload)).toBe(expected.join(''));
});

test.each(['update', 'document', 'asset', 'event', 'told', 'ask', 'call', 'answer', 'state', 'open', 'server', 'presence'])(
  'messages of Rust are read and written to the byte: %s',
  (kind) => {
    for (const [name, bytes] of golden(kind, '.msgpack.hex')) {
      expect(hex(encodeMessage(decodeMessage(bytes))), name).toBe(hex(bytes));
    }
  },
);

test('every event of a run has a meaning in the app', () => {
  for (const [name, bytes] of golden('event', '.msgpack.hex')) {
    expect(told.event(1, decodeMessage(bytes)), name).toMatchObject({ kind: expect.any(String), number: 1 });
  }
});

test('frames are read and written as Rust does, and what is none is refused', () => {
  for (const [name, bytes] of golden('frame', '.hex')) {
    const frame = decodeFrame(bytes.slice().buffer);
    expect(frame, name).not.toBeNull();
    expect(hex(encodeFrame(frame!.stream, frame!.kind, frame!.body, frame!.more)), name).toBe(hex(bytes));
  }
  const good = encodeFrame(3, 'data', Uint8Array.of(1, 2), true);
  for (const [at, byte] of [[4, 9], [5, 2], [6, 1], [8, 3]] as const) {
    const wrong = good.slice();
    wrong[at] = byte;
    expect(decodeFrame(wrong.buffer)).toBeNull();
  }
  expect(decodeFrame(good.slice(0, 11).buffer)).toBeNull();
});

test('a message is put together from its pieces, and an endless one is not', () => {
  const assembly = new Assembly();
  expect(assembly.push(Uint8Array.of(1), true)).toBeNull();
  expect(assembly.push(Uint8Array.of(2), false)).toEqual(Uint8Array.of(1, 2));
  expect(assembly.push(new Uint8Array(MESSAGE_MAX), true)).toBeNull();
  expect(assembly.push(Uint8Array.of(1), true)).toBe('too large');
});

test('ids are UUIDs of version 7 that rise with time', () => {
  const id = newId();
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  const at = parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
  expect(Math.abs(at - Date.now())).toBeLessThan(60_000);
});

test('pairing strings are read as people type them', () => {
  const anchor = '00112233445566778899aabbccddeeff';
  const origin = 'https://mesh.example:7443';
  expect(parsePairing(` wayfare://mesh.example:7443/ABCDE12345/${anchor}\n`)).toEqual({ origin, code: 'ABCDE12345', anchor });
  expect(parsePairing('wayfare+ws://[::1]:7443/abcde-12345')).toEqual({ origin: 'http://[::1]:7443', code: 'abcde12345', anchor: null });
  expect(parsePairing('ABCDE-12345')).toEqual({ origin: null, code: 'ABCDE12345', anchor: null });
  for (const wrong of ['', 'ABC', 'https://a:1/ABCDE12345', 'wayfare://a/ABCDE12345', `wayfare://a:1/ABCDE12345/${anchor}/x`]) {
    expect(() => parsePairing(wrong), wrong).toThrow(/pairing string/);
  }
});

test('a queue gives what was pushed before its end, then the end', async () => {
  const taken: number[] = [];
  const queue = new Queue<number>((item) => taken.push(item));
  queue.push(1);
  queue.push(2);
  queue.end(new Error('over'));
  queue.push(3);
  const read: number[] = [];
  await expect(async () => {
    for await (const item of queue) read.push(item);
  }).rejects.toThrow('over');
  expect([read, taken]).toEqual([[1, 2], [3, 1, 2]]);
});
