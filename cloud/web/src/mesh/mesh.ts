// A mesh by its home: one link, dialed again; what is asked over it, and the runs and lists that live through its losses.

import { getAsset, putAsset } from './assets.ts';
import { Channel } from './channel.ts';
import { Refused } from './errors.ts';
import { equal } from './bytes.ts';
import { newId } from './ids.ts';
import type {
  Completions, Credentials, Device, DocumentCell, Environment, Inspection, LinkState, Mesh, Run, RunInfo, RunRequest, Session,
} from './interface.ts';
import { Link, type LinkEnd } from './link.ts';
import {
  OPEN_SESSION_MS, REDIAL_MAX_MS, REDIAL_MIN_MS, REQUEST_MS, RUNS_LISTED_MAX,
  type Control, type Destination, type ExecuteRequest, type KernelAsk, type KernelTold, type OpenedSession, type ServerIdentity, type SessionAnswer, type SessionCall,
} from './protocol.ts';
import { Changing } from './readable.ts';
import { Reading, type Opened, type Ways } from './run.ts';
import type { Stream, StreamOwner } from './streams.ts';
import * as told from './told.ts';

/** Lists are asked for again so often while somebody looks at them. */
const LISTS_EVERY_MS = 4_000;
/** The same while a run waits for a kernel that is being started. */
const LISTS_SOON_MS = 500;

/** The variants of `Control` that answer something. */
type Answer = Extract<Control, object>;

interface Question {
  message: Control;
  /** Said again when another link is up: it asks the same thing. */
  isLasting: boolean;
  timer: ReturnType<typeof setTimeout>;
  resolve: (answer: Answer) => void;
  reject: (error: Error) => void;
}

function isExpected(expected: ServerIdentity, found: ServerIdentity): boolean {
  if ('Ca' in expected) return 'Ca' in found && equal(expected.Ca, found.Ca);
  if ('Node' in expected) return 'Node' in found && expected.Node === found.Node;
  return 'Origin' in found && expected.Origin === found.Origin;
}

export class HomeMesh implements Mesh {
  readonly self: Mesh['self'];
  readonly state = new Changing<LinkState>('connecting');
  readonly trouble = new Changing('');
  readonly devices = new Changing<Device[]>([], () => this.#poll());
  readonly sessions = new Changing<Session[]>([], () => this.#poll());
  readonly #credentials: Credentials;
  readonly #questions = new Map<string, Question>();
  readonly #runs = new Set<Reading>();
  /** Sessions that are open or being opened, by project, name and language. */
  readonly #opened = new Map<string, Promise<OpenedSession>>();
  readonly #ways: Ways;
  #link: Link | null = null;
  #attempt = 0;
  #retryAfter: number | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lists: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  constructor(credentials: Credentials) {
    this.#credentials = credentials;
    this.self = { deviceId: credentials.deviceId, name: credentials.name };
    const mesh = this;
    this.#ways = {
      get isOnline() {
        return mesh.#isOnline;
      },
      say: (message) => this.#link?.say(message),
      open: (destination, owner) => this.#link?.streams.open(destination, 'Interactive', owner) ?? null,
      nameOf: (id) => this.devices.get().find((device) => device.id === id)?.name ?? '',
      over: (run) => this.#runs.delete(run),
    };
    globalThis.addEventListener?.('online', this.#hurry);
    this.#dial();
  }

  async refresh(): Promise<void> {
    const [devices, sessions] = await Promise.all([
      this.#ask((request) => ({ ListDevices: { request } })),
      this.#ask((request) => ({ ListSessions: { request } })),
    ]);
    if ('DeviceList' in devices) {
      this.devices.set(devices.DeviceList.devices.map((device) => told.device(device, this.#here)));
    }
    if ('SessionList' in sessions) this.sessions.set(sessions.SessionList.sessions.map(told.session));
  }

  run(request: RunRequest): Run {
    const run = this.#reading(request.runId ?? newId());
    const { code, cell = null, place = null } = request;
    const execute = { code, storeHistory: true, silent: false, allowStdin: true, cell };
    this.#begin(run, request, execute, place).catch((error: Error) => run.fail(error));
    run.accepted.catch(({ code }: Refused) => {
      if (code === 'NotFound') this.#opened.clear(); // a session that was known is no more
    });
    return run;
  }

  attach(session: string, id: string, from = 1): Run {
    const run = this.#reading(id, from);
    run.attach(session);
    return run;
  }

  async runs(session: string, last = 20): Promise<RunInfo[]> {
    const answer = await this.#call(session, { Runs: { last: Math.min(last, RUNS_LISTED_MAX) } });
    return typeof answer === 'object' && 'Runs' in answer ? answer.Runs.map(told.runInfo) : [];
  }

  async interrupt(session: string, run?: string): Promise<void> {
    await this.#call(session, { Interrupt: { run: run ?? null } });
  }

  async reset(session: string): Promise<void> {
    await this.#call(session, 'Reset');
  }

  async shutdown(session: string): Promise<void> {
    await this.#call(session, 'Stop');
  }

  async setEnvironment(session: string, environment: Environment): Promise<void> {
    await this.#call(session, { SetEnvironment: environment });
  }

  async complete(session: string, code: string, cursor: number): Promise<Completions> {
    const answer = await this.#kernel(session, { Complete: { code, cursor } });
    if (!('Completions' in answer)) throw new Refused('Malformed', 'the kernel answered something else');
    const { matches, cursorStart: start, cursorEnd: end } = answer.Completions;
    return { matches, start, end };
  }

  async inspect(session: string, code: string, cursor: number): Promise<Inspection> {
    const answer = await this.#kernel(session, { Inspect: { code, cursor, detail: 'Documentation' } });
    if (!('Inspection' in answer)) throw new Refused('Malformed', 'the kernel answered something else');
    const { found, name, kind: type, signature, value, docstring } = answer.Inspection;
    return { found, name, type, signature, value, docstring };
  }

  async reply(session: string, run: string, text: string): Promise<void> {
    await this.#call(session, { Input: { run, text } });
  }

  document(id: string): Channel {
    return new Channel(id, (destination, owner) => (this.#isOnline ? this.#ways.open(destination, owner) : null));
  }

  asset(id: string): Promise<Uint8Array<ArrayBuffer>> {
    return getAsset(this.#openBulk, id);
  }

  putAsset(id: string, file: Blob): Promise<void> {
    return putAsset(this.#openBulk, id, file);
  }

  async rename(device: string, name: string): Promise<void> {
    const answer = await this.#ask((request) => ({ RenameDevice: { request, device, name } }));
    if ('DeviceRenamed' in answer && 'Err' in answer.DeviceRenamed.outcome) {
      throw Refused.by(answer.DeviceRenamed.outcome.Err);
    }
    this.refresh().catch(() => {}); // asked for again anyway
  }

  async revoke(device: string): Promise<void> {
    const answer = await this.#ask((request) => ({ RevokeDevice: { request, device } }));
    if ('DeviceRevoked' in answer && 'Err' in answer.DeviceRevoked.outcome) {
      throw Refused.by(answer.DeviceRevoked.outcome.Err);
    }
    this.refresh().catch(() => {}); // asked for again anyway
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    globalThis.removeEventListener?.('online', this.#hurry);
    clearTimeout(this.#timer);
    clearTimeout(this.#lists);
    const closed = new Refused('Closed', 'the connection to the mesh was closed');
    for (const run of [...this.#runs]) run.fail(closed);
    for (const [id] of [...this.#questions]) this.#forget(id)?.reject(closed);
    this.#link?.close();
    this.#link = null;
  }

  /** At a node of this machine this device is the node's. */
  get #here(): string {
    const { server, deviceId } = this.#credentials;
    return 'Node' in server ? server.Node : deviceId;
  }

  readonly #openBulk = (destination: Destination, owner: StreamOwner): Stream | null =>
    this.#isOnline ? (this.#link?.streams.open(destination, 'Bulk', owner) ?? null) : null;

  // ---- The link

  get #isOnline(): boolean {
    return this.#link?.isUp ?? false;
  }

  readonly #hurry = (): void => {
    if (!this.#link && !this.#isClosed) this.#dial();
  };

  #dial(): void {
    clearTimeout(this.#timer);
    const { url, token, key, sealing, deviceId, name, server } = this.#credentials;
    const expects = (found: ServerIdentity) => {
      if (!isExpected(server, found)) throw new Refused('Unauthenticated', 'another server answers there');
    };
    this.#retryAfter = null;
    this.#link = new Link({ url, token, keys: { key, sealing }, deviceId, name, expects }, {
      up: () => this.#up(),
      control: (message) => this.#control(message as Answer),
      down: (end) => this.#down(end),
    });
  }

  #up(): void {
    this.#attempt = 0;
    this.trouble.set('');
    for (const { message, isLasting } of this.#questions.values()) if (isLasting) this.#link?.say(message);
    for (const run of [...this.#runs]) run.resume();
    this.state.set('online');
    this.#poll();
  }

  #down(end: LinkEnd): void {
    this.#link = null;
    if (this.#isClosed) return;
    const wasUp = this.state.get() === 'online';
    const lost = new Refused('DeadlineExceeded', 'the link was lost; whether it was done is not known');
    for (const [id, { isLasting }] of [...this.#questions]) if (!isLasting) this.#forget(id)?.reject(lost);
    this.trouble.set(end.why);
    if (wasUp) for (const run of [...this.#runs]) run.suspend(end.why);
    this.#wait(end, wasUp);
  }

  #wait(end: LinkEnd, wasUp: boolean): void {
    const most = Math.min(REDIAL_MIN_MS * 2 ** (this.#attempt + 1), REDIAL_MAX_MS);
    let pause = REDIAL_MIN_MS + Math.random() * (most - REDIAL_MIN_MS);
    if (this.#retryAfter !== null) pause = Math.min(Math.max(this.#retryAfter, REDIAL_MIN_MS), REDIAL_MAX_MS);
    if (end.isHopeless) pause = REDIAL_MAX_MS; // its cause may be mended at the other end
    this.#attempt += 1;
    this.state.set(end.isHopeless ? 'refused' : wasUp ? 'connecting' : 'offline');
    this.#timer = setTimeout(() => this.#dial(), pause);
  }

  // ---- What is asked

  #control(message: Answer): void {
    if ('Draining' in message) {
      this.#retryAfter = message.Draining.retry_after_ms;
      return;
    }
    const [content] = Object.values(message) as { request?: string }[];
    const request = content?.request;
    if (!request) return;
    if ('MrpResponse' in message && this.#answered(request, message.MrpResponse.answer)) return;
    this.#forget(request)?.resolve(message);
  }

  #answered(request: string, answer: SessionAnswer): boolean {
    return [...this.#runs].some((run) => run.answered(request, answer));
  }

  #forget(id: string): Question | undefined {
    const question = this.#questions.get(id);
    clearTimeout(question?.timer);
    this.#questions.delete(id);
    return question;
  }

  #ask(make: (request: string) => Control, within = REQUEST_MS, isLasting = false): Promise<Answer> {
    if (!this.#isOnline && !isLasting) return Promise.reject(new Refused('OwnerUnreachable', 'the home is not connected'));
    const id = newId();
    const message = make(id);
    return new Promise((resolve, reject) => {
      const late = new Refused('DeadlineExceeded', 'no answer came in time');
      const timer = setTimeout(() => this.#forget(id)?.reject(late), within);
      this.#questions.set(id, { message, isLasting, timer, resolve, reject });
      if (this.#isOnline) this.#link?.say(message);
    });
  }

  async #call(session: string, call: SessionCall): Promise<SessionAnswer> {
    const trace = newId();
    const answered = await this.#ask((request) => ({ MrpRequest: { request, trace, session, epoch: null, call } }));
    if (!('MrpResponse' in answered)) throw new Refused('Malformed', 'the mesh answered something else');
    const { answer } = answered.MrpResponse;
    if (typeof answer === 'object' && 'Refused' in answer) throw Refused.by(answer.Refused);
    return answer;
  }

  async #kernel(session: string, ask: KernelAsk): Promise<KernelTold> {
    const answer = await this.#call(session, { Ask: ask });
    if (typeof answer === 'object' && 'Told' in answer) return answer.Told;
    throw new Refused('Malformed', 'the mesh answered something else');
  }

  // ---- Runs and their sessions

  #reading(id: string, from?: number): Reading {
    const run = new Reading(this.#ways, id, from);
    this.#runs.add(run);
    return run;
  }

  async #begin(run: Reading, request: RunRequest, execute: ExecuteRequest, place: DocumentCell | null): Promise<void> {
    const { sentTo } = request;
    if (sentTo !== undefined) {
      return run.submit({ session: sentTo, device: null, deviceName: '', reason: null, created: false }, execute, place, true);
    }
    const opened = await this.#open(request);
    await request.beforeSent?.(opened.session);
    run.submit(opened, execute, place, false);
    if (!this.#lives(opened.session)) this.#poll();
  }

  /** The session of a request: opened once, and again where a device is named, since it may be another than the session's. */
  async #open(request: RunRequest): Promise<Opened> {
    const { project, notebook, language, device } = request;
    const key = JSON.stringify([project, notebook, language]);
    const known = device ? undefined : this.#opened.get(key);
    const opening = known ?? this.#opening(request);
    this.#opened.set(key, opening);
    try {
      const { session, reason, created } = await opening;
      return { session: session.id, device: session.owner, deviceName: session.device_name, reason, created: created && !known };
    } catch (error) {
      if (this.#opened.get(key) === opening) this.#opened.delete(key);
      throw error;
    }
  }

  async #opening({ project, notebook, language, device, needs, environment }: RunRequest): Promise<OpenedSession> {
    const open = {
      key: { name: { project, name: notebook }, language },
      id: newId(),
      environment: { kernel: null, venv: null, cwd: null, ...environment },
      needs: { gpu: needs?.gpu ?? false, memory_bytes: needs?.memoryBytes ?? null, tags: needs?.tags ?? [] },
      device: device ?? null,
    };
    const answer = await this.#ask((request) => ({ Open: { request, open } }), OPEN_SESSION_MS, true);
    if (!('Opened' in answer)) throw new Refused('Malformed', 'the mesh answered something else');
    const { outcome } = answer.Opened;
    if ('Err' in outcome) throw Refused.by(outcome.Err);
    return outcome.Ok;
  }

  // ---- Lists

  /** Whether a session has a kernel, by the list as it is. */
  #lives(id: string): boolean {
    return this.sessions.get().some((session) => session.id === id && session.state !== 'cold' && session.state !== 'starting');
  }

  #poll(): void {
    clearTimeout(this.#lists);
    if (this.#isClosed || !this.#isOnline || !(this.devices.isWatched || this.sessions.isWatched)) return;
    const isAwaited = () => [...this.#runs].some(({ at }) => at !== null && !this.#lives(at));
    const again = () => (this.#lists = setTimeout(() => this.#poll(), isAwaited() ? LISTS_SOON_MS : LISTS_EVERY_MS));
    this.refresh().then(again, again);
  }
}
