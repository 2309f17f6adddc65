// The built app, served for the tests of a file; and a test that may take its time.

import { after, before, test as plain } from 'node:test';
import { quit, serve } from './browser.mjs';

export const test = (name, body) => plain(name, { timeout: 120_000 }, body);

/** Serves the app from before the first test until after the last. Its `origin` is known to tests only. */
export function served() {
  const site = {};
  let close;
  before(async () => ({ origin: site.origin, close } = await serve()));
  after(async () => {
    await quit();
    await close();
  });
  return site;
}
