// Which folders of a project somebody has closed in this browser.

import { signal } from '@preact/signals';

export class Folded {
  readonly #key: string;
  readonly paths = signal<ReadonlySet<string>>(new Set());

  constructor(project: string) {
    this.#key = `wayfare/folded/${project}`;
    const paths = JSON.parse(localStorage.getItem(this.#key) ?? '[]') as string[];
    this.paths.value = new Set(paths);
  }

  /** Closes a folder that is open, opens one that is closed. */
  turn(path: string): void {
    const paths = new Set(this.paths.peek());
    if (!paths.delete(path)) paths.add(path);
    this.paths.value = paths;
    localStorage.setItem(this.#key, JSON.stringify([...paths]));
  }
}
