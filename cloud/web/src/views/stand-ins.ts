// Sessions of a notebook that others stand in for, because the device of those did not answer; kept in this browser.

import { signal } from '@preact/signals';
import type { SessionName } from '../notebook/settings.ts';

export interface StandIn {
  /** The session that the notebook names. */
  for: SessionName;
  language: string;
  /** The one that is used. */
  name: SessionName;
  device: { id: string; name: string };
}

export class StandIns {
  readonly #key: string;
  readonly all = signal<readonly StandIn[]>([]);

  constructor(document: string) {
    this.#key = `wayfare/stand-ins/${document}`;
    this.all.value = JSON.parse(localStorage.getItem(this.#key) ?? '[]') as StandIn[];
  }

  /** The one for a session, `undefined` if that is used itself. */
  of(session: SessionName, language: string): StandIn | undefined {
    return this.all.peek().find((it) => isOf(it, session, language));
  }

  set(standIn: StandIn): void {
    this.#keep([...this.all.peek().filter((it) => !isOf(it, standIn.for, standIn.language)), standIn]);
  }

  forget(standIn: StandIn): void {
    this.#keep(this.all.peek().filter((it) => it !== standIn));
  }

  #keep(all: readonly StandIn[]): void {
    this.all.value = all;
    localStorage.setItem(this.#key, JSON.stringify(all));
  }
}

function isOf(standIn: StandIn, { project, name }: SessionName, language: string): boolean {
  return standIn.for.project === project && standIn.for.name === name && standIn.language === language;
}
