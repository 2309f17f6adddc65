// The assets of the account in this browser: what was seen is kept for when there is no home, what was added is brought to it.

import { effect, type ReadonlySignal } from '@preact/signals';
import { createStore, del, entries, get, keys, set, type UseStore } from 'idb-keyval';
import type { AssetFile } from './asset-paths.ts';
import type { LinkState } from '../mesh/interface.ts';

/** Bytes of files that are kept; of more, those that were not looked at for the longest time go. What is not brought yet stays. */
const KEPT_MAX = 512 * 1024 * 1024;
/** Of these, bytes up to which pictures are fetched before anybody looks at them; and bytes of one. */
const AHEAD_MAX = 128 * 1024 * 1024;
const AHEAD_ONE_MAX = 256 * 1024;
/** Largest file that is added here: it is hashed as a whole. */
export const ADDED_MAX = 256 * 1024 * 1024;
/** Milliseconds before what could not be brought is tried again. */
const AGAIN_MS = 5000;

/** Where assets are: the part of a mesh that this needs. */
export interface AssetHome {
  asset(id: string): Promise<Uint8Array<ArrayBuffer>>;
  putAsset(id: string, file: Blob): Promise<void>;
}

interface Seen {
  size: number;
  at: number;
}

export class Assets {
  readonly #home: AssetHome;
  readonly #state: ReadonlySignal<LinkState>;
  readonly #files: UseStore;
  readonly #seen: UseStore;
  readonly #owed: UseStore;
  readonly #coming = new Map<string, Promise<Blob | null>>();
  readonly #stop: () => void;
  #isBringing = false;
  #isOver = false;

  constructor(home: AssetHome, state: ReadonlySignal<LinkState>, account: string) {
    this.#home = home;
    this.#state = state;
    this.#files = createStore(`wayfare/${account}/files`, 'files');
    this.#seen = createStore(`wayfare/${account}/files-seen`, 'seen');
    this.#owed = createStore(`wayfare/${account}/files-owed`, 'owed');
    this.#stop = effect(() => void (state.value === 'online' && void this.#bring()));
  }

  /** A file; `null` if it is neither here nor where the home can get at it. */
  get(id: string): Promise<Blob | null> {
    const coming = this.#coming.get(id) ?? this.#get(id).finally(() => this.#coming.delete(id));
    this.#coming.set(id, coming);
    return coming;
  }

  async #get(id: string): Promise<Blob | null> {
    const here = await get<Blob>(id, this.#files);
    if (here) {
      void set(id, { size: here.size, at: Date.now() } satisfies Seen, this.#seen);
      return here;
    }
    if (this.#state.peek() !== 'online') return null;
    try {
      const file = new Blob([await this.#home.asset(id)]);
      await this.#keep(id, file);
      return file;
    } catch (error) {
      console.warn(`file ${id}:`, error);
      return null;
    }
  }

  /** Fetches a small picture for when there is no home, if there is room. It is the first to go. */
  async ahead({ asset: id, size, type }: AssetFile): Promise<void> {
    if (!type.startsWith('image/') || size > AHEAD_ONE_MAX || !this.#isOnline || (await get(id, this.#seen))) return;
    if ((await this.#kept()).reduce((sum, [, { size }]) => sum + size, size) > AHEAD_MAX) return;
    try {
      await this.#keep(id, new Blob([await this.#home.asset(id)]), 0);
    } catch (error) {
      console.warn(`file ${id} is not read ahead:`, error);
    }
  }

  /** Adds a file: it is kept here at once, and brought to the home when there is one. Returns its id. */
  async add(file: Blob): Promise<string> {
    if (file.size > ADDED_MAX) throw new Error(`A file has at most ${ADDED_MAX / 1024 / 1024} MiB here.`);
    const bytes = await file.arrayBuffer();
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    const id = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
    await this.#keep(id, new Blob([bytes], { type: file.type }));
    // Only now: what is owed and not here is forgotten.
    await set(id, true, this.#owed);
    void this.#bring();
    return id;
  }

  end(): void {
    this.#isOver = true;
    this.#stop();
  }

  async #keep(id: string, file: Blob, at = Date.now()): Promise<void> {
    await set(id, file, this.#files);
    await set(id, { size: file.size, at } satisfies Seen, this.#seen);
    await this.#trim();
  }

  #kept(): Promise<[string, Seen][]> {
    return entries<string, Seen>(this.#seen);
  }

  async #trim(): Promise<void> {
    const all = await this.#kept();
    let bytes = all.reduce((sum, [, { size }]) => sum + size, 0);
    if (bytes <= KEPT_MAX) return;
    const owed = new Set(await keys<string>(this.#owed));
    for (const [id, { size }] of all.sort(([, a], [, b]) => a.at - b.at)) {
      if (bytes <= KEPT_MAX) return;
      if (owed.has(id)) continue;
      await del(id, this.#files);
      await del(id, this.#seen);
      bytes -= size;
    }
  }

  /** Brings what was added here, one after the other, until nothing is owed or the home is away. */
  async #bring(): Promise<void> {
    if (this.#isBringing) return;
    this.#isBringing = true;
    try {
      for (let owed = await keys<string>(this.#owed); owed.length > 0 && this.#isOnline; owed = await keys<string>(this.#owed)) {
        const failures = (await Promise.all(owed.map((id) => this.#bringOne(id)))).filter((is) => !is);
        if (failures.length > 0) await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    } finally {
      this.#isBringing = false;
    }
  }

  get #isOnline(): boolean {
    return !this.#isOver && this.#state.peek() === 'online';
  }

  async #bringOne(id: string): Promise<boolean> {
    const file = await get<Blob>(id, this.#files);
    try {
      if (file) await this.#home.putAsset(id, file);
      await del(id, this.#owed);
      return true;
    } catch (error) {
      console.warn(`file ${id} is not brought yet:`, error);
      return false;
    }
  }
}
