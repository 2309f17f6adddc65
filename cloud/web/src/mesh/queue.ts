// What comes, for one reader who takes it in its own time.

export class Queue<T> implements AsyncIterable<T> {
  #items: T[] = [];
  #end: { error?: Error } | null = null;
  #wake: () => void = () => {};
  readonly #taken: (item: T) => void;

  /** `taken` hears of each item when the reader takes it, and of those that nobody will take. */
  constructor(taken: (item: T) => void = () => {}) {
    this.#taken = taken;
  }

  push(item: T): void {
    if (this.#end) return this.#taken(item);
    this.#items.push(item);
    this.#wake();
  }

  /** What was pushed before is still read, then the end, or the error. */
  end(error?: Error): void {
    this.#end ??= error ? { error } : {};
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      const item = this.#items.shift();
      if (item !== undefined) {
        this.#taken(item);
        yield item;
      } else if (this.#end) {
        if (this.#end.error) throw this.#end.error;
        return;
      } else {
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    }
  }
}
