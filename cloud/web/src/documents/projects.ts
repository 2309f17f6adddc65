// The projects of the account, and those that were deleted: two maps of the index.

import type { ReadonlySignal } from '@preact/signals';
import type * as Y from 'yjs';
import { newId } from '../id.ts';
import { namedIn, withoutKept, type Named } from './named.ts';
import { freePath, projectFaultOf } from './paths.ts';
import type { Replica } from './replica.ts';

export class Projects {
  readonly #doc: Y.Doc;
  readonly #named: Y.Map<string>;
  readonly #deleted: Y.Map<string>;
  /** Those that there are, in order of name. */
  readonly all: ReadonlySignal<Named[]>;
  /** Those that were deleted, by the names they had. */
  readonly trash: ReadonlySignal<Named[]>;
  /** Whether the list is known here. */
  readonly known: ReadonlySignal<boolean>;

  constructor(index: Replica) {
    this.#doc = index.doc;
    this.#named = index.doc.getMap('projects');
    this.#deleted = index.doc.getMap('projectTrash');
    this.all = namedIn(index, 'projects');
    this.trash = withoutKept(namedIn(index, 'projectTrash'), this.all);
    this.known = index.known;
  }

  /** Throws if the name is none, or another project has it. */
  add(name: string): string {
    const id = newId();
    this.rename(id, name);
    return id;
  }

  /** Throws if the name is none, or another project has it. */
  rename(project: string, name: string): void {
    const fault = projectFaultOf(name);
    if (fault) throw new Error(fault);
    if (this.all.peek().some((other) => other.name === name && other.id !== project)) throw new Error(`There is a project ${name} already.`);
    this.#named.set(project, name);
  }

  /** Puts a project into the trash, with everything in it. */
  remove({ id, name }: Named): void {
    this.#doc.transact(() => {
      this.#deleted.set(id, name);
      this.#named.delete(id);
    });
  }

  /** Takes a project out of the trash, under the name it had, or a free one like it; says which. */
  restore({ id, name }: Named): string {
    const free = this.#named.get(id) ?? freePath(name, new Set(this.#named.values()));
    this.#doc.transact(() => {
      this.#named.set(id, free);
      this.#deleted.delete(id);
    });
    return free;
  }

  /** Takes projects out of the trash for good: nothing leads to them any more. One that was restored meanwhile stays. */
  discard(projects: readonly Named[]): void {
    this.#doc.transact(() => {
      for (const { id } of projects) if (!this.#named.has(id)) this.#deleted.delete(id);
    });
  }
}
