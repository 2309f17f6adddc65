// Everything of a signed-in page: the mesh, the documents, the runs.

import { signal, type ReadonlySignal } from '@preact/signals';
import { Assets } from './documents/assets.ts';
import { Library } from './documents/library.ts';
import { follow } from './follow.ts';
import { lastSync } from './last-sync.ts';
import type { Device, LinkState, Mesh, Session } from './mesh/interface.ts';
import type { Notice } from './Toast.tsx';
import { Runs } from './runs/runs.ts';

export class Place {
  readonly mesh: Mesh;
  readonly library: Library;
  readonly assets: Assets;
  readonly runs: Runs;
  readonly state: ReadonlySignal<LinkState>;
  readonly trouble: ReadonlySignal<string>;
  readonly devices: ReadonlySignal<Device[]>;
  readonly sessions: ReadonlySignal<Session[]>;
  /** When it was last connected, in milliseconds since 1970; `null` if it never was. */
  readonly lastSync: ReadonlySignal<number | null>;
  /** What a screen reader is to say next. */
  readonly said = signal('');
  /** What was done a moment ago and can be undone. */
  readonly notice = signal<Notice | null>(null);
  /** What went wrong a moment ago; empty if nothing did. */
  readonly failure = signal('');
  /** Device id of the node that this page was loaded from; `null` if it is a cloud. */
  readonly localNode: string | null;
  readonly #stops: (() => void)[] = [];

  constructor(mesh: Mesh, account: string, localNode: string | null) {
    this.mesh = mesh;
    this.localNode = localNode;
    const signals = { state: follow(mesh.state), trouble: follow(mesh.trouble), devices: follow(mesh.devices), sessions: follow(mesh.sessions) };
    this.#stops.push(...Object.values(signals).map((followed) => followed.stop));
    this.state = signals.state.value;
    this.trouble = signals.trouble.value;
    this.devices = signals.devices.value;
    this.sessions = signals.sessions.value;
    const last = lastSync(this.state);
    this.lastSync = last.at;
    this.#stops.push(last.stop);
    this.assets = new Assets(mesh, this.state, account);
    this.library = new Library(mesh, this.state, account, (file) => this.assets.ahead(file));
    this.runs = new Runs(mesh, this.library, this.state, account, this.announce);
  }

  get isOnline(): boolean {
    return this.state.value === 'online';
  }

  readonly announce = (words: string): void => {
    // The same words twice are said twice.
    this.said.value = this.said.peek() === words ? `${words}\u00a0` : words;
  };

  async end(): Promise<void> {
    this.#stops.forEach((stop) => stop());
    this.runs.end();
    this.assets.end();
    this.mesh.close();
    await this.library.end();
  }
}
