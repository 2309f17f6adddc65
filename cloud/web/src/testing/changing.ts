// A value that changes, as the mesh gives them.

import type { Readable } from '../mesh/interface.ts';

export class Changing<T> implements Readable<T> {
  #value: T;
  readonly #listeners = new Set<(value: T) => void>();

  constructor(value: T) {
    this.#value = value;
  }

  get(): T {
    return this.#value;
  }

  set(value: T): void {
    this.#value = value;
    for (const listener of [...this.#listeners]) listener(value);
  }

  subscribe(listener: (value: T) => void): () => void {
    this.#listeners.add(listener);
    listener(this.#value);
    return () => void this.#listeners.delete(listener);
  }
}

/** Values for one reader, in order. */
export class Queue<T> implements AsyncIterable<T> {
  readonly #values: T[] = [];
  #end: { error: Error | null } | null = null;
  #wake: (() => void) | null = null;

  push(value: T): void {
    if (!this.#end) this.#values.push(value);
    this.#wake?.();
  }

  end(error: Error | null = null): void {
    this.#end ??= { error };
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      if (this.#values.length > 0) {
        yield this.#values.shift()!;
      } else if (this.#end) {
        if (this.#end.error) throw this.#end.error;
        return;
      } else {
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    }
  }
}
