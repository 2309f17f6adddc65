// By what this browser is a device of the mesh: kept in the browser's database, where the key cannot be read out of it.

import { clear, createStore, get, set } from 'idb-keyval';
import type { Credentials } from './mesh/interface.ts';

const store = createStore('wayfare/identity', 'identity');

export function loadCredentials(): Promise<Credentials | undefined> {
  return get<Credentials>('credentials', store);
}

export async function saveCredentials(credentials: Credentials): Promise<void> {
  await set('credentials', credentials, store);
  // Asks the browser not to clear what was changed without a connection. It may say no.
  await navigator.storage?.persist?.().catch(() => false);
}

/** Forgets everything that this browser has of the account. */
export async function forgetEverything(): Promise<void> {
  await clear(store);
  const databases = (await indexedDB.databases?.()) ?? [];
  for (const { name } of databases) if (name?.startsWith('wayfare/')) indexedDB.deleteDatabase(name);
  for (const key of Object.keys(localStorage)) if (key.startsWith('wayfare/')) localStorage.removeItem(key);
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
