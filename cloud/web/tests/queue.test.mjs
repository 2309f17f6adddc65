// Runs that wait for a device without a connection, in two browsers: seen on the other one, taken back there, run anew there.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { DESKTOP, launch, PHONE } from './browser.mjs';
import { output, run, waitFor } from './pages.mjs';
import { served, test } from './site.mjs';

const site = served();
const SLOW = { id: '0190f5fe-7c00-7a00-8000-0000000000d6', path: '/d/analysis/notes/slow.md' };

const setOnline = (page, is) => page.evaluate((is) => window.fakeMesh.setOnline(is), is);
const entries = (page) => page.evaluate((id) => [...window.fakeMesh.home.replica(id).getMap('queue').values()], SLOW.id);
const text = (page) => page.evaluate((id) => window.fakeMesh.home.replica(id).getText('content').toString(), SLOW.id);
const elsewhere = (page, cell) => output(page, cell).getByRole('group', { name: /^Asked for on/ });

/** The home of one page learns what that of the other has, and the other way round. */
async function meet(...pages) {
  for (const [from, to] of [pages, [...pages].reverse()]) {
    const history = await from.evaluate((id) => window.fakeMesh.home.history(id), SLOW.id);
    await to.evaluate(([id, history]) => window.fakeMesh.home.merge(id, history), [SLOW.id, history]);
  }
}

async function browser(t, options, isTablet) {
  const opened = await launch(options);
  t.after(opened.close);
  if (isTablet) await opened.context.addInitScript(() => localStorage.setItem('fake/tablet', ''));
  await opened.page.goto(site.origin + SLOW.path);
  await run(opened.page, 2).waitFor();
  return opened;
}

/** A phone that ran both cells without a connection, had one for long enough to begin with the first, and lost it; and a tablet. */
async function apart(t) {
  const phone = await browser(t, PHONE, false);
  const tablet = await browser(t, DESKTOP, true);
  await setOnline(phone.page, false);
  await phone.page.getByRole('button', { name: 'Actions of the notebook' }).tap();
  await phone.page.getByRole('menuitem', { name: /^Run all/ }).tap();
  for (const cell of [1, 2]) await output(phone.page, cell).getByText('Offline, will run when connected').waitFor();
  assert.deepEqual(await entries(phone.page), [], 'nothing has come home');
  await setOnline(phone.page, true);
  await output(phone.page, 1).getByText('Running on MacBook Pro').waitFor();
  await phone.page.waitForFunction((id) => window.fakeMesh.home.replica(id).getMap('queue').size === 1, SLOW.id);
  assert.match((await entries(phone.page))[0], /^(f0){32} \d{13} \d+\.\d+ python analysis:main$/);
  await setOnline(phone.page, false);
  await meet(phone.page, tablet.page);
  await elsewhere(tablet.page, 2).getByText("Waits for Maxime's Phone to be connected · just now").waitFor();
  assert.equal(await elsewhere(tablet.page, 1).count(), 0, 'the first has been taken');
  return { phone: phone.page, tablet: tablet.page, errors: [phone.errors, tablet.errors] };
}

describe('a run that waits for another device', () => {
  test('is taken back there, and that device does not send it', async (t) => {
    const { phone, tablet, errors } = await apart(t);
    await elsewhere(tablet, 2).getByRole('button', { name: 'Take back' }).click();
    await elsewhere(tablet, 2).waitFor({ state: 'detached' });
    await meet(tablet, phone);
    await phone.getByRole('button', { name: 'Stop cell 1' }).waitFor();
    await setOnline(phone, true);
    // The cell before it ends well: it would be the turn of the one that was taken back.
    await phone.evaluate(() => window.fakeMesh.hurry());
    await output(phone, 1).getByText(/⚡ MacBook Pro · /).waitFor();
    await output(phone, 2).getByText('◼ taken back').waitFor();
    assert.ok(!(await text(phone)).includes('quick\n```\n\n```output'), await text(phone));
    assert.deepEqual(await entries(phone), []);
    assert.deepEqual(errors, [[], []]);
  });

  test('is run anew there, which takes it back', async (t) => {
    const { phone, tablet } = await apart(t);
    await elsewhere(tablet, 2).getByRole('button', { name: 'Run anew here' }).click();
    await output(tablet, 2).getByText(/⚡ MacBook Pro · /).waitFor();
    assert.deepEqual([await entries(tablet), await elsewhere(tablet, 2).count()], [[], 0]);
    await meet(tablet, phone);
    await phone.evaluate(() => window.fakeMesh.hurry());
    await setOnline(phone, true);
    await output(phone, 2).getByText('◼ taken back').waitFor();
    assert.equal((await text(phone)).match(/```output:[0-9a-f-]{36}\nquick/g).length, 1, await text(phone));
  });

  test('is sent if nobody takes it back', async (t) => {
    const { phone, tablet } = await apart(t);
    await phone.evaluate(() => window.fakeMesh.hurry());
    await setOnline(phone, true);
    await output(phone, 2).getByText(/⚡ MacBook Pro · /).waitFor();
    await meet(phone, tablet);
    await elsewhere(tablet, 2).waitFor({ state: 'detached' });
    await output(tablet, 2).getByText('quick').waitFor();
    assert.deepEqual(await entries(phone), []);
  });

  test('that was sent and not taken yet is taken back by word to its session', async (t) => {
    const { page: tablet } = await browser(t, DESKTOP, true);
    await tablet.evaluate(() => {
      window.told = [];
      window.fakeMesh.interrupt = async (...words) => void window.told.push(words);
    });
    await waitFor(tablet, SLOW.id, { device: 'f0'.repeat(32), sentTo: '0190f5fe-7c00-7a00-8000-000000000009' });
    await elsewhere(tablet, 1).getByText("Sent by Maxime's Phone, not taken yet").waitFor();
    await setOnline(tablet, false);
    await elsewhere(tablet, 1).getByRole('button', { name: 'Take back' }).click();
    await tablet.getByText('to take it back needs a connection').waitFor();
    await setOnline(tablet, true);
    await elsewhere(tablet, 1).getByRole('button', { name: 'Take back' }).click();
    await elsewhere(tablet, 1).waitFor({ state: 'detached' });
    assert.deepEqual(await tablet.evaluate(() => window.told), [['0190f5fe-7c00-7a00-8000-000000000009', '0190f5fe-7c00-7a00-8000-000000000001']]);
  });
});

test('a run that a node was refused says so until it is dismissed, also without a connection', async (t) => {
  const { page, errors } = await browser(t, DESKTOP, true);
  await page.evaluate(() => {
    window.fakeMesh.interrupt = () => Promise.reject(new Error('there is nothing to interrupt'));
  });
  await waitFor(page, SLOW.id, { device: 'f0'.repeat(32), sentTo: '0190f5fe-7c00-7a00-8000-000000000009', end: 'refused:KernelStartFailed' });
  await elsewhere(page, 1).getByText("✕ Asked for on Maxime's Phone, and refused: kernel start failed").waitFor();
  await setOnline(page, false);
  await elsewhere(page, 1).getByRole('button', { name: 'Dismiss' }).click();
  await elsewhere(page, 1).waitFor({ state: 'detached' });
  await setOnline(page, true);
  await page.waitForFunction((id) => window.fakeMesh.home.replica(id).getMap('queue').size === 0, SLOW.id);
  await waitFor(page, SLOW.id, { device: 'f0'.repeat(32), end: 'unknown' });
  await elsewhere(page, 1).getByText("Sent by Maxime's Phone; whether it ran is not known").waitFor();
  assert.deepEqual(errors, []);
});

describe('a run that was noted as sent', () => {
  test('is asked for again only, and not run anew where nobody knows it', async (t) => {
    const { page } = await browser(t, DESKTOP, false);
    await page.evaluate(() => window.fakeMesh.freeze('MacBook Pro'));
    await run(page, 2).click();
    await output(page, 2).getByText('Sending…').waitFor();
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
    await page.reload();
    await output(page, 2).getByText('nobody can say whether it ran').waitFor();
    assert.ok(!(await text(page)).includes('quick\n```\n\n```output'));
  });
});

describe('a run that waits', () => {
  test('waits on where the connection is back before a device that can run it, and can be taken back then', async (t) => {
    const { page, errors } = await browser(t, PHONE, false);
    await setOnline(page, false);
    await page.evaluate(() => window.fakeMesh.setPresence('MacBook Pro', 'offline'));
    for (const cell of [1, 2]) await page.getByRole('button', { name: `Run cell ${cell} when connected` }).tap();
    await output(page, 2).getByText('Offline, will run when connected').waitFor();
    await setOnline(page, true);
    await output(page, 1).getByText('no device can run python').waitFor();
    await page.getByRole('button', { name: 'Stop cell 1' }).tap();
    await output(page, 1).getByText('◼ taken back').waitFor();
    await page.evaluate(() => window.fakeMesh.setPresence('MacBook Pro', 'online'));
    await output(page, 2).getByText(/⚡ MacBook Pro · /).waitFor();
    assert.deepEqual(await entries(page), []);
    assert.deepEqual(errors, []);
  });
});
