// Values that change.

import type { Readable } from './interface.ts';

export class Changing<T> implements Readable<T> {
  #value: T;
  #listeners = new Set<(value: T) => void>();
  readonly #watched: (isWatched: boolean) => void;

  /** `watched` hears when the first listener comes and when the last goes. */
  constructor(value: T, watched: (isWatched: boolean) => void = () => {}) {
    this.#value = value;
    this.#watched = watched;
  }

  get(): T {
    return this.#value;
  }

  get isWatched(): boolean {
    return this.#listeners.size > 0;
  }

  set(value: T): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const listener of [...this.#listeners]) listener(value);
  }

  subscribe(listener: (value: T) => void): () => void {
    const own = (value: T) => listener(value); // a listener may come twice
    this.#listeners.add(own);
    if (this.#listeners.size === 1) this.#watched(true);
    own(this.#value);
    return () => {
      if (this.#listeners.delete(own) && this.#listeners.size === 0) this.#watched(false);
    };
  }
}
