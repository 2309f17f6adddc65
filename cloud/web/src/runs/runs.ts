// The runs of this browser: they are sent when there is a connection, and read until they end. Their output is written into the text by the
// device that has their session.

import { effect, signal, type ReadonlySignal } from '@preact/signals';
import * as Y from 'yjs';
import type { Library } from '../documents/library.ts';
import { reason } from '../failure.ts';
import { newId } from '../id.ts';
import type { LinkState, Mesh, Run } from '../mesh/interface.ts';
import type { Cell } from '../notebook/document.ts';
import { keyOf } from '../notebook/output.ts';
import type { LanguageSettings, Needs, SessionName } from '../notebook/settings.ts';
import { runKey } from '../notebook/write.ts';
import { LiveRun } from './live-run.ts';
import { ENDS, tellOfEnd } from './long-runs.ts';
import { RunQueue } from './queue.ts';
import type { RunEnd, RunRecord } from './record.ts';
import { RunStore } from './store.ts';

/** What is asked for by a tap on Run. */
export interface Wish {
  document: string;
  projectId: string;
  text: Y.Text;
  path: string;
  cell: Cell;
  session: SessionName;
  needs: Needs;
  environment?: Omit<LanguageSettings, 'name'>;
  device?: string;
  group: string | null;
}

/** Something to be said aloud. */
export type Announce = (words: string) => void;

/** So often a device is looked for that can take a run which was asked for without a connection. */
const LOOK_AGAIN_MS = 4_000;

export class Runs {
  readonly #mesh: Mesh;
  readonly #state: ReadonlySignal<LinkState>;
  readonly #announce: Announce;
  readonly #live = signal<LiveRun[]>([]);
  readonly #labels = signal<ReadonlyMap<string, RunEnd>>(new Map());
  /** Each session's runs are sent one after the other, so that they are accepted in that order; those of a group after the end. */
  readonly #lines = new Map<string, Promise<null>>();
  readonly #sent = new Set<string>();
  /** Runs that were sent and have not ended. */
  readonly #reading = new Map<string, Run>();
  readonly #queue: RunQueue;
  readonly #stop: () => void;
  readonly store: RunStore;

  constructor(mesh: Mesh, library: Library, state: ReadonlySignal<LinkState>, account: string, announce: Announce) {
    this.#mesh = mesh;
    this.#state = state;
    this.#announce = announce;
    this.#queue = new RunQueue(library, mesh.self.deviceId);
    this.store = new RunStore(account);
    void this.store.labels().then((labels) => (this.#labels.value = new Map([...labels, ...this.#labels.peek()])));
    void this.store.open().then((records) => {
      this.#live.value = [...records.map((record) => new LiveRun(record, true)), ...this.#live.peek()];
      if (state.peek() === 'online') this.#sendAll();
    });
    this.#stop = effect(() => void (state.value === 'online' && this.#sendAll()));
  }

  /** Runs that have not ended, and those that ended while this page is open; in the order in which they were asked for. */
  get live(): ReadonlySignal<readonly LiveRun[]> {
    return this.#live;
  }

  /** How runs ended that this browser saw, by their key. */
  get labels(): ReadonlySignal<ReadonlyMap<string, RunEnd>> {
    return this.#labels;
  }

  /** Runs a cell: now, or when there is a connection, which its document says until then. */
  start(wish: Wish, isOnline: boolean): LiveRun {
    const { cell, text } = wish;
    const anchor = Y.createRelativePositionFromTypeIndex(text, cell.from);
    const record: RunRecord = {
      id: newId(),
      document: wish.document,
      anchor: Y.relativePositionToJSON(anchor),
      place: anchor.item ? { project: wish.projectId, document: wish.document, begins: { client: anchor.item.client, clock: anchor.item.clock } } : undefined,
      before: keyOf(cell),
      cell: { document: wish.path, index: cell.index },
      session: wish.session,
      language: cell.language,
      code: cell.code.replace(/\n$/, ''),
      device: wish.device,
      needs: wish.needs,
      environment: wish.environment,
      at: Date.now(),
      group: wish.group,
    };
    const run = new LiveRun(record);
    const others = this.#live.peek().filter((other) => !(this.#isOver(other) && this.#isAt(other, wish)));
    this.#live.value = [...others, run];
    // First the entry: a record without one is of a run that was taken back.
    if (!isOnline && text.doc) record.isQueued = this.#queue.add(record, text.doc);
    void this.store.put(record).then(() => (run.isKept = true));
    if (isOnline) this.#send(run);
    else this.#announce(`Cell ${cell.index} will run when connected`);
    return run;
  }

  /** Ends a run: takes it back if it waits, interrupts it if it runs. */
  async stop(run: LiveRun): Promise<void> {
    const { id } = run.record;
    const reading = this.#reading.get(id);
    const session = reading ? await reading.session : (run.record.sessionId ?? run.record.sentTo);
    if (session !== undefined) return this.#mesh.interrupt(session, id);
    if (!this.#isOver(run)) await this.#ended(run, run.ended('cancelled'));
  }

  /** Takes back a run that nobody has answered for, and does not wait for an answer to that: its device hears of it when it is back. */
  async letGo(run: LiveRun): Promise<void> {
    const { id } = run.record;
    const reading = this.#reading.get(id);
    reading?.session.then((session) => this.#mesh.interrupt(session, id)).catch(() => undefined); // it has not got there, or does not answer
    reading?.detach();
    if (!this.#isOver(run)) await this.#ended(run, run.ended('cancelled'));
  }

  async reply(run: LiveRun, text: string): Promise<void> {
    if (run.record.sessionId) await this.#mesh.reply(run.record.sessionId, run.record.id, text);
  }

  /** Fetches the files of a run that this browser did not read, out of the session's journal. */
  async fetchAssets(session: string, run: string): Promise<void> {
    const reading = this.#mesh.attach(session, run);
    reading.accepted.catch(() => undefined); // said by the events as well
    const live = new LiveRun({ id: run } as RunRecord);
    for await (const event of reading.events) {
      const end = live.take(event);
      if (end) this.#label(runKey(run, end.attempt), end);
    }
    for (const file of (await live.gathered.finish()).files) await this.store.putAsset(file);
  }

  end(): void {
    this.#stop();
  }

  #isOver(run: LiveRun): boolean {
    return run.phase.peek().kind === 'ended';
  }

  #isAt(run: LiveRun, wish: Wish): boolean {
    return run.record.document === wish.document && placeOf(run.record, wish.text) === wish.cell.from;
  }

  #sendAll(): void {
    for (const run of this.#live.peek()) if (!this.#isOver(run)) this.#send(run);
  }

  #send(run: LiveRun): void {
    const { record } = run;
    if (this.#sent.has(record.id)) return;
    this.#sent.add(record.id);
    run.sends();
    const line = lineOf(record);
    const ahead = this.#ahead(record);
    if (ahead) run.waits('Waiting for the cell before');
    const before = ahead?.over ?? this.#lines.get(line) ?? Promise.resolve(null);
    const accepted = before.then(async (end) => {
      if (this.#isOver(run)) return null;
      // One that fails takes back what waits behind it.
      if (end && end.outcome !== 'succeeded') await this.#ended(run, run.ended('cancelled'));
      else await this.#alone(run);
      return null;
    });
    this.#lines.set(line, accepted);
  }

  /** The run of the same group for whose end this one waits: kernels do not know that a failure is to hold up what follows. */
  #ahead({ id, group, session, language }: RunRecord): LiveRun | undefined {
    if (group === null) return undefined;
    const isAhead = ({ record }: LiveRun) => record.group === group && record.id < id && lineOf(record) === lineOf({ session, language });
    return this.#live.peek().findLast((other) => isAhead(other) && !this.#isOver(other));
  }

  /** Of several pages of this browser that have a run, one sends it: then the others find it sent. */
  #alone(run: LiveRun): Promise<void> {
    const begun = navigator.locks.request(`wayfare/run/${run.record.id}`, () => this.#begin(run));
    return begun.catch((error: unknown) => this.#ended(run, run.ended('refused', reason(error))));
  }

  /** Sends or attaches; resolves when it is accepted or refused, or is not to be sent now. */
  async #begin(run: LiveRun): Promise<void> {
    for (let isFirst = true; !this.#isOver(run) && (await this.#isToBegin(run, isFirst)) && !(await this.#sendOnce(run)); isFirst = false) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
      if (this.#state.peek() === 'online') continue;
      run.queues();
      this.#sent.delete(run.record.id);
      return;
    }
  }

  /** `false`: no device that could take it is there yet. */
  async #sendOnce(run: LiveRun): Promise<boolean> {
    const { record } = run;
    const { project, name } = record.session;
    const reading: Run = record.sessionId
      ? this.#mesh.attach(record.sessionId, record.id)
      : this.#mesh.run({
          project, notebook: name, language: record.language, code: record.code, cell: record.cell, runId: record.id, sentTo: record.sentTo,
          place: record.place, device: record.device, needs: record.needs, environment: record.environment,
          beforeSent: (session) => this.#note(run, session),
        });
    this.#reading.set(record.id, reading);
    void this.#read(run, reading);
    try {
      const { session, deviceName } = await reading.accepted;
      record.sessionId = session;
      run.accepted(deviceName);
      await this.#waitsNoMore(record);
      if (!this.#isOver(run)) await this.store.put(record);
    } catch (error) {
      // `#read` hears the same and says it.
      return this.#isOver(run) || !isEarly(record, error);
    }
    return true;
  }

  /** Whether a run is to be sent or attached to now; what became of it in other pages and on other devices is known then. */
  async #isToBegin(run: LiveRun, isFirst: boolean): Promise<boolean> {
    const { record } = run;
    let isWanted: boolean | null = true;
    if (record.isQueued && !record.sentTo) {
      if (isFirst) run.waits('Bringing the document into step');
      isWanted = await this.#queue.waits(record);
    }
    const kept = await this.store.get(record.id);
    if (kept) Object.assign(record, { sentTo: kept.sentTo, sessionId: kept.sessionId });
    else if (run.isKept) this.#forget(run);
    if (this.#isOver(run) || !this.#live.peek().includes(run)) return false;
    if (record.sentTo ?? record.sessionId) isWanted = true;
    if (isWanted) {
      if (isFirst) run.sends();
    } else if (isWanted === false) await this.#ended(run, run.ended('cancelled'));
    else {
      run.queues();
      this.#sent.delete(record.id);
      if (this.#state.peek() === 'online') this.#send(run); // it has come back meanwhile
    }
    return isWanted === true;
  }

  /** Notes that a run is sent, before it is. */
  async #note(run: LiveRun, session: string): Promise<void> {
    const { record } = run;
    if (this.#isOver(run)) return;
    record.sentTo = session;
    if (!record.isQueued) return this.store.put(record);
    await this.store.putDurably(record);
    await this.#queue.sends(record);
  }

  /** Its entry goes out of the document, if it has one. */
  async #waitsNoMore(record: RunRecord): Promise<void> {
    if (!record.isQueued) return;
    record.isQueued = false;
    await this.#queue.remove(record);
  }

  /** A run that another page has brought to its end. */
  #forget(run: LiveRun): void {
    this.#live.value = this.#live.peek().filter((other) => other !== run);
    run.leaves();
  }

  async #read(run: LiveRun, reading: Run): Promise<void> {
    let end: RunEnd | null = null;
    try {
      for await (const event of reading.events) end = run.take(event) ?? end;
      if (!end && this.#isOver(run)) return; // let go
      end ??= run.ended('unknown');
    } catch (error) {
      if (isClosed(error)) return; // signed out: the record stays
      if (isEarly(run.record, error)) {
        this.#reading.delete(run.record.id);
        run.take({ kind: 'waiting', why: reason(error) });
        return; // it is sent again
      }
      end = run.ended('refused', error instanceof Error ? error.message : String(error));
    }
    await this.#ended(run, end);
  }

  async #ended(run: LiveRun, end: RunEnd): Promise<void> {
    const { record } = run;
    record.end = end;
    this.#reading.delete(record.id);
    await this.#waitsNoMore(record);
    this.#say(run, end);
    tellOfEnd(run, end);
    if (end.outcome !== 'cancelled' && end.outcome !== 'refused') {
      this.#label(runKey(record.id, end.attempt), end);
      // What it wrote its session's device writes into the text. Its files are seen here at once, and later without a connection.
      for (const file of (await run.gathered.finish()).files) await this.store.putAsset(file);
    }
    await this.store.remove(record.id);
  }

  #label(key: string, end: RunEnd): void {
    this.#labels.value = new Map(this.#labels.peek()).set(key, end);
    void this.store.putLabel(key, end);
  }

  #say(run: LiveRun, end: RunEnd): void {
    const cell = `Cell ${run.record.cell.index}`;
    this.#announce(`${cell} ${ENDS[end.outcome]}${end.why ? `: ${end.why}` : ''}`);
  }
}

/** Runs of one session go one after the other. */
function lineOf({ session, language }: Pick<RunRecord, 'session' | 'language'>): string {
  return `${session.project}:${session.name}/${language}`;
}

/** Where a run's cell begins in the text of today; `null` if that place is gone. */
export function placeOf(record: RunRecord, text: Y.Text): number | null {
  if (!text.doc) return null;
  const position = Y.createRelativePositionFromJSON(record.anchor);
  return Y.createAbsolutePositionFromRelativePosition(position, text.doc)?.index ?? null;
}

/** The cell that a run is of: the one at its place, else the one with its code. */
export function cellOf(record: RunRecord, text: Y.Text, cells: readonly Cell[]): Cell | null {
  const place = placeOf(record, text);
  const code = (cell: Cell) => cell.code.replace(/\n$/, '');
  const here = cells.find((cell) => cell.from === place);
  return here ?? cells.find((cell) => code(cell) === record.code && cell.language === record.language) ?? null;
}

function isClosed(error: unknown): boolean {
  return codeOf(error) === 'Closed';
}

/** Whether a run that was asked for without a connection is refused because its devices are not there yet, and was sent to none. */
function isEarly(record: RunRecord, error: unknown): boolean {
  return record.isQueued === true && !record.sentTo && ['NoCapability', 'OwnerUnreachable'].includes(codeOf(error));
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
