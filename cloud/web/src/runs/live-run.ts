// A run that is read: what it said so far and where it stands. The screen is told now and then, however much comes.

import { signal } from '@preact/signals';
import type { Outcome, RunEvent } from '../mesh/interface.ts';
import { Gathered } from '../output/gather.ts';
import type { Phase, RunEnd, RunRecord } from './record.ts';

/** Milliseconds between two drawings of a run's output. A page that is hidden draws no frames, so they are not counted in those. */
const TELL_MS = 40;

export class LiveRun {
  readonly record: RunRecord;
  /** Whether the browser keeps its record, for other pages too. */
  isKept: boolean;
  readonly gathered = new Gathered();
  readonly phase = signal<Phase>({ kind: 'queued' });
  /** Grows when there is more to show. */
  readonly version = signal(0);
  #deviceName = '';
  #attempt = 1;
  #durationMs: number | null = null;
  #since = 0;
  #isTelling = false;
  #isOver: (end: RunEnd) => void = () => undefined;
  /** Resolves when it has ended, with how. */
  readonly over = new Promise<RunEnd>((resolve) => (this.#isOver = resolve));

  constructor(record: RunRecord, isKept = false) {
    this.record = record;
    this.isKept = isKept;
    if (record.end) this.phase.value = { kind: 'ended', end: record.end };
    else if (record.sentTo ?? record.sessionId) this.waits('Sent before, will be shown when connected');
  }

  get attempt(): number {
    return this.#attempt;
  }

  /** Milliseconds since its code was started; 0 if it was not. */
  took(now: number): number {
    return this.#since > 0 ? now - this.#since : 0;
  }

  /** Says that it is not sent before there is a connection. */
  queues(): void {
    this.phase.value = { kind: 'queued' };
  }

  /** Says that it is sent. */
  sends(): void {
    this.phase.value = { kind: 'sending', since: Date.now() };
  }

  /** Says that it is not sent yet, and why. */
  waits(why: string): void {
    this.phase.value = { kind: 'waiting', why, deviceName: '', since: null };
  }

  /** Says where it runs, before its first event. */
  accepted(deviceName: string): void {
    this.#deviceName = deviceName;
    if (['sending', 'waiting'].includes(this.phase.value.kind)) this.phase.value = { kind: 'waiting', why: '', deviceName, since: null };
  }

  /** Takes an event; says how it ended if that was the last. */
  take(event: RunEvent): RunEnd | null {
    switch (event.kind) {
      case 'attached':
        if (event.attempt > this.#attempt) this.gathered.clear();
        this.#deviceName = event.deviceName;
        this.#attempt = event.attempt;
        if (this.#since > 0) this.#running();
        else this.phase.value = { kind: 'waiting', why: '', deviceName: this.#deviceName, since: null };
        break;
      case 'waiting':
        this.phase.value = { kind: 'waiting', why: event.why, deviceName: this.#deviceName, since: this.#silent() };
        break;
      case 'start':
        // The clock of this device: the other one's may be wrong.
        this.#since = Date.now();
        this.#running();
        break;
      case 'stdin':
        this.phase.value = {
          kind: 'asking',
          since: this.#since,
          deviceName: this.#deviceName,
          prompt: event.prompt,
          password: event.password,
        };
        break;
      case 'stdinAnswered':
        this.#running();
        break;
      case 'result':
      case 'error':
        this.#durationMs = event.durationMs;
        this.gathered.take(event);
        break;
      case 'ended':
        return this.ended(event.outcome);
      default:
        this.gathered.take(event);
    }
    this.#tell();
    return null;
  }

  ended(outcome: Outcome | 'refused', why?: string): RunEnd {
    const end: RunEnd = { outcome, why, deviceName: this.#deviceName, attempt: this.#attempt, durationMs: this.#durationMs };
    this.phase.value = { kind: 'ended', end };
    this.version.value += 1;
    this.#isOver(end);
    return end;
  }

  /** Another page has brought it to its end: what waits behind it here finds its own out. */
  leaves(): void {
    this.#isOver({ outcome: 'succeeded', deviceName: '', attempt: 1, durationMs: null });
  }

  /** Since when nobody answers. */
  #silent(): number {
    const phase = this.phase.peek();
    return (phase.kind === 'sending' || phase.kind === 'waiting' ? phase.since : null) ?? Date.now();
  }

  #running(): void {
    this.phase.value = { kind: 'running', since: this.#since || Date.now(), deviceName: this.#deviceName };
  }

  #tell(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    const tell = () => {
      this.#isTelling = false;
      this.version.value += 1;
    };
    setTimeout(tell, TELL_MS);
  }
}
