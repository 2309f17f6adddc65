// What the browser keeps of runs: those that have not ended, the labels of those that have, and the files of their outputs.

import { clear, createStore, del, entries, get, promisifyRequest, set, type UseStore } from 'idb-keyval';
import type { AssetFile } from '../output/gather.ts';
import type { RunEnd, RunRecord } from './record.ts';

/** Labels of runs that are kept. */
const LABELS_MAX = 2000;

export class RunStore {
  readonly #runs: UseStore;
  readonly #labels: UseStore;
  readonly #assets: UseStore;

  constructor(account: string) {
    this.#runs = createStore(`wayfare/${account}/runs`, 'runs');
    this.#labels = createStore(`wayfare/${account}/labels`, 'labels');
    this.#assets = createStore(`wayfare/${account}/assets`, 'assets');
  }

  /** Runs that have not ended, in the order in which they were asked for. */
  async open(): Promise<RunRecord[]> {
    const all = await entries<string, RunRecord>(this.#runs);
    return all.map(([, record]) => record).sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  put(record: RunRecord): Promise<void> {
    return set(record.id, record, this.#runs);
  }

  /** Ends when it is on disk, so that it is there after a power failure too. */
  async putDurably(record: RunRecord): Promise<void> {
    const database = await this.#runs('readonly', (store) => store.transaction.db);
    const transaction = database.transaction('runs', 'readwrite', { durability: 'strict' });
    transaction.objectStore('runs').put(record, record.id);
    await promisifyRequest(transaction);
  }

  get(run: string): Promise<RunRecord | undefined> {
    return get<RunRecord>(run, this.#runs);
  }

  remove(run: string): Promise<void> {
    return del(run, this.#runs);
  }

  async labels(): Promise<Map<string, RunEnd>> {
    const all = await entries<string, RunEnd>(this.#labels);
    all.sort(([a], [b]) => (a < b ? -1 : 1));
    for (const [key] of all.splice(0, all.length - LABELS_MAX)) void del(key, this.#labels);
    return new Map(all);
  }

  /** `key`: of run and attempt, as output blocks have it. */
  putLabel(key: string, end: RunEnd): Promise<void> {
    return set(key, end, this.#labels);
  }

  async putAsset(file: AssetFile): Promise<void> {
    await set(file.path, new Blob([file.bytes], { type: file.mime }), this.#assets);
  }

  /** A file by its path from the document, which ends in its hash; `undefined` if it is not in this browser. */
  asset(path: string): Promise<Blob | undefined> {
    return get<Blob>(path, this.#assets);
  }

  async forget(): Promise<void> {
    await Promise.all([clear(this.#runs), clear(this.#labels), clear(this.#assets)]);
  }
}
