import { expect, test } from 'vitest';
import { pairingOf } from './pairing-of.ts';

test('a code is the address of a page for pairing, or a pairing string; another one is none', () => {
  const string = 'wayfare://mesh.example:7443/ABCDE12345/00112233445566778899aabbccddeeff';
  expect(pairingOf(`https://mesh.example:7443/pair#${string}`)).toBe(string);
  expect(pairingOf(`https://mesh.example:7443/pair#${encodeURIComponent(string)}`)).toBe(string);
  expect(pairingOf(` ${string}\n`)).toBe(string);
  for (const other of ['https://example.org/', 'WIFI:S:x;;', 'https://example.org/pair#%', 'https://example.org/pair']) expect(pairingOf(other)).toBeNull();
});
