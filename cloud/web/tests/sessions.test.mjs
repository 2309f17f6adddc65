// Sessions in a browser: where each lives, what it runs, and the end of that; and being told of the end of a cell that takes long.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { DESKTOP } from './browser.mjs';
import { opener, output, run } from './pages.mjs';
import { served, test } from './site.mjs';

const site = served();
const open = opener(site);

/** Runs the slow cell, and goes to the page of the sessions. */
async function busySession(page) {
  await run(page, 1).click();
  await page.getByRole('button', { name: 'Runs on: MacBook Pro (remote)' }).click();
  await page.getByRole('link', { name: 'All sessions' }).click();
}

const slow = '/d/analysis/notes/slow.md';

describe('the page of the sessions', () => {
  test('says where each lives and which cell it runs, and interrupts it', async (t) => {
    const { page } = await open(t, slow, DESKTOP);
    await busySession(page);
    const there = page.getByRole('region', { name: /MacBook Pro/ });
    const session = there.getByRole('group', { name: 'analysis:main, python' });
    await session.getByText('runs cell 1 of notes/slow.md').waitFor();
    await session.getByRole('button', { name: 'Interrupt' }).click();
    await session.getByText('● idle').waitFor();
    await session.getByRole('button', { name: 'Interrupt' }).waitFor({ state: 'detached' });
    page.on('dialog', (dialog) => void dialog.accept());
    await session.getByRole('button', { name: 'Shut down' }).click();
    await session.getByText('○ no kernel').waitFor();
    assert.ok(await session.getByRole('button', { name: 'Restart' }).isDisabled());
  });

  test('says how its kernel is started, and changes it', async (t) => {
    const { page } = await open(t, '/d/analysis/notes/slow.md');
    await run(page, 2).tap();
    await output(page, 2).getByText(/⚡ MacBook Pro · /).waitFor();
    await page.getByRole('button', { name: 'Runs on: MacBook Pro (remote)' }).tap();
    const session = page.getByRole('group', { name: 'analysis:main, python' });
    await session.getByText('standard kernel · home folder').waitFor();
    await session.getByRole('button', { name: 'Environment' }).tap();
    const panel = page.getByRole('dialog', { name: 'Environment of analysis:main' });
    const kernel = panel.getByRole('combobox');
    const offered = await kernel.locator('option').allInnerTexts();
    assert.deepEqual(offered, ['Standard', 'Python 3.12, /opt/venv']);
    await kernel.selectOption('python3');
    await panel.getByLabel('Working folder').fill(' ~/thesis ');
    await panel.getByRole('button', { name: 'Save' }).tap();
    await panel.waitFor({ state: 'detached' });
    await session.getByText('Python 3.12 · ~/thesis').waitFor();
    // What was set is what is offered the next time, and is taken away again.
    await session.getByRole('button', { name: 'Environment' }).tap();
    assert.deepEqual([await kernel.inputValue(), await panel.getByLabel('Working folder').inputValue()], ['python3', '~/thesis']);
    await panel.getByLabel('Working folder').fill('');
    await panel.getByLabel('Virtual environment').fill('.venv');
    await panel.getByLabel(/^Restart the kernel now/).check();
    await panel.getByRole('button', { name: 'Save' }).tap();
    await page.getByText('Kernel restarted').waitFor();
    await session.getByText('.venv · home folder').waitFor();
    await page.evaluate(() => window.fakeMesh.setOnline(false));
    assert.ok(await session.getByRole('button', { name: 'Environment' }).isDisabled());
  });
});

/** Notifications that are noted; the answer to the question is yes. */
function noteNotifications() {
  window.shown = [];
  window.asked = 0;
  window.Notification = class {
    static permission = 'default';
    static async requestPermission() {
      window.asked += 1;
      return (this.permission = 'granted');
    }
    constructor(title, { body }) {
      window.shown.push(`${title}: ${body}`);
    }
  };
  // The page notifies by itself where no service worker is.
  Object.defineProperty(ServiceWorkerContainer.prototype, 'getRegistration', { value: async () => undefined });
}

const hide = (page, isHidden) => page.evaluate((isHidden) => Object.defineProperty(document, 'hidden', { value: isHidden, configurable: true }), isHidden);

describe('being told of a cell that takes long', () => {
  test('is offered after ten seconds, asked for by a tap, and done while the page is hidden', async (t) => {
    const { page } = await open(t, '/devices', DESKTOP);
    await page.addInitScript(noteNotifications);
    await page.goto(site.origin + slow);
    await run(page, 2).click();
    await output(page, 2).getByText(/⚡ MacBook Pro · /).waitFor();
    await run(page, 1).click();
    const offer = output(page, 1).getByRole('button', { name: 'Notify me when long cells end' });
    await output(page, 1).getByText('Running on MacBook Pro · ').waitFor();
    assert.deepEqual([await page.evaluate(() => window.asked), await offer.count()], [0, 0]);
    await offer.click();
    await offer.waitFor({ state: 'detached' });
    assert.equal(await page.evaluate(() => window.asked), 1);
    await hide(page, true);
    await page.getByRole('button', { name: 'Stop cell 1' }).click();
    await page.waitForFunction(() => window.shown.length > 0);
    assert.match((await page.evaluate(() => window.shown))[0], /^Cell 1 failed: slow\.md · MacBook Pro · 1\d s$/);
    // A short one says nothing, and neither does one that is in view.
    await run(page, 2).click();
    await output(page, 2).getByText(/⚡ MacBook Pro · /).waitFor();
    assert.equal(await page.evaluate(() => window.shown.length), 1);
  });
});
