// A run whose device does not answer: first signs early, then the choice of another device.

import { useEffect, useState } from 'preact/hooks';
import type { NotebookContext } from '../editor/context.ts';
import type { LiveRun } from '../runs/live-run.ts';

/** Milliseconds without an answer, after which that is said; and after which another device is offered. */
const CHECKING_MS = 3_000;
const CHOICE_MS = 10_000;

interface Props {
  run: LiveRun;
  context: NotebookContext;
}

export function Unanswered({ run, context, since, why }: Props & { since: number; why: string }) {
  const waited = useWaited(since);
  const isLong = waited >= CHOICE_MS && context.place.isOnline;
  useEffect(() => {
    if (isLong) context.announce(`Cell ${run.record.cell.index}: ${context.asked(run).device || 'no device'} does not answer`);
  }, [isLong]);
  // Without a connection of its own the page knows nothing of others.
  if (!context.place.isOnline || waited < CHECKING_MS) return <p class="run-label active">◌ {why || 'Sending…'}</p>;
  const { device } = context.asked(run);
  if (waited < CHOICE_MS) return <p class="run-label active">◌ {device ? `Checking ${device}…` : 'Looking for a device…'}</p>;
  return (
    <>
      <p class="run-label active">◌ {device ? `${device} does not answer` : 'No device has answered'}</p>
      <Elsewhere run={run} context={context} />
    </>
  );
}

/** The devices that could run it instead. */
export function Elsewhere({ run, context }: Props) {
  const { device, others } = context.asked(run);
  if (others.length === 0) return <p class="run-label">No other device that is there can run it.</p>;
  return (
    <div class="elsewhere" role="group" aria-label="Run on another device">
      <p class="run-label">{device ? 'Another device can run it, without the variables of this session:' : 'Choose one:'}</p>
      {others.map((other) => <button key={other.id} type="button" class="button" onClick={() => context.runOn(run, other)}>Run on {other.name}</button>)}
    </div>
  );
}

/** How long it is by now, drawn again when that crosses a bound. */
function useWaited(since: number): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timers = [CHECKING_MS, CHOICE_MS].map((after) => setTimeout(() => setNow(Date.now()), Math.max(0, since + after - Date.now())));
    return () => timers.forEach(clearTimeout);
  }, [since]);
  return now - since;
}
