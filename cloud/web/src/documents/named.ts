// What a map of a document names, as a list.

import { computed, signal, type ReadonlySignal } from '@preact/signals';
import type * as Y from 'yjs';
import type { Replica } from './replica.ts';

export interface Named {
  id: string;
  name: string;
}

/** A map of ids to names as a list that follows it, in order of name. */
export function namedIn(replica: Replica, map: string): ReadonlySignal<Named[]> {
  const names: Y.Map<string> = replica.doc.getMap(map);
  const list = () =>
    [...names.entries()].map(([id, name]) => ({ id, name })).sort((a, b) => a.name.localeCompare(b.name) || (a.id < b.id ? -1 : 1));
  const named = signal(list());
  names.observe(() => (named.value = list()));
  return named;
}

/** What is in a trash: what two devices deleted and kept at once is kept. */
export function withoutKept(trash: ReadonlySignal<Named[]>, kept: ReadonlySignal<Named[]>): ReadonlySignal<Named[]> {
  return computed(() => {
    const ids = new Set(kept.value.map(({ id }) => id));
    return trash.value.filter(({ id }) => !ids.has(id));
  });
}
