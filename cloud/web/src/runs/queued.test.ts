import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { QUEUED_RUNS_MAX } from '../mesh/protocol.ts';
import { beginningOf, queuedIn, queueOf, readQueued, roomIn, writeQueued, type QueuedRun } from './queued.ts';

/** Lines of `is` or `not`, the run and its entry, with tabs between: nodes read the same ones. */
const ENTRIES = readFileSync(new URL('../../../../actors/core/src/run_queue/entries.txt', import.meta.url), 'utf8').trimEnd().split('\n');

const id = (number: number) => `0190f5fe-7c00-7a00-8000-${String(number).padStart(12, '0')}`;
const queued = (number: number, change: Partial<QueuedRun> = {}): QueuedRun => ({
  run: id(number), device: 'a8'.repeat(32), at: 1_750_000_000_000, begins: { client: 7, clock: 12 }, language: 'python',
  session: { project: 'analysis', name: 'main' }, sentTo: null, end: null, ...change,
});

describe('an entry', () => {
  test.each(ENTRIES)('%s', (line) => {
    const [is, run, text] = line.split('\t') as [string, string, string];
    const read = readQueued(run, text);
    if (is === 'not') expect(read).toBeNull();
    else expect(read && writeQueued(read)).toBe(text);
  });

  test('says who sends what where', () => {
    expect(writeQueued(queued(1))).toBe(`${'a8'.repeat(32)} 1750000000000 7.12 python analysis:main`);
    expect(readQueued(id(1), writeQueued(queued(1, { sentTo: id(9) })))).toEqual(queued(1, { sentTo: id(9) }));
    for (const change of [{ end: 'unknown', sentTo: id(9) }, { end: 'refused:KernelStartFailed' }]) {
      expect(readQueued(id(1), writeQueued(queued(1, change)))).toEqual(queued(1, change));
    }
    for (const other of [undefined, 7, '', {}]) expect(readQueued(id(1), other)).toBeNull();
  });

  test('is not written of what it cannot say', () => {
    for (const change of [{ language: 'Python' }, { language: 'a b' }, { session: { project: 'a b', name: 'main' } }, { sentTo: 'x' }, { at: 0.5 }]) {
      expect(writeQueued(queued(1, change))).toBeNull();
    }
  });
});

describe('a queue', () => {
  test('is in the order in which runs were asked for, without what cannot be read', () => {
    const document = new Y.Doc();
    for (const number of [2, 1]) queueOf(document).set(id(number), writeQueued(queued(number))!);
    queueOf(document).set('x', 'y');
    expect(queuedIn(document)).toEqual([queued(1), queued(2)]);
  });

  test('has room for so many', () => {
    const document = new Y.Doc();
    for (let number = 1; number <= QUEUED_RUNS_MAX + 5; number++) queueOf(document).set(id(number), writeQueued(queued(number))!);
    expect([queuedIn(document).length, roomIn(document), roomIn(new Y.Doc())]).toEqual([QUEUED_RUNS_MAX, 0, QUEUED_RUNS_MAX]);
  });

  test('knows where a cell begins, whatever was written before it, and that it was deleted or has not come', () => {
    const document = new Y.Doc();
    document.clientID = 7;
    const text = document.getText('content');
    text.insert(0, 'text\n\n```python\n1\n```\n');
    const run = queued(1, { begins: { client: 7, clock: 6 } });
    text.insert(0, 'é 🚀\n');
    expect(beginningOf(run, document)).toBe(text.toString().indexOf('```'));
    expect(beginningOf(queued(1, { begins: { client: 8, clock: 6 } }), document)).toBeNull();
    text.delete(text.toString().indexOf('```'), 9);
    expect(beginningOf(run, document)).toBeNull();
  });
});
