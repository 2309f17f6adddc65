// The app in a browser, on a mesh in the page: what a person does with a notebook, by touch and by keys, with and without a line.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { DESKTOP } from './browser.mjs';
import { opener, output, penguins, run, scrollTo } from './pages.mjs';
import { served, test } from './site.mjs';

const site = served();
const open = opener(site);

const text = (page) => page.evaluate(() => window.fakeMesh.home.replica('0190f5fe-7c00-7a00-8000-0000000000d1').getText('content').toString());

describe('a notebook on a phone', () => {
  test('shows its bar, its indicator and its first cell at once, and nothing beside the screen', async (t) => {
    const { page, errors } = await open(t, penguins);
    await run(page, 1).waitFor();
    for (const shown of [page.getByRole('heading', { name: 'penguins.md' }), page.getByRole('button', { name: /^Runs on/ }), run(page, 1)]) {
      const box = await shown.boundingBox();
      assert.ok(box.y >= 0 && box.y + box.height <= 844, JSON.stringify(box));
    }
    const wide = await page.evaluate(() => [document.documentElement.scrollWidth, document.querySelector('.cm-scroller').scrollWidth]);
    assert.ok(Math.max(...wide) <= 390, `${wide} pixels wide`);
    assert.match(await output(page, 1).innerText(), /hello\s+2/);
    assert.deepEqual(errors, []);
  });

  test('runs a cell by a tap: output comes, then where it ran; and the text has it once', async (t) => {
    const { page } = await open(t, penguins);
    await run(page, 3).tap();
    await output(page, 3).getByText(/⚡ MacBook Pro · /).waitFor();
    assert.match(await output(page, 3).innerText(), /100%\|██████████\| 100\/100/);
    await output(page, 3).getByRole('img', { name: '<Figure size 640x480 with 1 Axes>' }).waitFor();
    await page.getByRole('button', { name: 'Runs on: MacBook Pro (remote)' }).waitFor();
    const written = await text(page);
    assert.match(written, /```python\nplot\(\)\nprogress\(\)\n```\n\n!\[\\<Figure size 640x480 with 1 Axes\\>\]\(_assets\/generated\/[0-9a-f]{64}\.png "output:[0-9a-f-]{36} display text\/plain image\/png"\)\n\n```output:[0-9a-f-]{36} stderr open\n100%/);
    // A second page has the picture from the browser, without the run.
    await page.reload();
    await output(page, 3).getByRole('img').waitFor();
    assert.match(await output(page, 3).innerText(), /⚡ MacBook Pro · /);
  });

  test('asks for input in its place', async (t) => {
    const { page } = await open(t, penguins);
    await scrollTo(page, run(page, 4));
    await run(page, 4).tap();
    await scrollTo(page, page.getByLabel('Which island?'));
    await page.getByLabel('Which island?').fill('Dream');
    await page.getByRole('button', { name: 'Answer' }).tap();
    await output(page, 4).getByText('Dream it is').waitFor();
  });

  test('stops a run: from its cell, and from the bar', async (t) => {
    const { page } = await open(t, '/d/analysis/notes/stream.md');
    for (const stop of ['Stop cell 1', 'Stop 1 running cell']) {
      await page.getByRole('button', { name: 'Run cell 1', exact: true }).tap();
      await page.getByRole('button', { name: stop }).tap();
      await output(page, 1).getByText('KeyboardInterrupt').first().waitFor();
      await page.getByRole('button', { name: stop }).waitFor({ state: 'detached' });
    }
  });

  test('an error says where, and the rest of its traceback on request', async (t) => {
    const { page } = await open(t, penguins);
    await scrollTo(page, run(page, 5));
    await run(page, 5).tap();
    await output(page, 5).getByText('✕ failed').waitFor();
    assert.ok(!(await output(page, 5).innerText()).includes('runpy'));
    await output(page, 5).getByRole('button', { name: 'Show traceback' }).tap();
    assert.match(await output(page, 5).innerText(), /runpy\.py:88/);
    assert.match(await page.locator('.said').innerText(), /Cell 5 failed/);
  });

  test('adds, moves and deletes cells from their menu', async (t) => {
    const { page } = await open(t, penguins);
    const act = async (cell, name) => {
      await page.getByRole('button', { name: `Actions of cell ${cell}`, exact: true }).tap();
      await page.getByRole('menuitem', { name: new RegExp(`^${name}`) }).tap();
    };
    await act(1, 'Add cell below');
    await page.keyboard.type('print("new")');
    assert.match(await text(page), /2\n```\n\n```python\nprint\("new"\)\n```\n\n## What/);
    await act(2, 'Move up');
    assert.match(await text(page), /```python\nprint\("new"\)\n```\n\n```python\nprint\("hello"\)/);
    await act(1, 'Delete cell');
    assert.ok(!(await text(page)).includes('new'));
    await act(1, 'Clear output');
    assert.match(await text(page), /1 \+ 1\n```\n\n## What/);
  });
});

describe('without a line', () => {
  test('editing goes on, runs wait, and both catch up by themselves', async (t) => {
    const { page } = await open(t, penguins);
    await run(page, 1).waitFor();
    await page.evaluate(() => window.fakeMesh.setOnline(false));
    await page.getByText('Three species').tap();
    await page.keyboard.press('End');
    await page.keyboard.type(' Indeed.');
    await page.getByRole('status').filter({ hasText: 'Offline · 1 change will sync' }).waitFor();
    await page.getByRole('button', { name: 'Run cell 1 when connected' }).tap();
    await output(page, 1).getByText('Offline, will run when connected').waitFor();
    assert.ok(!(await text(page)).includes('Indeed'));
    await page.evaluate(() => window.fakeMesh.setOnline(true));
    await output(page, 1).getByText(/⚡ MacBook Pro · /).waitFor();
    await page.waitForFunction(() => window.fakeMesh.home.replica('0190f5fe-7c00-7a00-8000-0000000000d1').getText('content').toString().includes('Indeed.'));
    await page.getByRole('status').waitFor({ state: 'detached' });
  });

  test('what was changed and wished for is there after the page was closed', async (t) => {
    const { page, context } = await open(t, penguins);
    await run(page, 1).waitFor();
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
    await page.evaluate(() => window.fakeMesh.setOnline(false));
    await page.getByText('Three species').tap();
    await page.keyboard.type('Kept. ');
    await page.getByRole('button', { name: 'Run cell 2 when connected' }).tap();
    await output(page, 2).getByText('will run when connected').waitFor();
    // The page itself comes from the service worker, with every language and view.
    await context.setOffline(true);
    await page.reload();
    await page.getByText('Kept.').waitFor();
    await output(page, 2).getByText(/⚡ MacBook Pro · /).waitFor();
    assert.match(await text(page), /Kept\./);
  });
});

describe('by keys', () => {
  test('cells are run, left, chosen, added and moved', async (t) => {
    const { page } = await open(t, penguins, DESKTOP);
    await page.getByText('print("hello")').click();
    await page.keyboard.press('Control+Enter');
    await output(page, 1).getByText(/⚡ MacBook Pro · /).waitFor();
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.press('Alt+ArrowDown');
    assert.match(await text(page), /```python\nplot\(\)\nprogress\(\)\n```\n\n```python\ntable\(\)\n```/);
    await page.keyboard.press('Escape');
    await page.keyboard.press('k');
    await page.keyboard.press('b');
    await page.keyboard.type('x = 1');
    assert.match(await text(page), /```python\nx = 1\n```\n\n```python\ntable\(\)/);
    await page.keyboard.press('Escape');
    await page.keyboard.type('dd');
    assert.ok(!(await text(page)).includes('x = 1'));
    await page.keyboard.press('Control+z');
    assert.match(await text(page), /x = 1/);
  });

  test('a Backspace after an output, and one in an empty cell, breaks no fence', async (t) => {
    const { page } = await open(t, penguins, DESKTOP);
    await page.getByText('What they weigh').click();
    await page.keyboard.press('Home');
    for (let at = 0; at < 4; at++) await page.keyboard.press('Backspace');
    await page.getByText('table()').first().click();
    await page.keyboard.press('Control+a');
    for (let at = 0; at < 4; at++) await page.keyboard.press('Backspace');
    await page.keyboard.type('kept()');
    assert.match(await text(page), /\n```\n+#* ?What they weigh/);
    assert.match(await text(page), /```python\nkept\(\)\n```/);
  });

  test('run all goes through every cell, and one that fails takes back the rest', async (t) => {
    const { page } = await open(t, penguins, DESKTOP);
    await page.getByRole('button', { name: 'Run all' }).click();
    await scrollTo(page, page.getByLabel('Which island?'));
    await page.getByLabel('Which island?').fill('Dream');
    await page.keyboard.press('Enter');
    await scrollTo(page, output(page, 5));
    await output(page, 5).getByText('✕ failed').waitFor();
    await scrollTo(page, run(page, 6));
    await output(page, 6).getByText('taken back').waitFor();
  });

  test('the kernel completes and explains', async (t) => {
    const { page } = await open(t, penguins, DESKTOP);
    await run(page, 1).click();
    await output(page, 1).getByText(/⚡ MacBook Pro · /).waitFor();
    await page.getByText('table()').first().click();
    await page.keyboard.press('End');
    await page.keyboard.press('Enter');
    await page.keyboard.type('prog');
    await page.getByRole('option', { name: 'progress' }).waitFor();
    await page.waitForTimeout(150); // a list that has just come takes no key
    await page.keyboard.press('Tab');
    assert.match(await text(page), /table\(\)\nprogress\n/);
    await page.getByText('print', { exact: false }).first().click();
    await page.getByText('print("hello")').click({ position: { x: 8, y: 8 } });
    await page.keyboard.press('Shift+Tab');
    await page.getByText('Prints the values.').waitFor();
  });
});

describe('large things', () => {
  test('a stream of a thousand lines a second leaves the page free, and shows its ends', async (t) => {
    const { page } = await open(t, '/d/analysis/notes/stream.md');
    await page.getByRole('button', { name: 'Run cell 1', exact: true }).waitFor();
    await page.evaluate(() => {
      window.longest = 0;
      new PerformanceObserver((list) => list.getEntries().forEach((entry) => (window.longest = Math.max(window.longest, entry.duration)))).observe({ type: 'longtask' });
    });
    await page.getByRole('button', { name: 'Run cell 1', exact: true }).tap();
    await output(page, 1).getByText(/⚡ MacBook Pro · /).waitFor();
    const shown = await output(page, 1).innerText();
    assert.match(shown, /line 1 of many[\s\S]*Show 2,975 more lines[\s\S]*line 3000 of many/);
    t.diagnostic(`longest task while streaming: ${Math.round(await page.evaluate(() => window.longest))} ms`);
    await page.getByRole('button', { name: 'Show 2,975 more lines' }).tap();
    assert.match(await output(page, 1).textContent(), /line 1500 of many/);
  });

  test('of two thousand cells only those in view are drawn, and scrolling goes through all', async (t) => {
    const { page } = await open(t, '/d/thesis/large.md');
    await run(page, 1).waitFor();
    assert.ok((await page.locator('.cell-head').count()) < 60);
    const tasks = await page.evaluate(async () => {
      const tasks = [];
      new PerformanceObserver((list) => tasks.push(...list.getEntries().map((entry) => entry.duration))).observe({ type: 'longtask' });
      const scroller = document.querySelector('.cm-scroller');
      for (let step = 0; step < 90; step++) {
        scroller.scrollTop += step < 60 ? 400 : scroller.scrollHeight / 30;
        await new Promise((resolve) => setTimeout(resolve, 40));
      }
      return tasks;
    });
    t.diagnostic(`long tasks while scrolling: ${tasks.map(Math.round).join(', ') || 'none'}`);
    // Where the end is becomes known when what stands before it is drawn.
    for (let tries = 0; tries < 40 && !(await run(page, 2000).isVisible()); tries++) {
      await page.evaluate(() => document.querySelector('.cm-scroller').scrollTo(0, 1e9));
      await page.waitForTimeout(50);
    }
    await run(page, 2000).waitFor();
  });

  test('what is typed among two thousand cells is there, and cells and outputs behind it stay what they are', async (t) => {
    const { page } = await open(t, '/d/thesis/large.md', DESKTOP);
    await run(page, 3).waitFor();
    const heads = () => page.locator('.cell-head .cell-number').allInnerTexts();
    const before = await heads();
    await page.getByText('x = 2', { exact: true }).click();
    await page.keyboard.press('End');
    await page.keyboard.type(' + 40');
    await page.getByText('Paragraph 3 says').click();
    await page.keyboard.press('End');
    await page.keyboard.type(' Indeed.');
    assert.deepEqual(await heads(), before);
    assert.equal((await output(page, 3).innerText()).trim(), '3');
    await run(page, 3).click();
    await output(page, 3).getByText(/⚡ MacBook Pro · /).waitFor();
    const large = () => page.evaluate(() => window.fakeMesh.home.replica('0190f5fe-7c00-7a00-8000-0000000000d3').getText('content').toString());
    assert.match(await large(), /# cell 2\nx = 2 \+ 40\nprint\("2"\)\n```\n\n```output:[0-9a-f-]+\n2\n```\n\nParagraph 3 says what the next cell does\. Indeed\.\n/);
  });
});

describe('lists', () => {
  test('a new notebook is made in a project, opened, and there for others', async (t) => {
    const { page } = await open(t, '/');
    await page.getByRole('button', { name: 'New notebook in thesis' }).tap();
    await page.getByLabel('Path of the notebook').fill('drafts/first');
    await page.getByRole('button', { name: 'Make' }).tap();
    await run(page, 1).waitFor();
    assert.match(page.url(), /\/d\/thesis\/drafts\/first\.md$/);
    const there = await page.evaluate(() => [...window.fakeMesh.home.replica('0190f5fe-7c00-7a00-8000-0000000000a2').getMap('files').values()]);
    assert.ok(there.includes('drafts/first.md'));
    await page.getByRole('button', { name: 'Back to projects' }).tap();
    await page.getByRole('button', { name: 'drafts', exact: true }).waitFor();
    await page.getByRole('link', { name: 'first.md' }).waitFor();
  });

  test('a device is renamed, also one that is away, and is called so everywhere', async (t) => {
    const { page } = await open(t, '/devices');
    await page.getByRole('button', { name: 'Actions of Home Laptop' }).tap();
    await page.getByRole('menuitem', { name: 'Rename' }).tap();
    await page.getByRole('textbox', { name: 'Name' }).fill('x'.repeat(200));
    await page.getByRole('button', { name: 'Save' }).tap();
    await page.getByRole('alert').getByText(/128 bytes/).waitFor();
    await page.getByRole('textbox', { name: 'Name' }).fill('Attic');
    await page.getByRole('button', { name: 'Save' }).tap();
    await page.getByRole('heading', { name: 'Attic' }).waitFor();
    assert.equal(await page.getByText('Home Laptop').count(), 0);
  });

  test('a device is revoked after a question', async (t) => {
    const { page } = await open(t, '/devices');
    page.on('dialog', (dialog) => void dialog.accept());
    await page.getByRole('button', { name: 'Actions of Home Laptop' }).tap();
    await page.getByRole('menuitem', { name: 'Revoke' }).tap();
    await page.getByText('revoked, last seen just now').waitFor();
  });

  test('the device for new sessions is chosen in the panel of the indicator', async (t) => {
    const { page } = await open(t, penguins);
    await page.getByRole('button', { name: /^Runs on/ }).tap();
    await page.getByRole('combobox', { name: 'Runtime' }).selectOption({ label: 'Home Laptop' });
    await page.getByRole('button', { name: 'Close' }).tap();
    await run(page, 1).tap();
    await output(page, 1).getByText(/⚡ Home Laptop · /).waitFor();
  });
});
