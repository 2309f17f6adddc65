// Pictures and files of a document: dropped, pasted and chosen, shown from the home or from this browser, with and without a line.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { DESKTOP } from './browser.mjs';
import { opener, penguins, run } from './pages.mjs';
import { served, test } from './site.mjs';

const site = served();
const open = opener(site);

const PROJECT = '0190f5fe-7c00-7a00-8000-0000000000a1';
const PENGUINS = '0190f5fe-7c00-7a00-8000-0000000000d1';

/** Drops or pastes a picture of that colour, drawn in the page, where some text stands. */
const gives = (page, how, { name = 'plot.png', colour = 'red', at = 'Three species' } = {}) =>
  page.evaluate(async ([how, name, colour, at]) => {
    const canvas = new OffscreenCanvas(40, 30);
    const pen = canvas.getContext('2d');
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 40, 30);
    const file = new File([await canvas.convertToBlob({ type: 'image/png' })], name, { type: 'image/png' });
    const data = new DataTransfer();
    data.items.add(file);
    const line = [...document.querySelectorAll('.cm-line')].find((line) => line.textContent.includes(at));
    const { left, top, height } = line.getBoundingClientRect();
    const where = { clientX: left + 4, clientY: top + height / 2, bubbles: true, cancelable: true };
    if (how === 'drop') line.dispatchEvent(new DragEvent('drop', { ...where, dataTransfer: data }));
    else line.dispatchEvent(new ClipboardEvent('paste', { bubbles: true, cancelable: true, clipboardData: data }));
  }, [how, name, colour, at]);

const text = (page) => page.evaluate((id) => window.fakeMesh.home.replica(id).getText('content').toString(), PENGUINS);
const says = (page, words) =>
  page.waitForFunction(([id, words]) => window.fakeMesh.home.replica(id).getText('content').toString().includes(words), [PENGUINS, words]);
const assets = (page) => page.evaluate((id) => Object.fromEntries(window.fakeMesh.home.replica(id).getMap('assets').entries()), PROJECT);
const isShown = (image) => image.evaluate((image) => image.complete && image.naturalWidth === 40);

describe('a picture', () => {
  for (const [what, options] of [['on a desk', DESKTOP], ['on a phone', undefined]]) {
    test(`that is dropped ${what} is in the project, in the text and on the page`, async (t) => {
      const { page, errors } = await open(t, penguins, options);
      await run(page, 1).waitFor();
      await gives(page, 'drop');
      const image = page.getByRole('img', { name: 'plot.png' });
      await page.getByText('Three species').waitFor();
      await page.evaluate(() => document.activeElement.blur());
      await image.waitFor();
      assert.ok(await isShown(image));
      const [path, entry] = Object.entries(await assets(page))[0];
      const [id, size, type] = entry.split(' ');
      assert.equal(path, `_assets/${id}.png`);
      assert.equal(type, 'image/png');
      assert.match(await text(page), new RegExp(`!\\[plot\\.png\\]\\(_assets/${id}\\.png\\)`));
      await page.waitForFunction((id) => window.fakeMesh.files.has(id), id);
      assert.equal(await page.evaluate((id) => window.fakeMesh.files.get(id).size, id), Number(size));
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing sticks out');
      assert.deepEqual(errors, []);
    });
  }

  test('that is pasted stands at the cursor; one that is dropped on a cell stands after it', async (t) => {
    const { page } = await open(t, penguins, DESKTOP);
    await run(page, 1).waitFor();
    await page.getByText('What they weigh').click();
    await page.keyboard.press('End');
    await gives(page, 'paste', { name: 'pasted.png' });
    await says(page, 'pasted.png');
    assert.match(await text(page), /^## What they weigh!\[pasted\.png\]\(_assets\/[0-9a-f]{64}\.png\)$/m);
    await gives(page, 'drop', { name: 'dropped.png', colour: 'blue', at: 'print("hello")' });
    await says(page, 'dropped.png');
    assert.match(await text(page), /result\n2\n```\n\n!\[dropped\.png\]\(_assets\/[0-9a-f]{64}\.png\)\n\n## What/);
  });

  test('without a line is shown, stays over a reload, and is brought to the home when there is one', async (t) => {
    const { page } = await open(t, penguins, DESKTOP);
    await run(page, 1).waitFor();
    await page.evaluate(() => window.fakeMesh.setOnline(false));
    const before = await page.evaluate(() => window.fakeMesh.files.size);
    await gives(page, 'drop');
    const image = page.getByRole('img', { name: 'plot.png' });
    await page.evaluate(() => document.activeElement.blur());
    await image.waitFor();
    assert.ok(await isShown(image));
    assert.equal(await page.evaluate(() => window.fakeMesh.files.size), before);
    // The fake home forgets with the page; the browser does not.
    await page.reload();
    await image.waitFor();
    assert.ok(await isShown(image));
    await page.waitForFunction((before) => window.fakeMesh.files.size === before + 1, before);
  });

  test('of another device comes from the home, and one that is nowhere says so', async (t) => {
    const { page } = await open(t, penguins, DESKTOP);
    await run(page, 1).waitFor();
    const missing = 'ab'.repeat(32);
    const id = await page.evaluate(async ([project, penguins, missing]) => {
      const canvas = new OffscreenCanvas(40, 30);
      canvas.getContext('2d').fillRect(0, 0, 40, 30);
      const file = await canvas.convertToBlob({ type: 'image/png' });
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await file.arrayBuffer()));
      const id = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
      window.fakeMesh.files.set(id, file);
      window.fakeMesh.home.replica(project).getMap('assets').set('img/plot.png', `${id} ${file.size} image/png`);
      window.fakeMesh.home.replica(penguins).getText('content').insert(12, `![by path](img/plot.png)\n\n![gone](_assets/${missing}.png)\n\n[data.csv](_assets/${id}.csv)\n\n`);
      return id;
    }, [PROJECT, PENGUINS, missing]);
    const image = page.getByRole('img', { name: 'by path' });
    await image.waitFor();
    assert.ok(await isShown(image));
    await page.getByText('gone: this picture is not on this device.').waitFor();
    // It may be on its way.
    await page.evaluate(([missing, id]) => window.fakeMesh.files.set(missing, window.fakeMesh.files.get(id)), [missing, id]);
    await page.getByRole('img', { name: 'gone' }).waitFor();
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'data.csv' }).click()]);
    assert.equal(download.suggestedFilename(), 'data.csv');
    assert.match(id, /^[0-9a-f]{64}$/);
  });
});

describe('a file', () => {
  test('is deleted into the trash, restored by the notice and from the trash to a free path, and deleted for good', async (t) => {
    const { page, errors } = await open(t, '/');
    page.on('dialog', (dialog) => void dialog.accept());
    await page.getByRole('link', { name: 'penguins.md' }).waitFor();
    const entry = `${'ab'.repeat(32)} 8 text/csv`;
    const there = (map) => page.evaluate(([id, map]) => Object.fromEntries(window.fakeMesh.home.replica(id).getMap(map).entries()), [PROJECT, map]);
    const put = (path) => page.evaluate(([id, path, entry]) => window.fakeMesh.home.replica(id).getMap('assets').set(path, entry), [PROJECT, path, entry]);
    const remove = async () => {
      await page.getByRole('button', { name: 'Actions of birds.csv' }).tap();
      await page.getByRole('menuitem', { name: 'Delete' }).tap();
      await page.getByText('Trash (1)').waitFor();
    };
    await put('birds.csv');
    await page.getByText('Files (1)').tap();
    await remove();
    assert.deepEqual([await there('assets'), await there('assetTrash')], [{}, { 'birds.csv': entry }]);
    await page.getByRole('button', { name: 'Undo' }).tap();
    await page.getByText('Trash (1)').waitFor({ state: 'detached' });
    await page.getByText('Files (1)').tap();
    await remove();
    await put('birds.csv');
    await page.getByText('Trash (1)').waitFor({ state: 'detached' }); // what is at its path is not in the trash
    await page.evaluate((id) => window.fakeMesh.home.replica(id).getMap('assets').delete('birds.csv'), PROJECT);
    await page.evaluate((id) => window.fakeMesh.home.replica(id).getMap('files').set('0190f5fe-7c00-7a00-8000-0000000000dc', 'birds.csv'), PROJECT);
    await page.getByText('Trash (1)').tap();
    await page.getByRole('button', { name: 'Restore birds.csv' }).tap();
    await page.waitForFunction((id) => window.fakeMesh.home.replica(id).getMap('assets').has('birds (2).csv'), PROJECT);
    assert.deepEqual(await there('assetTrash'), {});
    await page.getByText('Files (1)').tap();
    await page.getByRole('button', { name: 'Actions of birds (2).csv' }).tap();
    await page.getByRole('menuitem', { name: 'Delete' }).tap();
    await page.getByText('Trash (1)').tap();
    await page.getByRole('button', { name: 'Empty trash of analysis' }).tap();
    await page.getByText('Trash (1)').waitFor({ state: 'detached' });
    assert.deepEqual([await there('assets'), await there('assetTrash')], [{}, {}]);
    assert.deepEqual(errors, []);
  });

  test('is added to a project, listed and saved, at the width of a phone', async (t) => {
    const { page, errors } = await open(t, '/');
    await page.getByRole('button', { name: 'New notebook in analysis' }).tap();
    await page.getByLabel('Files for the project').setInputFiles({ name: 'birds.csv', mimeType: 'text/csv', buffer: Buffer.from('a,b\n1,2\n') });
    await page.getByText('Files (1)').tap();
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'birds.csv', exact: true }).tap()]);
    assert.equal(download.suggestedFilename(), 'birds.csv');
    assert.match((await assets(page))['birds.csv'], /^[0-9a-f]{64} 8 text\/csv$/);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing sticks out');
    assert.deepEqual(errors, []);
  });
});
