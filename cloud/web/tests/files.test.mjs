// The documents of a project in a browser: renamed, moved, deleted, restored, by this device and by others, with and without a line.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { DESKTOP } from './browser.mjs';
import { opener, penguins, run } from './pages.mjs';
import { served, test } from './site.mjs';

const site = served();
const open = opener(site);

const PENGUINS = '0190f5fe-7c00-7a00-8000-0000000000d1';

/** A map of the tree of the project analysis, as its home has it. */
const there = (page, map) => page.evaluate((map) => Object.fromEntries(window.fakeMesh.home.replica('0190f5fe-7c00-7a00-8000-0000000000a1').getMap(map).entries()), map);

/** Changes that tree as another device does. */
const elsewhere = (page, map, id, path) =>
  page.evaluate(([map, id, path]) => {
    const found = window.fakeMesh.home.replica('0190f5fe-7c00-7a00-8000-0000000000a1').getMap(map);
    if (path === null) found.delete(id);
    else found.set(id, path);
  }, [map, id, path]);

async function act(page, file, name) {
  await page.getByRole('button', { name: `Actions of ${file}`, exact: true }).click();
  await page.getByRole('menuitem', { name, exact: true }).click();
}

async function move(page, { name, folder }) {
  if (name !== undefined) await page.getByRole('textbox', { name: 'Name', exact: true }).fill(name);
  if (folder !== undefined) await page.getByRole('combobox', { name: 'Folder' }).fill(folder);
  await page.getByRole('button', { name: 'Save' }).click();
}

describe('the list of a project', () => {
  test('shows folders as a tree that is closed and opened by keys, and stays so', async (t) => {
    const { page } = await open(t, '/', DESKTOP);
    const folder = page.getByRole('button', { name: 'notes', exact: true });
    await page.getByRole('link', { name: 'stream.md' }).waitFor();
    await folder.focus();
    await page.keyboard.press('ArrowLeft');
    await page.getByRole('link', { name: 'stream.md' }).waitFor({ state: 'detached' });
    await page.reload();
    await folder.waitFor();
    assert.equal(await folder.getAttribute('aria-expanded'), 'false');
    await folder.focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab'); // its menu
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'latex.md');
  });

  test('a document is renamed and moved, and that is undone', async (t) => {
    const { page } = await open(t, '/');
    await act(page, 'penguins.md', 'Rename or move');
    await move(page, { name: 'birds.md', folder: 'notes/old' });
    await page.getByRole('link', { name: 'birds.md' }).waitFor();
    assert.equal((await there(page, 'files'))[PENGUINS], 'notes/old/birds.md');
    await page.getByRole('status').filter({ hasText: 'penguins.md is now notes/old/birds.md' }).waitFor();
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByRole('link', { name: 'penguins.md' }).waitFor();
    assert.equal((await there(page, 'files'))[PENGUINS], 'penguins.md');
  });

  test('a path that is taken, or is none, is refused where it was typed, and nothing is changed', async (t) => {
    const { page } = await open(t, '/');
    await act(page, 'penguins.md', 'Rename or move');
    await move(page, { name: 'stream.md', folder: 'notes' });
    await page.getByRole('alert').getByText('There is a document notes/stream.md already.').waitFor();
    await move(page, { name: '..', folder: '' });
    await page.getByRole('alert').getByText('A name is not').waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    assert.equal((await there(page, 'files'))[PENGUINS], 'penguins.md');
    await page.waitForFunction(() => document.activeElement.getAttribute('aria-label') === 'Actions of penguins.md');
  });

  test('a document is deleted into the trash, and restored: by the notice, and from the trash to a free path', async (t) => {
    const { page } = await open(t, '/');
    await act(page, 'penguins.md', 'Delete');
    await page.getByRole('link', { name: 'penguins.md' }).waitFor({ state: 'detached' });
    assert.deepEqual([(await there(page, 'files'))[PENGUINS], (await there(page, 'trash'))[PENGUINS]], [undefined, 'penguins.md']);
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByRole('link', { name: 'penguins.md' }).waitFor();
    assert.deepEqual(await there(page, 'trash'), {});
    await act(page, 'penguins.md', 'Delete');
    await page.getByText('Trash (1)').waitFor();
    await elsewhere(page, 'files', '0190f5fe-7c00-7a00-8000-0000000000d9', 'penguins.md');
    await page.getByText('Trash (1)').click();
    await page.getByRole('button', { name: 'Restore penguins.md' }).click();
    await page.getByRole('link', { name: 'penguins (2).md' }).waitFor();
    assert.equal((await there(page, 'files'))[PENGUINS], 'penguins (2).md');
  });

  test('what one device deletes and another one keeps at the same time is kept', async (t) => {
    const { page } = await open(t, '/');
    await page.getByRole('link', { name: 'penguins.md' }).waitFor();
    await elsewhere(page, 'trash', PENGUINS, 'penguins.md');
    await elsewhere(page, 'trash', '0190f5fe-7c00-7a00-8000-0000000000da', 'other.md');
    await page.getByText('Trash (1)').waitFor();
    await page.getByRole('link', { name: 'penguins.md' }).waitFor();
  });

  test('a folder is renamed and moved with all that is in it, and that is undone', async (t) => {
    const { page } = await open(t, '/');
    await page.getByRole('link', { name: 'stream.md' }).waitFor();
    const before = await there(page, 'files');
    await act(page, 'the folder notes', 'Rename or move');
    await move(page, { name: 'slides', folder: 'talks' });
    await page.getByRole('button', { name: 'slides', exact: true }).waitFor();
    const after = await there(page, 'files');
    const moved = (path) => path.replace(/^notes\//, 'talks/slides/');
    assert.deepEqual(after, Object.fromEntries(Object.entries(before).map(([id, path]) => [id, moved(path)])));
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByRole('button', { name: 'notes', exact: true }).waitFor();
    assert.deepEqual(await there(page, 'files'), before);
    await elsewhere(page, 'files', '0190f5fe-7c00-7a00-8000-0000000000db', 'taken/stream.md');
    await act(page, 'the folder notes', 'Rename or move');
    await move(page, { name: 'taken' });
    await page.getByRole('alert').getByText('There is a document taken/stream.md already.').waitFor();
  });

  test('the trash is emptied for good, after a question; what was restored meanwhile stays', async (t) => {
    const { page } = await open(t, '/');
    const asked = [];
    page.on('dialog', (dialog) => {
      asked.push(dialog.message());
      void (asked.length === 1 ? dialog.dismiss() : dialog.accept());
    });
    for (const file of ['penguins.md', 'notes/stream.md']) await act(page, file, 'Delete');
    await page.getByText('Trash (2)').click();
    const empty = page.getByRole('button', { name: 'Empty trash of analysis' });
    await empty.click();
    assert.match(asked[0], /^Delete 2 documents for good, on every device\? This cannot be undone\.$/);
    assert.equal(Object.keys(await there(page, 'trash')).length, 2);
    await elsewhere(page, 'files', PENGUINS, 'penguins.md');
    await page.getByText('Trash (1)').waitFor();
    await empty.click();
    await page.getByText('Trash (').waitFor({ state: 'detached' });
    assert.deepEqual(Object.values(await there(page, 'trash')), ['penguins.md']);
    assert.equal((await there(page, 'files'))[PENGUINS], 'penguins.md');
    assert.ok(!Object.values(await there(page, 'files')).includes('notes/stream.md'));
    assert.ok(await page.evaluate(async () => !(await indexedDB.databases()).some(({ name }) => name.endsWith('0000000000d2'))));
  });

  test('a project is made and renamed; a name that is taken is refused', async (t) => {
    const { page } = await open(t, '/');
    await act(page, 'analysis', 'Rename');
    const name = page.getByRole('textbox', { name: 'Name' });
    await name.fill('thesis');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('alert').getByText('There is a project thesis already.').waitFor();
    await name.fill('birds');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { name: 'birds' }).waitFor();
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByRole('heading', { name: 'analysis' }).waitFor();
    await page.getByRole('button', { name: 'More' }).click();
    await page.getByRole('menuitem', { name: 'New project' }).click();
    await name.fill('empty');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('region', { name: 'empty' }).getByText('No documents yet.').waitFor();
  });

  test('a project is deleted with everything in it, restored, and deleted for good', async (t) => {
    const { page } = await open(t, '/');
    await page.getByRole('link', { name: 'penguins.md' }).waitFor();
    await act(page, 'analysis', 'Delete');
    await page.getByRole('heading', { name: 'analysis' }).waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByRole('link', { name: 'penguins.md' }).waitFor();
    await act(page, 'analysis', 'Delete');
    await page.getByText('Deleted projects (1)').click();
    await page.getByRole('button', { name: 'Restore the project analysis' }).click();
    await page.getByRole('link', { name: 'penguins.md' }).waitFor();
    await page.getByText(/^Deleted projects \(/).waitFor({ state: 'detached' });
    await act(page, 'analysis', 'Delete');
    await page.getByText('Deleted projects (1)').click();
    page.once('dialog', (dialog) => void dialog.accept());
    await page.getByRole('button', { name: 'Delete for good' }).click();
    await page.getByText(/^Deleted projects \(/).waitFor({ state: 'detached' });
    await page.getByRole('heading', { name: 'analysis' }).waitFor({ state: 'detached' });
    const left = await page.evaluate(() => ['projects', 'projectTrash'].flatMap((map) => [...window.fakeMesh.home.replica('00000000-0000-0000-0000-000000000000').getMap(map).values()]));
    assert.ok(!left.includes('analysis'), `${left}`);
  });

  test('without a line all of it goes on, and the home hears of it later', async (t) => {
    const { page } = await open(t, '/');
    await page.getByRole('link', { name: 'penguins.md' }).waitFor();
    await page.evaluate(() => window.fakeMesh.setOnline(false));
    await act(page, 'penguins.md', 'Rename or move');
    await move(page, { name: 'birds.md' });
    await page.getByRole('link', { name: 'birds.md' }).waitFor();
    await act(page, 'notes/stream.md', 'Delete');
    await page.getByText('Trash (1)').waitFor();
    assert.equal((await there(page, 'files'))[PENGUINS], 'penguins.md');
    await page.evaluate(() => window.fakeMesh.setOnline(true));
    await page.waitForFunction(() => {
      const tree = window.fakeMesh.home.replica('0190f5fe-7c00-7a00-8000-0000000000a1');
      return [...tree.getMap('files').values()].includes('birds.md') && [...tree.getMap('trash').values()].includes('notes/stream.md');
    });
  });
});

describe('a document that is open', () => {
  test('stays open under its new name, with its cursor, when it is renamed here or elsewhere', async (t) => {
    const { page } = await open(t, penguins, DESKTOP);
    await run(page, 1).waitFor();
    await page.getByText('Three species').click();
    await page.keyboard.press('End');
    await elsewhere(page, 'files', PENGUINS, 'notes/birds.md');
    await page.getByRole('heading', { name: 'birds.md' }).waitFor();
    await page.keyboard.type(' Typed on.');
    await page.getByText('Typed on.').waitFor();
    assert.match(page.url(), /\/d\/analysis\/notes\/birds\.md$/);
    await page.getByRole('textbox', { name: 'Notebook birds.md' }).waitFor();
    await page.getByRole('button', { name: 'Actions of the notebook' }).click();
    await page.getByRole('menuitem', { name: 'Rename or move' }).click();
    await move(page, { name: 'penguins.md' });
    await page.getByRole('heading', { name: 'penguins.md' }).waitFor();
    await page.getByText('Typed on.').waitFor();
  });

  test('stays open when its project is renamed elsewhere', async (t) => {
    const { page } = await open(t, penguins);
    await run(page, 1).waitFor();
    await page.evaluate(() => window.fakeMesh.home.replica('00000000-0000-0000-0000-000000000000').getMap('projects').set('0190f5fe-7c00-7a00-8000-0000000000a1', 'birds'));
    await page.waitForURL(/\/d\/birds\/penguins\.md$/);
    await run(page, 1).waitFor();
    await page.getByText('Three species').waitFor();
  });

  test('says that it was deleted elsewhere, and is restored', async (t) => {
    const { page } = await open(t, penguins);
    await run(page, 1).waitFor();
    await elsewhere(page, 'trash', PENGUINS, 'penguins.md');
    await elsewhere(page, 'files', PENGUINS, null);
    await page.getByRole('alert').filter({ hasText: 'This document was deleted.' }).waitFor();
    await page.getByText('Three species').waitFor();
    await page.getByRole('button', { name: 'Restore' }).click();
    await page.getByText('This document was deleted.').waitFor({ state: 'detached' });
    assert.equal((await there(page, 'files'))[PENGUINS], 'penguins.md');
  });

  test('is deleted from its menu; its address then offers to restore it', async (t) => {
    const { page } = await open(t, penguins);
    await run(page, 1).waitFor();
    await page.getByRole('button', { name: 'Actions of the notebook' }).tap();
    await page.getByRole('menuitem', { name: 'Delete notebook' }).tap();
    await page.getByText('Trash (1)').waitFor();
    await page.goto(site.origin + penguins);
    await page.getByText('penguins.md is in the trash.').waitFor();
    await page.getByRole('button', { name: 'Restore' }).tap();
    await run(page, 1).waitFor();
  });
});
