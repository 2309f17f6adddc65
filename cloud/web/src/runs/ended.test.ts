import { expect, test } from 'vitest';
import { readEnded } from './ended.ts';

test('what a document says of a run is read, and nothing else', () => {
  expect(readEnded('a', 'succeeded 312 my desk')).toEqual({ outcome: 'succeeded', deviceName: 'my desk', attempt: 1, durationMs: 312 });
  expect(readEnded('a.2', 'interrupted - desk')).toEqual({ outcome: 'interrupted', deviceName: 'desk', attempt: 2, durationMs: null });
  for (const other of [undefined, 7, '', 'succeeded', 'refused 1 desk', 'succeeded x desk']) expect(readEnded('a', other)).toBeNull();
});
