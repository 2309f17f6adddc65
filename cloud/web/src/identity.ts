// By what this browser is a device of the mesh: kept in the browser's database, where the key cannot be read out of it.

import { clear, createStore, get, set } from 'idb-keyval';
import type { Credentials } from './mesh/interface.ts';

const IDENTITY = 'wayfare/identity';
const store = createStore(IDENTITY, 'identity');

export function loadCredentials(): Promise<Credentials | undefined> {
  return get<Credentials>('credentials', store);
}

export async function saveCredentials(credentials: Credentials): Promise<void> {
  await set('credentials', credentials, store);
  // Asks the browser not to clear what was changed without a connection. It may say no.
  await navigator.storage?.persist?.().catch(() => false);
}

/** The other pages of this browser. */
const pages = 'BroadcastChannel' in globalThis ? new BroadcastChannel('wayfare') : null;

/** Says to the others that somebody has signed out here. */
export function tellSignedOut(): void {
  pages?.postMessage('signed out');
}

/** Calls when somebody signs out in another page of this browser. */
export function onSignedOut(act: () => void): void {
  pages?.addEventListener('message', act);
}

/** Forgets everything that this browser has of the account, and the app's own files, which it loads anew. What a page still has
 * open goes when that is closed or loaded anew. */
export async function forgetEverything(): Promise<void> {
  await clear(store);
  localStorage.clear();
  sessionStorage.clear();
  await forgetDatabases();
  // Without a connection the page could not be loaded again.
  if (navigator.onLine) await forgetApp();
}

/** Forgets the databases of an account; those that a page has open, when it closes them. That of the credentials, which this page
 * has open, stays: it would go with those of the next account. */
export async function forgetDatabases(): Promise<void> {
  const databases = (await indexedDB.databases?.()) ?? [];
  await Promise.all(databases.map(({ name }) => name?.startsWith('wayfare/') && name !== IDENTITY && deleted(name)));
}

function deleted(name: string): Promise<void> {
  return new Promise((resolve) => {
    const request = indexedDB.deleteDatabase(name);
    request.onsuccess = request.onerror = request.onblocked = () => resolve();
  });
}

async function forgetApp(): Promise<void> {
  const registrations = (await navigator.serviceWorker?.getRegistrations()) ?? [];
  await Promise.all(registrations.map((registration) => registration.unregister()));
  const names = (await globalThis.caches?.keys()) ?? [];
  await Promise.all(names.map((name) => caches.delete(name)));
}

/** What a person would call this device. */
export function suggestedName(agent: string): string {
  const kinds: [RegExp, string][] = [
    [/iPhone/, 'iPhone'], [/iPad/, 'iPad'], [/Android.*Mobile/, 'Phone'], [/Android/, 'Tablet'], [/Macintosh/, 'Mac'], [/Windows/, 'Windows'], [/Linux/, 'Linux'],
  ];
  const browsers: [RegExp, string][] = [[/Firefox/, 'Firefox'], [/Edg/, 'Edge'], [/Chrome/, 'Chrome'], [/Safari/, 'Safari']];
  const device = kinds.find(([pattern]) => pattern.test(agent))?.[1] ?? 'Browser';
  const browser = browsers.find(([pattern]) => pattern.test(agent))?.[1];
  return browser ? `${device} (${browser})` : device;
}
