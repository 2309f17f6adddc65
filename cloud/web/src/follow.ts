// A value of the mesh as a signal of the page.

import { signal, type ReadonlySignal } from '@preact/signals';
import type { Readable } from './mesh/interface.ts';

/** Follows it until `stop`. */
export function follow<T>(readable: Readable<T>): { value: ReadonlySignal<T>; stop: () => void } {
  const value = signal(readable.get());
  return { value, stop: readable.subscribe((now) => (value.value = now)) };
}
