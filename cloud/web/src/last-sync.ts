// When this browser was last connected with its home, also of a time when the page was closed.

import { effect, signal, type ReadonlySignal } from '@preact/signals';
import type { LinkState } from './mesh/interface.ts';

const KEY = 'wayfare/last-sync';

/** The end of the last connection, in milliseconds since 1970; `null` if none was. Follows the link until `stop`. */
export function lastSync(state: ReadonlySignal<LinkState>): { at: ReadonlySignal<number | null>; stop: () => void } {
  const at = signal(Number(localStorage.getItem(KEY)) || null);
  const note = () => {
    at.value = Date.now();
    localStorage.setItem(KEY, String(at.value));
  };
  const leave = () => void (state.peek() === 'online' && note());
  let was = false;
  const unfollow = effect(() => {
    const is = state.value === 'online';
    if (was && !is) note();
    was = is;
  });
  window.addEventListener('pagehide', leave);
  return { at, stop: () => (unfollow(), window.removeEventListener('pagehide', leave)) };
}
