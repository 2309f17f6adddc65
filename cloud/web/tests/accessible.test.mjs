// Every view, light and dark, on a phone and on a desktop: axe finds nothing against WCAG 2.2 AA, and what is touched is large enough.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { DESKTOP, launch, PHONE } from './browser.mjs';
import { served, test } from './site.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const site = served();

async function faults(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }));
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.html} (${node.failureSummary})`).join('\n  ')}`);
}

const views = {
  'signing in': async (page) => void (await page.goto(`${site.origin}/pair#wayfare://example/code/anchor`)),
  'scanning a code without a camera': async (page) => {
    await page.goto(`${site.origin}/pair`);
    await page.getByRole('button', { name: 'Scan a QR code' }).click();
    await page.getByText('Type the code, or paste the link.').waitFor();
  },
  projects: async (page) => {
    await page.goto(site.origin);
    await page.getByRole('button', { name: 'New notebook in thesis' }).click();
    await page.getByRole('button', { name: 'Actions of notes/latex.md' }).click();
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    await page.getByText('Trash (1)').click();
    await page.getByRole('button', { name: 'Restore notes/latex.md' }).waitFor();
  },
  'renaming a document': async (page) => {
    await page.goto(site.origin);
    await page.getByRole('button', { name: 'Actions of penguins.md' }).click();
    await page.getByRole('menuitem', { name: 'Rename or move' }).click();
    await page.getByRole('combobox', { name: 'Folder' }).waitFor();
  },
  devices: async (page) => {
    await page.goto(`${site.origin}/devices`);
    await page.getByText('MacBook Pro').waitFor();
  },
  notebook: async (page) => {
    await page.goto(`${site.origin}/d/analysis/penguins.md`);
    for (const cell of [1, 2, 3, 5]) {
      await page.getByRole('button', { name: `Run cell ${cell}`, exact: true }).click();
      await page.getByRole('group', { name: `Output of cell ${cell}` }).getByText(/⚡ MacBook Pro · /).waitFor();
    }
    await page.getByRole('button', { name: 'Run cell 4', exact: true }).click();
    await page.getByLabel('Which island?').waitFor();
  },
  'menu of a cell': async (page) => {
    await page.goto(`${site.origin}/d/analysis/penguins.md`);
    await page.getByRole('button', { name: 'Actions of cell 1' }).click();
  },
  'compute and sessions': async (page) => {
    await page.goto(`${site.origin}/d/analysis/penguins.md`);
    await page.getByRole('button', { name: 'Run cell 1', exact: true }).click();
    await page.getByRole('button', { name: 'Runs on: MacBook Pro (remote)' }).click();
    await page.getByRole('button', { name: 'Restart' }).waitFor();
  },
  sessions: async (page) => {
    await page.goto(`${site.origin}/d/analysis/notes/slow.md`);
    await page.getByRole('button', { name: 'Run cell 1', exact: true }).click();
    await page.getByRole('button', { name: 'Runs on: MacBook Pro (remote)' }).click();
    await page.getByRole('link', { name: 'All sessions' }).click();
    await page.getByText('runs cell 1 of').waitFor();
  },
  'outputs of Markdown': async (page) => {
    await page.goto(`${site.origin}/d/analysis/notes/rich.md`);
    await page.getByRole('button', { name: 'Run cell 1', exact: true }).click();
    await page.getByRole('group', { name: 'Output of cell 1' }).getByText(/⚡ MacBook Pro · /).waitFor();
    await page.locator('.markdown-output').waitFor();
  },
  'offline notebook': async (page) => {
    await page.goto(`${site.origin}/d/analysis/penguins.md`);
    await page.getByRole('button', { name: 'Run cell 1', exact: true }).waitFor();
    await page.evaluate(() => window.fakeMesh.setOnline(false));
    await page.getByRole('button', { name: 'Run cell 1 when connected' }).click();
  },
};

for (const colorScheme of ['light', 'dark']) {
  test(`axe finds nothing in any view, ${colorScheme}`, async (t) => {
    const browser = await launch({ ...(colorScheme === 'light' ? PHONE : DESKTOP), colorScheme });
    t.after(browser.close);
    for (const [name, show] of Object.entries(views)) {
      await show(browser.page);
      assert.deepEqual(await faults(browser.page), [], name);
    }
  });
}

test('at 200 % nothing stands beside the screen, and axe finds nothing in the sessions', async (t) => {
  // A window of 1280 by 1700 pixels, zoomed.
  const browser = await launch({ viewport: { width: 640, height: 850 }, deviceScaleFactor: 2 });
  t.after(browser.close);
  for (const [name, show] of Object.entries(views)) {
    await show(browser.page);
    const beside = await browser.page.evaluate(() =>
      ['html', '.page', '.cm-scroller', '.panel', '.sign-in', '.bar'].flatMap((where) => [...document.querySelectorAll(where)])
        .filter((element) => element.scrollWidth > element.clientWidth)
        .map((element) => `${element.className || element.tagName}: ${element.scrollWidth} of ${element.clientWidth}`),
    );
    assert.deepEqual(beside, [], name);
    if (name === 'sessions') assert.deepEqual(await faults(browser.page), [], name);
  }
});

test('what is touched is at least 44 pixels wide and high, or stands in a line of text', async (t) => {
  const browser = await launch(PHONE);
  t.after(browser.close);
  for (const [name, show] of Object.entries(views)) {
    await show(browser.page);
    const small = await browser.page.evaluate(() =>
      [...document.querySelectorAll('button, a, input, select')]
        .filter((element) => element.checkVisibility() && !element.matches('.compute, .picture') && !(element.matches('a') && getComputedStyle(element).display === 'inline'))
        .map((element) => ({ box: element.getBoundingClientRect(), html: element.outerHTML }))
        .filter(({ box }) => box.width > 0 && (box.width < 43.5 || box.height < 43.5))
        .map(({ box, html }) => `${Math.round(box.width)} x ${Math.round(box.height)}: ${html.slice(0, 120)}`),
    );
    assert.deepEqual(small, [], name);
  }
});
