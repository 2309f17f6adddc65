// What a run is doing, under its output; and how it ended: `⚡ MacBook Pro · 0.3 s`.

import { useEffect, useRef, useState } from 'preact/hooks';
import type { LiveRun } from '../runs/live-run.ts';
import type { Phase, RunEnd } from '../runs/record.ts';

/** `30 ms`, `0.3 s`, `12 s`, `3 min 20 s`. */
export function duration(ms: number): string {
  if (ms < 95) return `${Math.round(ms)} ms`;
  if (ms < 9950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes} min ${seconds % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function EndLabel({ end, isCloud }: { end: RunEnd; isCloud: boolean }) {
  const where = isCloud ? '☁ cloud' : end.deviceName ? `⚡ ${end.deviceName}` : '';
  const how = {
    succeeded: '', failed: '✕ failed', interrupted: '◼ interrupted: its kernel was lost', cancelled: '◼ taken back',
    unknown: '? nobody can say whether it ran', refused: `✕ not run${end.why ? `: ${end.why}` : ''}`,
  }[end.outcome];
  const time = end.durationMs === null ? '' : duration(end.durationMs);
  return <p class={`run-label ${end.outcome}`}>{[where, time, how].filter(Boolean).join(' · ')}</p>;
}

export function RunStatus({ run, onReply }: { run: LiveRun; onReply: (text: string) => void }) {
  const phase = run.phase.value;
  switch (phase.kind) {
    case 'queued':
      return <p class="run-label active">◌ Offline, will run when connected</p>;
    case 'sending':
      return <p class="run-label active">◌ Sending…</p>;
    case 'waiting':
      return <p class="run-label active">◌ {[phase.why || 'Waiting', phase.deviceName].filter(Boolean).join(' · ')}</p>;
    case 'running':
      return <p class="run-label active"><span class="spinner" aria-hidden="true" />Running on {phase.deviceName} · <Elapsed since={phase.since} /></p>;
    case 'asking':
      return <Question phase={phase} onReply={onReply} />;
    case 'ended':
      return null;
  }
}

function Elapsed({ since }: { since: number }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 100);
    return () => clearInterval(timer);
  }, []);
  return <span class="elapsed">{duration(Math.max(100, now - since))}</span>;
}

function Question({ phase, onReply }: { phase: Extract<Phase, { kind: 'asking' }>; onReply: (text: string) => void }) {
  const [text, setText] = useState('');
  const [isSent, setSent] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus({ preventScroll: true }), []);
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
