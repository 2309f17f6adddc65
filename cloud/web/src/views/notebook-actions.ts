// What a notebook's page does: runs cells, knows their sessions, fetches files of outputs.

import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import type { EditorView } from '@codemirror/view';
import { ADDED, endingOf, idOfName, linkedPath, linkTo } from '../documents/asset-paths.ts';
import { split } from '../documents/paths.ts';
import type { Replica } from '../documents/replica.ts';
import type { Asked, NotebookContext } from '../editor/context.ts';
import { notebookField, type CellRun, type CellRuns } from '../editor/notebook-field.ts';
import { reason } from '../failure.ts';
import { newId } from '../id.ts';
import type { Device, Session } from '../mesh/interface.ts';
import type { Cell, Notebook } from '../notebook/document.ts';
import { needsOf, sessionOf, settingsOf, type SessionName } from '../notebook/settings.ts';
import type { Place } from '../place.ts';
import { othersFor, sessionOn } from '../runs/elsewhere.ts';
import { readEnded, RUNS } from '../runs/ended.ts';
import type { LiveRun } from '../runs/live-run.ts';
import { beginningOf, queuedIn, queueOf, roomIn, type QueuedRun } from '../runs/queued.ts';
import type { RunEnd } from '../runs/record.ts';
import { cellOf } from '../runs/runs.ts';
import { StandIns, type StandIn } from './stand-ins.ts';

/** Colours of carets, dark enough for white names. */
const CARETS = ['#a4460f', '#136b4f', '#1c5fae', '#7a3a9c', '#9b2c52', '#5c6410'];

export class NotebookActions implements NotebookContext {
  readonly place: Place;
  readonly failure: Signal<string>;
  /** The device that was chosen for new sessions; empty: the mesh decides. */
  readonly device = signal('');
  readonly standIns: StandIns;
  /** The sessions of the notebook's cells that live, in the order of the cells. */
  readonly sessions: ReadonlySignal<Session[]>;
  readonly running: ReadonlySignal<LiveRun[]>;
  /** The document's runs that wait for other devices. */
  readonly elsewhere: ReadonlySignal<QueuedRun[]>;
  readonly #names = signal<string[]>([]);
  /** What the document says of the runs whose output it has. */
  readonly #ended = signal<ReadonlyMap<string, RunEnd>>(new Map());
  readonly #queued = signal<QueuedRun[]>([]);
  readonly #replica: Replica;
  readonly #project: string;
  readonly #projectId: string;
  /** Path of the document in its project; it may get another one. */
  path: string;
  readonly #fetching = new Map<string, Promise<void>>();
  #view: EditorView | null = null;

  constructor(place: Place, replica: Replica, project: { id: string; name: string }, path: string) {
    this.place = place;
    this.failure = place.failure;
    this.#replica = replica;
    this.#project = project.name;
    this.#projectId = project.id;
    this.path = path;
    this.standIns = new StandIns(replica.id);
    this.device.value = localStorage.getItem(this.#deviceKey()) ?? '';
    this.sessions = computed(() => this.#names.value.flatMap((name) => place.sessions.value.filter((session) => nameOf(session) === name)));
    this.running = computed(() => place.runs.live.value.filter((run) => run.record.document === replica.id && run.phase.value.kind !== 'ended'));
    this.elsewhere = computed(() => {
      const here = new Set(place.runs.live.value.map(({ record }) => record.id));
      return this.#queued.value.filter(({ run }) => !here.has(run));
    });
  }

  get canAct(): boolean {
    return this.place.isOnline && this.sessions.peek().some((session) => session.state !== 'cold');
  }

  get label(): string {
    return `Notebook ${split(this.path).name}`;
  }

  readonly announce = (words: string): void => this.place.announce(words);

  choose(device: string): void {
    this.device.value = device;
    localStorage.setItem(this.#deviceKey(), device);
  }

  /** Uses a session again that another one stood in for. */
  usesAgain(standIn: StandIn): void {
    this.standIns.forget(standIn);
    void this.#readNames();
  }

  /** Knows the sessions of an editor's cells. */
  follow(view: EditorView): void {
    this.#view = view;
    void this.#readNames();
    this.#replica.text.observe(this.#readNamesSoon);
    this.#readEnded();
    this.#replica.doc.getMap(RUNS).observe(this.#readEnded);
    this.#readQueued();
    queueOf(this.#replica.doc).observe(this.#readQueued);
  }

  leaves(): void {
    this.failure.value = '';
    this.#replica.text.unobserve(this.#readNamesSoon);
    this.#replica.doc.getMap(RUNS).unobserve(this.#readEnded);
    queueOf(this.#replica.doc).unobserve(this.#readQueued);
    this.#replica.awareness.setLocalState(null);
    this.#view = null;
  }

  /** Shows others who has the document open. */
  showsPresence({ deviceId, name }: { deviceId: string; name: string }): void {
    const colour = CARETS[Number.parseInt(deviceId.slice(0, 2), 16) % CARETS.length]!;
    this.#replica.awareness.setLocalState({ user: { name, color: colour, colorLight: `${colour}33` } });
  }

  run(_view: EditorView, cells: readonly Cell[]): void {
    void this.#run(cells);
  }

  async #run(cells: readonly Cell[]): Promise<void> {
    const notebook = this.#view?.state.field(notebookField);
    if (!notebook) return;
    this.failure.value = '';
    const group = cells.length > 1 ? newId() : null;
    try {
      const settings = await settingsOf(notebook);
      const device = this.device.peek() || undefined;
      const wishes = cells.map((cell) => ({
        document: this.#replica.id, projectId: this.#projectId, text: this.#replica.text, path: this.path, cell, group,
        ...this.#target(sessionOf(settings, cell, this.#project), cell.language, device), needs: needsOf(settings, cell),
        environment: environmentOf(settings.languages[cell.language]),
      }));
      if (!this.place.isOnline && wishes.length > roomIn(this.#replica.doc)) throw new Error('No more runs can wait in this document.');
      const replaced = this.#waitingAt(notebook).filter(([from]) => cells.some((cell) => cell.from === from));
      for (const [, queued] of replaced) this.takeBack(queued);
      for (const wish of wishes) this.place.runs.start(wish, this.place.isOnline);
      await this.#readNames();
    } catch (error) {
      this.failure.value = reason(error);
    }
  }

  asked({ record }: LiveRun): Asked {
    const { devices, sessions } = this.place;
    const session = sessions.value.find((session) => nameOf(session) === wordOf(record.session, record.language));
    const id = session?.owner ?? record.device ?? '';
    const device = devices.value.find((device) => device.id === id);
    return { device: device?.name ?? session?.ownerName ?? '', isAway: device !== undefined && device.presence !== 'online', others: othersFor(record.language, id, devices.value) };
  }

  runOn(run: LiveRun, device: Device): void {
    const { session, language, group } = run.record;
    const name = sessionOn(session, device, language, this.place.sessions.peek());
    // A stand-in whose device does not answer either gives way to another one for the same session.
    const replaced = this.standIns.all.peek().find((it) => it.language === language && wordOf(it.name, language) === wordOf(session, language));
    this.standIns.set({ for: replaced?.for ?? session, language, name, device: { id: device.id, name: device.name } });
    const line = wordOf(session, language);
    const isBehind = ({ record }: LiveRun) => group !== null && record.group === group && record.id > run.record.id && wordOf(record.session, record.language) === line;
    const all = [run, ...this.running.peek().filter(isBehind)];
    const cells = this.#view?.state.field(notebookField).cells ?? [];
    const again = all.flatMap(({ record }) => cellOf(record, this.#replica.text, cells) ?? []);
    this.place.runs.letGo(run).then(() => this.#run(again), (error: unknown) => (this.failure.value = reason(error)));
  }

  /** The session of a cell and the device for it, where another one stands in for it that one's. */
  #target(session: SessionName, language: string, device?: string): { session: SessionName; device?: string } {
    const standIn = this.standIns.of(session, language);
    return standIn ? { session: standIn.name, device: standIn.device.id } : { session, device };
  }

  stop(run: LiveRun): void {
    this.place.runs.stop(run).catch((error: unknown) => (this.failure.value = reason(error)));
  }

  stopAll(): void {
    // What waits is taken back before what runs is interrupted.
    for (const run of [...this.running.peek()].reverse()) this.stop(run);
  }

  takeBack(queued: QueuedRun): void {
    this.#takeBack(queued).catch((error: unknown) => (this.failure.value = reason(error)));
  }

  async #takeBack({ run, sentTo, end }: QueuedRun): Promise<void> {
    if (end !== null) return void queueOf(this.#replica.doc).delete(run); // it is over
    if (sentTo !== null && !this.place.isOnline) throw new Error('It was sent by then: to take it back needs a connection.');
    queueOf(this.#replica.doc).delete(run);
    this.announce('Taken back');
    if (sentTo === null) return;
    await this.place.mesh.interrupt(sentTo, run).catch((error: unknown) => {
      if ((error as { code?: string }).code !== 'NotFound') throw error; // a session that does not have it does not run it
    });
  }

  reply(run: LiveRun, text: string): void {
    this.place.runs.reply(run, text).catch((error: unknown) => (this.failure.value = reason(error)));
  }

  async restart(): Promise<void> {
    if (confirm('Restart the kernel? Its variables will be gone.')) await this.#each((session) => this.place.mesh.reset(session.id));
  }

  async shutdown(): Promise<void> {
    if (confirm('Shut down the kernel? Its variables will be gone.')) await this.#each((session) => this.place.mesh.shutdown(session.id));
  }

  ended(key: string): RunEnd | undefined {
    return this.#ended.value.get(key) ?? this.place.runs.labels.value.get(key);
  }

  async sessionOf(cell: Cell): Promise<string | null> {
    const session = await this.#liveSession(cell);
    return session && ['idle', 'busy'].includes(session.state) ? session.id : null;
  }

  async asset(path: string, key: string | null, cell: () => Cell | null): Promise<Blob | null> {
    const { store } = this.place.runs;
    const here = (await store.asset(path)) ?? (await this.file(path));
    if (here) return here;
    const found = cell();
    const session = found && key !== null && this.place.isOnline ? await this.#liveSession(found) : null;
    if (!session || key === null) return null;
    const run = key.split('.')[0]!;
    const fetching = this.#fetching.get(run) ?? this.place.runs.fetchAssets(session.id, run).catch(() => undefined);
    this.#fetching.set(run, fetching);
    await fetching;
    return (await store.asset(path)) ?? null;
  }

  async file(link: string): Promise<Blob | null> {
    const path = linkedPath(this.path, link);
    if (path === null) return null;
    // A name that is a hash needs no list: the file may be there before the list is.
    const id = idOfName(path) ?? (await this.place.library.assetAt(this.#projectId, path))?.asset;
    return id === undefined ? null : this.place.assets.get(id);
  }

  async add(file: File): Promise<string | null> {
    this.failure.value = '';
    try {
      const [asset, ending] = [await this.place.assets.add(file), endingOf(file.name)];
      const path = linkedPath(this.path, `${ADDED}/${asset}${ending}`)!;
      await this.place.library.putAsset(this.#projectId, path, { asset, size: file.size, type: file.type });
      return linkTo(file.name || 'picture', asset, ending, file.type.startsWith('image/'));
    } catch (error) {
      this.failure.value = `${file.name}: ${reason(error)}`;
      return null;
    }
  }

  /** The newest run of each cell, and what waits of it elsewhere. */
  runsOf(notebook: Notebook, runs: readonly LiveRun[]): CellRuns {
    const found = new Map<number, CellRun>();
    for (const run of runs) {
      if (run.record.document !== this.#replica.id) continue;
      const cell = cellOf(run.record, this.#replica.text, notebook.cells);
      if (cell) found.set(cell.from, { run, elsewhere: [] });
    }
    for (const [from, queued] of this.#waitingAt(notebook)) {
      const { run, elsewhere } = found.get(from) ?? { run: null, elsewhere: [] };
      found.set(from, { run, elsewhere: [...elsewhere, queued] });
    }
    return found;
  }

  /** What waits for other devices, by where its cell begins. */
  #waitingAt({ cells }: Notebook): [number, QueuedRun][] {
    const begins = new Set(cells.map((cell) => cell.from));
    const at = (queued: QueuedRun) => beginningOf(queued, this.#replica.doc) ?? -1;
    return this.elsewhere.value.map((queued): [number, QueuedRun] => [at(queued), queued]).filter(([from]) => begins.has(from));
  }

  #deviceKey(): string {
    return `wayfare/runtime/${this.#replica.id}`;
  }

  async #liveSession(cell: Cell): Promise<Session | null> {
    const notebook = this.#view?.state.field(notebookField);
    if (!notebook) return null;
    try {
      const name = sessionOf(await settingsOf(notebook), cell, this.#project);
      const word = wordOf(this.#target(name, cell.language).session, cell.language);
      return this.place.sessions.peek().find((session) => nameOf(session) === word) ?? null;
    } catch {
      return null; // said when the cell is run
    }
  }

  async #each(act: (session: Session) => Promise<void>): Promise<void> {
    try {
      for (const session of this.sessions.peek()) if (session.state !== 'cold') await act(session);
      await this.place.mesh.refresh();
    } catch (error) {
      this.failure.value = reason(error);
    }
  }

  #namesTimer: ReturnType<typeof setTimeout> | undefined;

  readonly #readNamesSoon = (): void => {
    clearTimeout(this.#namesTimer);
    this.#namesTimer = setTimeout(() => void this.#readNames(), 500);
  };

  readonly #readEnded = (): void => {
    const ended = new Map<string, RunEnd>();
    this.#replica.doc.getMap(RUNS).forEach((text, key) => {
      const end = readEnded(key, text);
      if (end) ended.set(key, end);
    });
    this.#ended.value = ended;
  };

  readonly #readQueued = (): void => {
    // After the text of the same change is in the editor.
    queueMicrotask(() => (this.#queued.value = queuedIn(this.#replica.doc)));
  };

  async #readNames(): Promise<void> {
    const notebook = this.#view?.state.field(notebookField);
    if (!notebook) return;
    try {
      const settings = await settingsOf(notebook);
      const names = notebook.cells.map((cell) => wordOf(this.#target(sessionOf(settings, cell, this.#project), cell.language).session, cell.language));
      this.#names.value = [...new Set(names)];
    } catch {
      this.#names.value = []; // said when a cell is run
    }
  }
}

function nameOf(session: Session): string {
  return wordOf({ project: session.project, name: session.name }, session.language);
}

function wordOf({ project, name }: SessionName, language: string): string {
  return `${project}:${name}/${language}`;
}

function environmentOf(settings: { kernel?: string; venv?: string; cwd?: string } | undefined) {
  return settings && { kernel: settings.kernel, venv: settings.venv, cwd: settings.cwd };
}
