// Which changes made here the home does not keep yet. A change is what was done without a pause of a second.

import { signal, type ReadonlySignal } from '@preact/signals';

/** Changes within so many milliseconds are one, as long as none was sent. */
const ONE_CHANGE_MS = 1000;

export class Unkept {
  readonly #count = signal(0);
  readonly #key: string;
  /** The number of the frame that carries each change; `null`: none was sent. */
  #changes: (number | null)[];
  #last = 0;

  /** `key`: where the count is remembered while the page is closed. */
  constructor(key: string, remembered: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>) {
    this.#key = key;
    this.#storage = remembered;
    this.#changes = Array.from({ length: Number(remembered.getItem(key) ?? 0) || 0 }, () => null);
    this.#tell();
  }

  readonly #storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

  get count(): ReadonlySignal<number> {
    return this.#count;
  }

  /** Something was changed here; `frame`: the number of the frame in which it was sent at once. */
  changed(frame: number | null, now: number): void {
    const goesOn = frame === null && this.#changes.at(-1) === null && now - this.#last < ONE_CHANGE_MS;
    this.#last = now;
    if (!goesOn) this.#changes.push(frame);
    this.#tell();
  }

  /** Everything that was not sent is in that frame. */
  sentAll(frame: number): void {
    this.#changes = this.#changes.map((sent) => sent ?? frame);
  }

  /** The other end keeps the frames through that number. */
  kept(through: number): void {
    this.#changes = this.#changes.filter((frame) => frame === null || frame > through);
    this.#tell();
  }

  /** The connection was lost, and with it the numbers. */
  lost(): void {
    this.#changes = this.#changes.map(() => null);
  }

  #tell(): void {
    this.#count.value = this.#changes.length;
    if (this.#changes.length > 0) this.#storage.setItem(this.#key, String(this.#changes.length));
    else this.#storage.removeItem(this.#key);
  }
}
