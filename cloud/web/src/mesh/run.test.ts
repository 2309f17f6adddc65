import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Control, ErrorCode, ExecuteRequest } from './protocol.ts';
import { Reading, type Opened } from './run.ts';

const OPENED = { session: 'a session' } as Opened;

/** A run that is asked for, and whether it was `again` each time. */
function asked() {
  const said: Control[] = [];
  const stream = { close: () => {}, consumed: () => {} };
  const ways = { isOnline: true, say: (message: Control) => said.push(message), open: () => stream as never, nameOf: () => '', over: () => {} };
  const reading = new Reading(ways, 'a run');
  reading.submit(OPENED, {} as ExecuteRequest, null, false);
  const requests = () => said.flatMap((message) => (typeof message === 'object' && 'MrpRequest' in message ? [message.MrpRequest] : []));
  const runs = () => requests().map(({ call }) => typeof call === 'object' && 'Run' in call && call.Run.again);
  const refuse = (code: ErrorCode) => reading.answered(requests().at(-1)!.request, { Refused: { code, detail: '' } });
  return { reading, runs, refuse };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a run that was turned away is asked for as if it had not been', () => {
  const { runs, refuse } = asked();
  for (const code of ['OwnerUnreachable', 'Overloaded', 'Draining'] as const) {
    refuse(code);
    vi.runOnlyPendingTimers();
  }
  expect(runs()).toEqual([false, false, false, false]);
});

test('a run that may have arrived is asked for again, whatever is said then', () => {
  const late = asked();
  late.refuse('DeadlineExceeded');
  vi.runOnlyPendingTimers();
  late.refuse('OwnerUnreachable');
  vi.runOnlyPendingTimers();
  expect(late.runs()).toEqual([false, true, true]);
  const lost = asked();
  lost.reading.suspend('the link is lost');
  lost.reading.resume();
  lost.refuse('OwnerUnreachable');
  vi.runOnlyPendingTimers();
  expect(lost.runs()).toEqual([false, true, true]);
});
