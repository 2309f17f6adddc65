// What a run is doing, under its output; and how it ended: `⚡ MacBook Pro · 0.3 s`.

import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { duration } from '../duration.ts';
import type { NotebookContext } from '../editor/context.ts';
import { askToNotify, canAsk } from '../notify.ts';
import type { LiveRun } from '../runs/live-run.ts';
import { LONG_MS } from '../runs/long-runs.ts';
import type { Phase, RunEnd } from '../runs/record.ts';
import { presenceOf } from '../views/compute.ts';
import { Unanswered } from './Unanswered.tsx';

export function EndLabel({ end, isCloud }: { end: RunEnd; isCloud: boolean }) {
  const where = isCloud ? '☁ cloud' : end.deviceName ? `⚡ ${end.deviceName}` : '';
  const how = {
    succeeded: '', failed: '✕ failed', interrupted: '◼ interrupted: its kernel was lost', cancelled: '◼ taken back',
    unknown: '? nobody can say whether it ran', refused: `✕ not run${end.why ? `: ${end.why}` : ''}`,
  }[end.outcome];
  const time = end.durationMs === null ? '' : duration(end.durationMs);
  return <p class={`run-label ${end.outcome}`}>{[where, time, how].filter(Boolean).join(' · ')}</p>;
}

export function RunStatus({ run, context }: { run: LiveRun; context: NotebookContext }) {
  const phase = run.phase.value;
  switch (phase.kind) {
    case 'queued':
      return <p class="run-label active">◌ Offline, will run when connected</p>;
    case 'sending':
      return <Unanswered run={run} context={context} since={phase.since} why="" />;
    case 'waiting':
      if (phase.since !== null) return <Unanswered run={run} context={context} since={phase.since} why={phase.why} />;
      return <p class="run-label active">◌ {[phase.why || 'Waiting', phase.deviceName].filter(Boolean).join(' · ')}</p>;
    case 'running':
      return (
        <>
          <p class="run-label active"><span class="spinner" aria-hidden="true" />Running on {phase.deviceName} · <Elapsed since={phase.since} /></p>
          <Silence run={run} context={context} />
          <NotifyOffer since={phase.since} />
        </>
      );
    case 'asking':
      return (
        <>
          <Question phase={phase} onReply={(text) => context.reply(run, text)} />
          <Silence run={run} context={context} />
        </>
      );
    case 'ended':
      return null;
  }
}

/** Says that the device on which it runs is not there: that may be why nothing comes. */
function Silence({ run, context }: { run: LiveRun; context: NotebookContext }) {
  const { place } = context;
  const { sessionId } = run.record;
  const owner = place.sessions.value.find((session) => session.id === sessionId)?.owner;
  const device = place.devices.value.find((device) => device.id === owner);
  if (!place.isOnline || !device || device.presence === 'online') return null;
  const { sign, words } = presenceOf(device, Date.now());
  return <p class="run-label active">{sign} {device.name} is {words}. What it says comes when it is back.</p>;
}

function Elapsed({ since }: { since: number }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 100);
    return () => clearInterval(timer);
  }, []);
  return <span class="elapsed">{duration(Math.max(100, now - since))}</span>;
}

/** Where a run takes long, and nobody has said yes or no before: to be told of its end. */
function NotifyOffer({ since }: { since: number }) {
  const [isLong, setLong] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLong(true), Math.max(0, since + LONG_MS - Date.now()));
    return () => clearTimeout(timer);
  }, [since]);
  if (!isLong || !canAsk.value) return null;
  return <button type="button" class="button unfold" onClick={() => void askToNotify()}>Notify me when long cells end</button>;
}

function Question({ phase, onReply }: { phase: Extract<Phase, { kind: 'asking' }>; onReply: (text: string) => void }) {
  const [text, setText] = useState('');
  const [isSent, setSent] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => input.current?.focus({ preventScroll: true }), []);
  const field = {
    ref: input, value: text, autocomplete: 'off', autocapitalize: 'off', spellcheck: false, enterkeyhint: 'send',
    onInput: (event: { currentTarget: HTMLInputElement }) => setText(event.currentTarget.value),
  } as const;
  return (
    <form class="question" onSubmit={(event) => {
      event.preventDefault();
      setSent(true);
      onReply(text);
    }}>
      <label>
        <span>{phase.prompt || 'The cell asks for a line'}</span>
        {phase.password ? <input {...field} type="password" /> : <input {...field} type="text" />}
      </label>
      <button type="submit" class="button primary" disabled={isSent}>Answer</button>
    </form>
  );
}
