// What a document was: looked at and restored, from the list and from its page, by keys, with and without a line.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { DESKTOP } from './browser.mjs';
import { opener, penguins, run } from './pages.mjs';
import { served, test } from './site.mjs';

const site = served();
const open = opener(site);

const PENGUINS = '0190f5fe-7c00-7a00-8000-0000000000d1';
const LIST = '0190f5fe-7c00-8a00-8000-0000000000d1';

const text = (page) => page.evaluate((id) => window.fakeMesh.home.replica(id).getText('content').toString(), PENGUINS);
const says = (page, words) =>
  page.waitForFunction(([id, words]) => window.fakeMesh.home.replica(id).getText('content').toString().includes(words), [PENGUINS, words]);
const list = (page) => page.evaluate((id) => Object.values(window.fakeMesh.home.replica(id).getMap('versions').toJSON()), LIST);
/** The oldest of the list: "Some penguins". */
const oldest = (page) => page.getByRole('button', { name: /bytes$/ }).last();

async function versions(page, actions) {
  await page.getByRole('button', { name: actions, exact: true }).click();
  await page.getByRole('menuitem', { name: 'Versions' }).click();
}

describe('the versions of a document', () => {
  test('are listed with time and size; one shows what differs, and is restored, which is undone', async (t) => {
    const { page, errors } = await open(t, '/');
    await page.getByRole('link', { name: 'penguins.md' }).waitFor();
    const before = await text(page);
    await versions(page, 'Actions of penguins.md');
    await page.getByRole('button', { name: /2026.*bytes$/ }).first().click();
    await page.getByText('The document is as it was then.').waitFor();
    await page.getByRole('button', { name: 'Back to the versions' }).click();
    await oldest(page).click();
    assert.equal(await page.locator('.difference ins').first().innerText(), 'Comes back:\nSome penguins: *Adelie*, **Chinstrap** and `Gentoo`. Data from [palmerpenguins](https://example.org).');
    assert.match(await page.locator('.difference del').first().innerText(), /^Goes:\nThree species/);
    assert.equal(await page.locator('.difference ins .line').first().evaluate((line) => getComputedStyle(line, '::before').content), '"+"');
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing sticks out');
    await page.getByRole('button', { name: 'Restore' }).tap();
    await page.getByRole('status').filter({ hasText: /penguins\.md is as it was on/ }).waitFor();
    await says(page, 'Some penguins');
    assert.equal((await list(page)).length, 2, 'what it was is a version already');
    await page.getByRole('button', { name: 'Undo' }).tap();
    await says(page, 'Three species');
    assert.equal(await text(page), before);
    assert.deepEqual(errors, []);
  });

  test('keep what was written and is in none before one is restored, and what others write stays when that is undone', async (t) => {
    const { page } = await open(t, penguins, DESKTOP);
    await run(page, 1).waitFor();
    await page.getByText('Three species').click();
    await page.keyboard.press('End');
    await page.keyboard.type(' Typed on.');
    await says(page, 'Typed on.');
    await versions(page, 'Actions of the notebook');
    await oldest(page).click();
    await page.getByRole('button', { name: 'Restore' }).click();
    await page.getByText('Some penguins').waitFor();
    await page.waitForFunction((id) => window.fakeMesh.home.replica(id).getMap('versions').size === 3, LIST);
    await page.evaluate((id) => window.fakeMesh.home.replica(id).getText('content').insert(0, 'From elsewhere.\n\n'), PENGUINS);
    await page.getByText('From elsewhere.').waitFor();
    await page.getByRole('button', { name: 'Undo' }).click();
    await says(page, 'Typed on.');
    assert.match(await text(page), /^From elsewhere\.[^]*Three species[^]*Typed on\./);
    // What was kept can be restored as any other.
    await versions(page, 'Actions of the notebook');
    await page.getByRole('button', { name: /bytes$/ }).first().click();
    await page.getByText('From elsewhere.').first().waitFor();
  });

  test('are gone through by keys, and the focus comes back to where it was', async (t) => {
    const { page } = await open(t, '/', DESKTOP);
    await page.getByRole('link', { name: 'penguins.md' }).waitFor();
    await page.getByRole('button', { name: 'Actions of penguins.md' }).focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter'); // Versions are the first
    await oldest(page).waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Restore' }).waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), 'Back to the versions');
    await page.keyboard.press('Enter');
    await oldest(page).waitFor();
    assert.ok(await oldest(page).evaluate((button) => button === document.activeElement), 'the one that was looked at');
    await page.keyboard.press('Escape');
    await page.waitForFunction(() => document.activeElement.getAttribute('aria-label') === 'Actions of penguins.md');
  });

  test('without a line are those that were seen; one that was not says so, and one that was is restored', async (t) => {
    const { page } = await open(t, penguins, DESKTOP);
    await run(page, 1).waitFor();
    await versions(page, 'Actions of the notebook');
    await oldest(page).click();
    await page.getByRole('button', { name: 'Restore' }).waitFor();
    await page.getByRole('button', { name: 'Back to the versions' }).click();
    await page.evaluate(() => window.fakeMesh.setOnline(false));
    await page.getByRole('button', { name: /bytes$/ }).first().click();
    await page.getByText('This version is not on this device.').waitFor();
    await page.getByRole('button', { name: 'Back to the versions' }).click();
    await oldest(page).click();
    await page.getByRole('button', { name: 'Restore' }).click();
    await page.getByText('Some penguins').waitFor();
    assert.match(await text(page), /Three species/);
    await page.evaluate(() => window.fakeMesh.setOnline(true));
    await says(page, 'Some penguins');
  });

  test('of a document that has none say when there will be some', async (t) => {
    const { page } = await open(t, '/');
    await versions(page, 'Actions of notes/stream.md');
    await page.getByText('No versions yet.').waitFor();
  });
});
