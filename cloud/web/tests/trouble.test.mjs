// A device that does not answer, in a browser: what is said, and when another one is offered.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { DESKTOP } from './browser.mjs';
import { opener, output, penguins, run } from './pages.mjs';
import { served, test } from './site.mjs';

const site = served();
const open = opener(site);

const freeze = (page, name) => page.evaluate((name) => window.fakeMesh.freeze(name), name);
const ran = (page, cell, device) => output(page, cell).getByText(new RegExp(`⚡ ${device} · `)).waitFor();

/** A page whose session lives on a device that has just stopped to answer; another one is there. */
async function frozen(t, path, options) {
  const opened = await open(t, path, options);
  const { page } = opened;
  await run(page, 1).click();
  await ran(page, 1, 'MacBook Pro');
  await page.evaluate(() => window.fakeMesh.setPresence('Workstation', 'online'));
  await freeze(page, 'MacBook Pro');
  return opened;
}

describe('a device that does not answer', () => {
  test('is said to be checked, then another one is offered, which runs it in a session of its own', async (t) => {
    const { page } = await frozen(t, penguins, DESKTOP);
    await run(page, 2).click();
    await output(page, 2).getByText('Sending…').waitFor();
    await output(page, 2).getByText('Checking MacBook Pro…').waitFor();
    assert.equal(await output(page, 2).getByRole('button', { name: 'Run on Workstation' }).count(), 0);
    await output(page, 2).getByText('MacBook Pro does not answer').waitFor();
    await output(page, 2).getByRole('button', { name: 'Run on Workstation' }).click();
    await ran(page, 2, 'Workstation');
    // What is run from now on goes there as well, and the panel says so.
    await run(page, 1).click();
    await ran(page, 1, 'Workstation');
    await page.getByRole('button', { name: 'Runs on: Workstation (remote)' }).click();
    await page.getByText('main-Workstation on Workstation stands in for main.').waitFor();
    await page.evaluate(() => window.fakeMesh.thaw('MacBook Pro'));
    await page.getByRole('button', { name: 'Use main again' }).click();
    await page.getByRole('button', { name: 'Close' }).click();
    await run(page, 1).click();
    await ran(page, 1, 'MacBook Pro');
  });

  test('goes on where it was when it answers again, and the first signs go', async (t) => {
    const { page } = await frozen(t, penguins);
    await run(page, 1).click();
    await output(page, 1).getByText('Checking MacBook Pro…').waitFor();
    await page.evaluate(() => window.fakeMesh.thaw('MacBook Pro'));
    await ran(page, 1, 'MacBook Pro');
    assert.equal(await output(page, 1).getByText('Checking').count(), 0);
  });

  test('what is run all at once goes to the other device as a whole', async (t) => {
    const { page } = await frozen(t, '/d/analysis/notes/rich.md', DESKTOP);
    await page.getByRole('button', { name: 'Run all' }).click();
    await output(page, 1).getByRole('button', { name: 'Run on Workstation' }).click();
    for (const cell of [1, 2, 3]) await ran(page, cell, 'Workstation');
  });

  test('is said while a cell runs there', async (t) => {
    const { page } = await open(t, '/d/analysis/notes/slow.md', DESKTOP);
    await run(page, 1).click();
    await output(page, 1).getByText('Running on MacBook Pro').waitFor();
    await page.evaluate(() => window.fakeMesh.setPresence('MacBook Pro', 'suspect'));
    await output(page, 1).getByText('MacBook Pro is not answering').waitFor();
    await page.evaluate(() => window.fakeMesh.setPresence('MacBook Pro', 'online'));
    await output(page, 1).getByText('MacBook Pro is not answering').waitFor({ state: 'detached' });
  });
});
