// The service worker: it keeps the app in the browser, and a new version waits until somebody wants it.

import { signal } from '@preact/signals';
import { registerSW } from 'virtual:pwa-register';

export const updateReady = signal(false);

let update: ((reload?: boolean) => Promise<void>) | null = null;

export function keepApp(): void {
  if (!('serviceWorker' in navigator)) return;
  update = registerSW({ onNeedRefresh: () => (updateReady.value = true) });
}

export function updateNow(): void {
  void update?.(true);
}
