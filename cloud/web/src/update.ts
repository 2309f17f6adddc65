// The service worker: it keeps the app in the browser, and a new version waits until somebody wants it.

import { signal } from '@preact/signals';
import { registerSW } from 'virtual:pwa-register';

/** Milliseconds between two looks for a new version, while the page is open. */
const LOOK_EVERY_MS = 3_600_000;
/** Milliseconds after which coming back to the page is reason to look again. */
const LOOK_AGAIN_MS = 60_000;

export const updateReady = signal(false);

let update: ((reload?: boolean) => Promise<void>) | null = null;

export function keepApp(): void {
  if (!('serviceWorker' in navigator)) return;
  update = registerSW({
    onNeedRefresh: () => (updateReady.value = true),
    onRegisteredSW: (_url, registration) => registration && looksFor(registration),
  });
}

/** An installed app is open for days. */
function looksFor(registration: ServiceWorkerRegistration): void {
  let last = Date.now();
  const look = () => {
    last = Date.now();
    registration.update().catch(() => undefined); // without a connection there is none
  };
  setInterval(look, LOOK_EVERY_MS);
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden && Date.now() - last > LOOK_AGAIN_MS) look();
  });
}

/** Has the new version take over, and loads the page anew: also one that no version has served yet, as after a first visit. */
export async function updateNow(): Promise<void> {
  const waiting = (await navigator.serviceWorker.getRegistration())?.waiting;
  if (!waiting) return location.reload();
  waiting.addEventListener('statechange', () => waiting.state === 'activated' && location.reload());
  await update?.(true);
}
