// The app as something that a browser keeps: signing out, a new version, installing.

import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe } from 'node:test';
import { launch, PHONE, serve } from './browser.mjs';
import { opener, output, penguins, run } from './pages.mjs';
import { served, test } from './site.mjs';

const site = served();
const open = opener(site);

/** What the browser has of the app: of the account, and the app itself. */
const kept = (page) =>
  page.evaluate(async () => ({
    databases: (await indexedDB.databases()).map(({ name }) => name).filter((name) => name.startsWith('wayfare/')).sort(),
    storage: Object.keys(localStorage).filter((key) => key.startsWith('wayfare/')).concat(Object.keys(sessionStorage)),
  }));

const signOut = async (page) => {
  await page.getByRole('button', { name: 'More' }).tap();
  await page.getByRole('menuitem', { name: 'Sign out' }).tap();
};

describe('signing out', () => {
  test('deletes all that the browser has of the account, after a question, also what another page has open', async (t) => {
    const { page, context, errors } = await open(t, penguins);
    await run(page, 3).tap();
    await output(page, 3).getByText(/⚡ MacBook Pro · /).waitFor();
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
    const other = await context.newPage();
    await other.goto(site.origin);
    await other.getByRole('link', { name: 'penguins.md' }).waitFor();
    await page.bringToFront();
    const before = await kept(page);
    assert.ok(before.databases.length > 5, JSON.stringify(before));
    await page.evaluate(() => (window.wasHere = true));
    await page.getByRole('button', { name: 'Back to projects' }).tap();
    const asked = [];
    page.on('dialog', (dialog) => (asked.push(dialog.message()), void (asked.length === 1 ? dialog.dismiss() : dialog.accept())));
    await signOut(page);
    assert.match(asked[0], /^Sign out\? What this browser has of your documents is deleted\.$/);
    assert.deepEqual((await kept(page)).databases.length >= before.databases.length, true);
    // The caches of the app go with it: the page comes from the server again, which is noted here.
    const cached = await page.evaluate(async () => (await caches.open('of-before')) && (await caches.keys()).length);
    assert.ok(cached > 1);
    await signOut(page);
    for (const it of [page, other]) await it.getByLabel('Pairing code or link').waitFor();
    assert.equal(await page.evaluate(() => window.wasHere), undefined);
    await page.waitForFunction(async () => !(await indexedDB.databases()).some(({ name }) => name.startsWith('wayfare/') && name !== 'wayfare/identity'));
    assert.deepEqual((await kept(page)).storage, []);
    assert.ok(!(await page.evaluate(() => caches.keys())).includes('of-before'));
    assert.deepEqual(errors, []);
  });

  test('says how many changes would be lost, and can be followed by signing in', async (t) => {
    const { page } = await open(t, penguins);
    await run(page, 1).waitFor();
    await page.evaluate(() => window.fakeMesh.setOnline(false));
    await page.getByText('Three species').tap();
    await page.keyboard.type('Lost. ');
    await page.getByRole('status').filter({ hasText: '1 change will sync' }).waitFor();
    await page.getByRole('button', { name: 'Back to projects' }).tap();
    await page.getByText('Last synced just now').waitFor();
    const asked = new Promise((resolve) => page.once('dialog', (dialog) => (resolve(dialog.message()), void dialog.accept())));
    await signOut(page);
    assert.match(await asked, /1 change that did not sync will be lost\.$/);
    await page.getByLabel('Pairing code or link').fill('ABCDE23456');
    await page.getByRole('button', { name: 'Pair', exact: true }).tap();
    await page.getByRole('link', { name: 'penguins.md' }).tap();
    await page.getByText('Three species').waitFor();
    assert.equal(await page.getByText('Lost.').count(), 0);
  });
});

test('a new version is found when somebody comes back to the page, and comes with a tap', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'wayfare-app-'));
  cpSync(fileURLToPath(new URL('../dist-fake/', import.meta.url)), folder, { recursive: true });
  const server = await serve(folder);
  const { page, context } = await launch(PHONE);
  t.after(async () => {
    await context.close();
    await server.close();
    rmSync(folder, { recursive: true });
  });
  await page.clock.install();
  await page.goto(server.origin);
  await page.getByRole('link', { name: 'penguins.md' }).waitFor();
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  const change = (name, from, to) => {
    const text = readFileSync(join(folder, name), 'utf8');
    assert.ok(text.includes(from), `${name} has ${from}`);
    writeFileSync(join(folder, name), text.replace(from, to));
  };
  change('index.html', '<title>Wayfare</title>', '<title>Wayfare anew</title>');
  const revision = /url:"index\.html",revision:"([0-9a-f]+)"|"revision":"([0-9a-f]+)","url":"index\.html"|revision:"([0-9a-f]+)",url:"index\.html"/.exec(readFileSync(join(folder, 'sw.js'), 'utf8'));
  assert.ok(revision, 'the page is in the list of what is kept');
  const old = revision.slice(1).find(Boolean);
  change('sw.js', old, old.replace(/./g, (digit) => (digit === '0' ? '1' : '0')));
  await page.clock.fastForward(120_000);
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  await page.getByRole('status').filter({ hasText: 'A new version is ready.' }).waitFor();
  assert.equal(await page.title(), 'Wayfare');
  await page.getByRole('button', { name: 'Reload' }).tap();
  await page.waitForFunction(() => document.title === 'Wayfare anew');
  await page.getByRole('link', { name: 'penguins.md' }).waitFor();
});

describe('installing', () => {
  test('is offered where the browser can, by a hint that can be hidden and in the menu', async (t) => {
    const { page } = await open(t, '/');
    await page.getByRole('link', { name: 'penguins.md' }).waitFor();
    const hint = page.getByRole('complementary', { name: 'Installing the app' });
    assert.equal(await hint.count(), 0);
    const offer = () => page.evaluate(() => window.dispatchEvent(Object.assign(new Event('beforeinstallprompt', { cancelable: true }), { prompt: async () => (window.prompted = (window.prompted ?? 0) + 1) })));
    await offer();
    await hint.getByRole('button', { name: 'Hide' }).tap();
    await hint.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'More' }).tap();
    await page.getByRole('menuitem', { name: 'Install the app' }).tap();
    assert.equal(await page.evaluate(() => window.prompted), 1);
    await page.getByRole('button', { name: 'More' }).tap();
    assert.equal(await page.getByRole('menuitem', { name: 'Install the app' }).count(), 0);
    await page.reload();
    await page.getByRole('link', { name: 'penguins.md' }).waitFor();
    await offer();
    assert.equal(await hint.count(), 0);
  });

  test('is explained where it is done by hand', async (t) => {
    const { page } = await open(t, '/', { ...PHONE, userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Mobile/15E148 Safari/604.1' });
    await page.getByText('To install Wayfare: Share, then Add to Home Screen.').waitFor();
  });
});
