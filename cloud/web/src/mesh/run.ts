// One run across lost links: asked for with the same ids until it is answered, and its events from the first that was not seen.
//
// It is looked at together with being asked for, so that a cell costs one round trip: its stream waits at the other end until there
// is something to say. What the stream brings before the answer proves that the run was accepted.

import { Refused, isPassing, isTurnedAway } from './errors.ts';
import { newId } from './ids.ts';
import type { Accepted, DocumentCell, Run, RunEvent } from './interface.ts';
import { decodeMessage } from './messages.ts';
import {
  REDIAL_MAX_MS, REQUEST_MS,
  type Control, type Destination, type ExecuteRequest, type Refusal, type RunUpdate, type SessionAnswer,
} from './protocol.ts';
import { Queue } from './queue.ts';
import type { Stream, StreamOwner } from './streams.ts';
import * as told from './told.ts';

/** What a run needs of its mesh. */
export interface Ways {
  readonly isOnline: boolean;
  say(message: Control): void;
  open(destination: Destination, owner: StreamOwner): Stream | null;
  /** The name of a device, where it is known. */
  nameOf(device: string): string;
  /** Nothing more is to be done for it. */
  over(run: Reading): void;
}

/** Where it is to be executed, from opening its session. */
export type Opened = Omit<Accepted, 'device' | 'deviceName'> & { device: string | null; deviceName: string };

interface Item {
  event: RunEvent;
  /** Bytes that it took on its stream, given back when it is read. */
  bytes: number;
  from: Stream | null;
}

type Phase =
  | { is: 'opening' }
  | { is: 'submitting'; session: string; request: string; isAgain: boolean; isFirst: boolean; execute: ExecuteRequest; place: DocumentCell | null }
  | { is: 'attached'; session: string }
  | { is: 'over' };

export class Reading implements Run {
  readonly id: string;
  readonly session: Promise<string>;
  readonly accepted: Promise<Accepted>;
  readonly events: AsyncIterable<RunEvent>;
  readonly #ways: Ways;
  readonly #items = new Queue<Item>((item) => item.from?.consumed(item.bytes));
  #phase: Phase = { is: 'opening' };
  #opened: Opened | null = null;
  #next: number;
  #stream: Stream | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #foundSession!: (session: string) => void;
  #wasAccepted!: (accepted: Accepted) => void;
  #refuse!: (error: Error) => void;

  constructor(ways: Ways, id: string, next = 1) {
    this.#ways = ways;
    this.id = id;
    this.#next = Math.max(1, next);
    const rejects: ((error: Error) => void)[] = [];
    const promise = <T>(resolved: (resolve: (value: T) => void) => void) => {
      const made = new Promise<T>((resolve, reject) => {
        resolved(resolve);
        rejects.push(reject);
      });
      made.catch(() => {}); // whoever reads the events hears it there
      return made;
    };
    this.session = promise<string>((resolve) => (this.#foundSession = resolve));
    this.accepted = promise<Accepted>((resolve) => (this.#wasAccepted = resolve));
    this.#refuse = (error) => rejects.forEach((reject) => reject(error));
    this.events = this.#read();
  }

  /** The session in which it is, once that is known and as long as anything more is to come. */
  get at(): string | null {
    return this.#phase.is === 'submitting' || this.#phase.is === 'attached' ? this.#phase.session : null;
  }

  /** Its session is open: it is asked for. `isAgain`: it may have been before this page was. */
  submit(opened: Opened, execute: ExecuteRequest, place: DocumentCell | null, isAgain: boolean): void {
    if (this.#phase.is === 'over') return;
    this.#opened = opened;
    this.#phase = { is: 'submitting', session: opened.session, request: newId(), isAgain, isFirst: !isAgain, execute, place };
    this.#foundSession(opened.session);
    this.resume();
  }

  /** A run that was made before. */
  attach(session: string): void {
    this.#phase = { is: 'attached', session };
    this.#foundSession(session);
    this.resume();
  }

  /** The link is up, or a wait is over: everything that is under way is said again. */
  resume(): void {
    clearTimeout(this.#timer);
    const phase = this.#phase;
    if (!this.#ways.isOnline || phase.is === 'opening' || phase.is === 'over') return;
    if (phase.is === 'submitting') {
      const { session, request, isAgain, execute, place } = phase;
      const asked = { run: this.id, again: isAgain, request: execute };
      const call = place ? { RunCell: { asked, cell: place } } : { Run: asked };
      this.#ways.say({ MrpRequest: { request, trace: newId(), session, epoch: null, call } });
      phase.isFirst = !isAgain;
      phase.isAgain = true; // from here on it may have arrived
      this.#again(REQUEST_MS);
    }
    if (!this.#stream) this.#look(phase.session);
  }

  /** The link is down. */
  suspend(why: string): void {
    clearTimeout(this.#timer);
    if (this.#phase.is !== 'over') this.#tell({ kind: 'waiting', why });
  }

  /** Whether an answer is this run's, which is then dealt with. */
  answered(request: string, answer: SessionAnswer): boolean {
    if (this.#phase.is !== 'submitting' || this.#phase.request !== request) return false;
    if (typeof answer === 'object' && 'Accepted' in answer) {
      this.#accept(answer.Accepted.owner);
    } else if (typeof answer === 'object' && 'Refused' in answer) {
      // It may be on its way, or its owner may come back: asked again with the same ids, which does no harm.
      if (!isPassing(answer.Refused.code)) this.fail(Refused.by(answer.Refused));
      else {
        // What was said once, and turned away on its way, has not arrived.
        if (this.#phase.isFirst && isTurnedAway(answer.Refused.code)) this.#phase.isAgain = false;
        this.#tell({ kind: 'waiting', why: answer.Refused.detail });
        this.#again(Math.min(REDIAL_MAX_MS, REQUEST_MS));
      }
    } else {
      this.#ended('unknown');
    }
    return true;
  }

  fail(error: Error): void {
    if (this.#phase.is === 'over') return;
    this.#finish();
    this.#refuse(error);
    this.#items.end(error);
  }

  detach(): void {
    if (this.#phase.is === 'over') return;
    this.#finish();
    this.#refuse(new Refused('Closed', 'nobody reads this run any more'));
    this.#items.end();
  }

  async *#read(): AsyncGenerator<RunEvent> {
    for await (const item of this.#items) yield item.event;
  }

  #finish(): void {
    clearTimeout(this.#timer);
    this.#phase = { is: 'over' };
    this.#stream?.close();
    this.#stream = null;
    this.#ways.over(this);
  }

  #again(after: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.resume(), after);
  }

  #tell(event: RunEvent, bytes = 0): void {
    this.#items.push({ event, bytes, from: bytes ? this.#stream : null });
  }

  #look(session: string): void {
    const destination = { Run: { session, run: this.id, from: this.#next } };
    const opened: { stream: Stream | null } = { stream: null };
    const owner = {
      message: (bytes: Uint8Array) => {
        if (opened.stream === this.#stream) this.#update(decodeMessage<RunUpdate>(bytes), bytes.length);
      },
      closed: (refusal: Refusal | null) => {
        if (opened.stream === this.#stream) this.#closed(refusal);
      },
    };
    opened.stream = this.#stream = this.#ways.open(destination, owner);
  }

  #update(update: RunUpdate, bytes: number): void {
    const isEarly = this.#phase.is === 'submitting';
    const consumed = () => this.#stream?.consumed(bytes);
    if (update === 'Waiting') {
      this.#tell({ kind: 'waiting', why: 'its device is not connected' }, bytes);
    } else if ('Attached' in update) {
      const { owner, device_name: deviceName, attempt } = update.Attached;
      if (!isEarly) this.#accept(owner, deviceName);
      this.#opened = { ...(this.#opened ?? this.#unopened()), device: owner, deviceName };
      this.#tell({ kind: 'attached', device: owner, deviceName, attempt }, bytes);
    } else if ('Event' in update) {
      if (isEarly) this.#accept(null);
      this.#event(update.Event, bytes);
    } else if ('Ended' in update) {
      consumed();
      if (isEarly) this.#accept(null);
      this.#ended(told.outcome(update.Ended));
    } else if ('Refused' in update) {
      consumed();
      // Before the answer to the request that answer decides.
      if (isEarly) this.#stream = null;
      else this.fail(Refused.by(update.Refused));
    }
  }

  /** What of an event was not told before: all of it, the rest of an omission, or nothing. */
  #event({ number, event: from }: { number: number; event: Parameters<typeof told.event>[1] }, bytes: number): void {
    const event = told.event(number, from);
    const last = event?.kind === 'omitted' ? event.through : number;
    if (last < this.#next || !event) {
      this.#stream?.consumed(bytes);
      this.#next = Math.max(this.#next, last + 1);
      return;
    }
    if (event.kind === 'omitted') event.number = Math.max(number, this.#next);
    this.#next = last + 1;
    this.#tell(event, bytes);
  }

  #closed(refusal: Refusal | null): void {
    this.#stream = null;
    if (this.#phase.is !== 'attached') return; // the answer to the request decides
    if (refusal && !isPassing(refusal.code)) return this.fail(Refused.by(refusal));
    if (this.#ways.isOnline) this.#again(REDIAL_MAX_MS);
  }

  /** The owner has recorded the run. */
  #accept(owner: string | null, name?: string): void {
    const before = this.#opened ?? this.#unopened();
    const device = owner ?? before.device ?? '';
    const deviceName = name ?? (device === before.device ? before.deviceName : this.#ways.nameOf(device));
    const { session, reason, created } = before;
    this.#wasAccepted({ session, device, deviceName, reason, created });
    if (this.#phase.is !== 'submitting') return;
    clearTimeout(this.#timer);
    this.#phase = { is: 'attached', session };
    if (!this.#stream && this.#ways.isOnline) this.#look(session);
  }

  #unopened(): Opened {
    const session = this.#phase.is === 'attached' || this.#phase.is === 'submitting' ? this.#phase.session : '';
    return { session, device: null, deviceName: '', reason: null, created: false };
  }

  #ended(outcome: ReturnType<typeof told.outcome>): void {
    this.#tell({ kind: 'ended', outcome });
    this.#accept(null);
    this.#finish();
    this.#items.end();
  }
}
