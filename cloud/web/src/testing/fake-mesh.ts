// A mesh in this page that behaves: devices, sessions, runs with a kernel, and a line that a test can cut.

import type {
  Accepted, Completions, Device, Environment, Inspection, LinkState, Mesh, Run, RunEvent, RunInfo, RunRequest, Session,
} from '../mesh/interface.ts';
import type { DocumentChannel, DocumentHome } from '../documents/channel.ts';
import { newId } from '../id.ts';
import { Changing, Queue } from './changing.ts';
import { execute, FakeError } from './fake-kernel.ts';
import { FakeHome } from './fake-home.ts';
import { writeInto } from './fake-writer.ts';
import { fakeDevices, fakeSelf } from './fake-devices.ts';

class Refused extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

interface FakeRun {
  id: string;
  session: Session;
  request: RunRequest;
  events: RunEvent[];
  readers: Set<Queue<RunEvent>>;
  isInterrupted: boolean;
  wake: (() => void) | null;
  answer: ((text: string) => void) | null;
}

export class FakeMesh implements Mesh, DocumentHome {
  readonly self: { deviceId: string; name: string };
  readonly state = new Changing<LinkState>('online');
  readonly trouble = new Changing('');
  readonly devices: Changing<Device[]>;
  readonly sessions = new Changing<Session[]>([]);
  readonly home = new FakeHome();
  readonly #runs = new Map<string, FakeRun>();
  readonly #lines = new Map<string, Promise<void>>();
  /** Devices that do not answer, and who waits for them. */
  readonly #frozen = new Map<string, { thawed: Promise<void>; thaw: () => void }>();

  constructor() {
    this.self = fakeSelf(localStorage.getItem('fake/tablet') !== null);
    this.devices = new Changing(fakeDevices(this.self));
  }

  /** Cuts the line, or mends it. */
  setOnline(isOnline: boolean): void {
    this.home.setOnline(isOnline);
    this.state.set(isOnline ? 'online' : 'offline');
    this.trouble.set(isOnline ? '' : 'the network is away');
  }

  /** Stops a device as a closed lid does: it is not noticed yet. */
  freeze(name: string): void {
    let thaw = () => {};
    const thawed = new Promise<void>((resolve) => (thaw = resolve));
    this.#frozen.set(this.#named(name).id, { thawed, thaw });
  }

  thaw(name: string): void {
    const { id } = this.#named(name);
    this.#frozen.get(id)?.thaw();
    this.#frozen.delete(id);
  }

  /** Ends what sleeps, as its time does. */
  hurry(): void {
    for (const run of this.#runs.values()) run.wake?.();
  }

  /** Another presence of a device. */
  setPresence(name: string, presence: Device['presence']): void {
    const { id } = this.#named(name);
    this.devices.set(this.devices.get().map((device) => (device.id === id ? { ...device, presence, lastSeen: presence === 'online' ? null : Date.now() } : device)));
  }

  #named(name: string): Device {
    return this.devices.get().find((device) => device.name === name)!;
  }

  document(id: string): DocumentChannel {
    return this.home.document(id);
  }

  /** Files by their ids, as the home has them. */
  readonly files = new Map<string, Blob>();

  async asset(id: string): Promise<Uint8Array<ArrayBuffer>> {
    const file = this.files.get(id);
    if (!file || this.state.get() !== 'online') throw new Refused('NotFound', 'there is no such file');
    return new Uint8Array(await file.arrayBuffer());
  }

  async putAsset(id: string, file: Blob): Promise<void> {
    if (this.state.get() !== 'online') throw new Refused('OwnerUnreachable', 'the home is not connected');
    this.files.set(id, file);
  }

  async refresh(): Promise<void> {}

  run(request: RunRequest): Run {
    const id = request.runId ?? newId();
    const session = this.#sessionOf(request);
    if (!session) return refusedRun(id, new Refused('NoCapability', `no device can run ${request.language}`));
    const run: FakeRun = { id, session, request, events: [], readers: new Set(), isInterrupted: false, wake: null, answer: null };
    if (request.sentTo !== undefined) {
      run.events.push({ kind: 'ended', outcome: 'unknown' }); // the mesh of this page has heard of nothing before
      return this.#reading(run, false);
    }
    this.#runs.set(id, run);
    const noted = request.beforeSent?.(session.id);
    this.#lines.set(session.id, Promise.all([this.#lines.get(session.id), noted]).then(() => this.#execute(run)));
    return this.#reading(run, true, noted);
  }

  attach(_session: string, id: string): Run {
    const run = this.#runs.get(id);
    return run ? this.#reading(run, false) : refusedRun(id, new Refused('NotFound', 'there is no such run'));
  }

  async runs(): Promise<RunInfo[]> {
    return [];
  }

  async interrupt(session: string, id?: string): Promise<void> {
    for (const run of this.#runs.values()) {
      if (run.session.id !== session || (id !== undefined && run.id !== id)) continue;
      run.isInterrupted = true;
      run.wake?.();
    }
  }

  async reset(session: string): Promise<void> {
    await this.interrupt(session);
  }

  async shutdown(session: string): Promise<void> {
    await this.interrupt(session);
    this.#update(session, { state: 'cold', busy: null });
  }

  async setEnvironment(session: string, environment: Environment): Promise<void> {
    if (this.state.get() !== 'online') throw new Refused('OwnerUnreachable', 'the home is not connected');
    this.#update(session, { environment });
  }

  async complete(_session: string, code: string, cursor: number): Promise<Completions> {
    const start = cursor - (/[\w.]*$/.exec(code.slice(0, cursor))?.[0].length ?? 0);
    const words = ['print', 'progress', 'plot', 'table', 'time.sleep'];
    const matches = words.filter((word) => word.startsWith(code.slice(start, cursor)));
    return { matches: matches.map((label) => ({ label, kind: 'function', detail: null })), start, end: cursor };
  }

  async inspect(_session: string, code: string, cursor: number): Promise<Inspection> {
    const name = /\w*$/.exec(code.slice(0, cursor))![0] + /^\w*/.exec(code.slice(cursor))![0];
    const found = name === 'print';
    return { found, name, type: 'builtin', signature: found ? 'print(*args, sep=" ")' : null, value: null, docstring: found ? 'Prints the values.' : null };
  }

  async reply(_session: string, id: string, text: string): Promise<void> {
    this.#runs.get(id)?.answer?.(text);
  }

  async rename(deviceId: string, name: string): Promise<void> {
    if (name.length > 128) throw new Refused('Malformed', "a device's name has 1 to 128 bytes and no control characters");
    this.devices.set(this.devices.get().map((device) => (device.id === deviceId ? { ...device, name } : device)));
    this.sessions.set(this.sessions.get().map((session) => (session.owner === deviceId ? { ...session, ownerName: name } : session)));
  }

  async revoke(deviceId: string): Promise<void> {
    this.devices.set(this.devices.get().map((device) => (device.id === deviceId ? { ...device, presence: 'revoked', lastSeen: Date.now() } : device)));
  }

  close(): void {
    this.setOnline(false);
  }

  /** `null`: no device that is there can have it. */
  #sessionOf(request: RunRequest): Session | null {
    const { project, notebook: name, language } = request;
    const found = this.sessions.get().find((it) => it.project === project && it.name === name && it.language === language);
    if (found) return found;
    const owner = this.devices.get().find((it) => (request.device ? it.id === request.device : it.presence === 'online') && it.languages.includes(language));
    if (!owner) return null;
    const session: Session = {
      id: newId(), project, name, language, owner: owner.id, ownerName: owner.name, state: 'idle', busy: null, epoch: { generation: 0, number: 1 },
      environment: { kernel: null, venv: null, cwd: null, ...request.environment },
    };
    this.sessions.set([...this.sessions.get(), session]);
    return session;
  }

  #reading(run: FakeRun, created: boolean, noted?: Promise<void>): Run {
    const events = new Queue<RunEvent>();
    const { session } = run;
    for (const event of run.events) events.push(event);
    if (run.events.at(-1)?.kind === 'ended') events.end();
    run.readers.add(events);
    const accepted: Accepted = { session: session.id, device: session.owner, deviceName: session.ownerName, reason: created ? 'LocalOwner' : null, created };
    const detach = () => {
      run.readers.delete(events);
      events.end();
    };
    const thawed = this.#frozen.get(session.owner)?.thawed ?? Promise.resolve();
    return { id: run.id, session: Promise.resolve(session.id), accepted: Promise.all([thawed, noted]).then(() => accepted), events, detach };
  }

  #update(session: string, change: Partial<Session>): void {
    this.sessions.set(this.sessions.get().map((it) => (it.id === session ? { ...it, ...change } : it)));
  }

  async #execute(run: FakeRun): Promise<void> {
    let number = 0;
    const tell = (event: RunEvent) => {
      run.events.push(event);
      for (const reader of run.readers) {
        reader.push(event);
        if (event.kind === 'ended') reader.end();
      }
    };
    const { owner: device, ownerName: deviceName } = run.session;
    await this.#frozen.get(device)?.thawed;
    tell({ kind: 'attached', device, deviceName, attempt: 1 });
    if (run.isInterrupted) return tell({ kind: 'ended', outcome: 'cancelled' });
    this.#update(run.session.id, { state: 'busy', busy: { run: run.id, waiting: 0 } });
    const began = performance.now();
    const say = (event: object) => tell({ number: (number += 1), ...event } as RunEvent);
    say({ kind: 'start', at: Date.now(), kernel: 1 });
    const ended = { executionCount: 1, durationMs: 0 };
    try {
      const bundle = await execute(run.request.code, {
        say,
        ask: (prompt) => this.#ask(run, prompt, say),
        sleep: (ms) => sleep(run, ms),
        check: () => check(run),
      });
      ended.durationMs = Math.round(performance.now() - began);
      say({ kind: 'result', bundle, ...ended });
      tell({ kind: 'ended', outcome: 'succeeded' });
    } catch (error) {
      const { type, message } = error instanceof FakeError ? error : { type: 'Error', message: String(error) };
      const traceback = [
        '\u001b[31m---------------------------------------------------------------------------\u001b[39m',
        `\u001b[31m${type}\u001b[39m                         Traceback (most recent call last)`,
        'File \u001b[32m/usr/lib/python3/runpy.py:88\u001b[39m, in run(code)\n     87 def run(code):\n---> 88     exec(code)',
        `\u001b[36mCell\u001b[39m\u001b[36m \u001b[39m\u001b[32mIn[1]\u001b[39m\u001b[32m, line 1\u001b[39m\n\u001b[32m----> 1\u001b[39m ${run.request.code.split('\n').pop()}`,
        `\u001b[31m${type}\u001b[39m: ${message}`,
      ];
      ended.durationMs = Math.round(performance.now() - began);
      say({ kind: 'error', error: { type, message, traceback, line: 1, column: null }, ...ended });
      tell({ kind: 'ended', outcome: 'failed' });
    }
    this.#update(run.session.id, { state: 'idle', busy: null });
    await writeInto(this.home, this.files, run.request, run.id, deviceName, run.events);
  }

  async #ask(run: FakeRun, prompt: string, say: (event: object) => void): Promise<string> {
    say({ kind: 'stdin', prompt, password: false });
    const text = await new Promise<string>((resolve) => {
      run.answer = resolve;
      run.wake = () => resolve('');
    });
    check(run);
    say({ kind: 'stdinAnswered' });
    say({ kind: 'stdout', text: `${prompt}${text}\n` });
    return text;
  }
}

function refusedRun(id: string, why: Refused): Run {
  const refused = Promise.reject<never>(why);
  refused.catch(() => undefined);
  const events = new Queue<RunEvent>();
  events.end(why);
  return { id, session: refused, accepted: refused, events, detach: () => undefined };
}

function check(run: FakeRun): void {
  if (run.isInterrupted) throw new FakeError('KeyboardInterrupt', '');
}

async function sleep(run: FakeRun, ms: number): Promise<void> {
  await new Promise<void>((resolve) => {
    run.wake = resolve;
    setTimeout(resolve, ms);
  });
  check(run);
}
