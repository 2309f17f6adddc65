// Every view, light and dark, on a phone and on a desktop: axe finds nothing against WCAG 2.2 AA, and what is touched is large enough.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { DESKTOP, launch, PHONE } from './browser.mjs';
import { waitFor } from './pages.mjs';
import { served, test } from './site.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const site = served();

async function faults(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }));
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.html} (${node.failureSummary})`).join('\n  ')}`);
}

/** What is touched and is smaller than 44 pixels, and does not stand in a line of text. */
function small(page) {
  return page.evaluate(() =>
    [...document.querySelectorAll('button, a, input, select')]
      .filter((element) => element.checkVisibility() && !element.matches('.compute, .picture') && !(element.matches('a') && getComputedStyle(element).display === 'inline'))
      .map((element) => ({ box: (element.closest('label:has([type=checkbox])') ?? element).getBoundingClientRect(), html: element.outerHTML }))
      .filter(({ box }) => box.width > 0 && (box.width < 43.5 || box.height < 43.5))
      .map(({ box, html }) => `${Math.round(box.width)} x ${Math.round(box.height)}: ${html.slice(0, 120)}`),
  );
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
  'versions of a document': async (page) => {
    await page.goto(site.origin);
    await page.getByRole('button', { name: 'Actions of penguins.md' }).click();
    await page.getByRole('menuitem', { name: 'Versions' }).click();
    await page.getByRole('button', { name: /bytes/ }).first().waitFor();
  },
  'a version and what differs now': async (page) => {
    await page.goto(site.origin);
    await page.getByRole('button', { name: 'Actions of penguins.md' }).click();
    await page.getByRole('menuitem', { name: 'Versions' }).click();
    await page.getByRole('button', { name: /bytes/ }).last().click();
    await page.getByText('Comes back:').first().waitFor();
  },
  'renaming a document': async (page) => {
    await page.goto(site.origin);
    await page.getByRole('button', { name: 'Actions of penguins.md' }).click();
    await page.getByRole('menuitem', { name: 'Rename or move' }).click();
    await page.getByRole('combobox', { name: 'Folder' }).waitFor();
  },
  'making a notebook and hiding the hint to install': async (page) => {
    await page.goto(site.origin);
    await page.getByRole('link', { name: 'penguins.md' }).waitFor();
    await page.evaluate(() => window.dispatchEvent(Object.assign(new Event('beforeinstallprompt'), { prompt: async () => undefined })));
    await page.getByRole('button', { name: 'New notebook in analysis' }).click();
    await page.getByRole('button', { name: 'Make' }).click();
    await page.getByRole('heading', { name: 'untitled.md' }).waitFor();
    await page.goto(site.origin);
    await page.getByRole('link', { name: 'untitled.md' }).waitFor();
    await page.evaluate(() => window.dispatchEvent(Object.assign(new Event('beforeinstallprompt'), { prompt: async () => undefined })));
    await page.getByRole('button', { name: 'New notebook in analysis' }).click();
    await page.getByRole('button', { name: 'Make' }).click();
    await page.getByRole('alert').getByText('There is a document untitled.md already.').waitFor();
    await page.getByRole('complementary', { name: 'Installing the app' }).waitFor();
  },
  'renaming a project to one that is there': async (page) => {
    await page.goto(site.origin);
    await page.getByRole('button', { name: 'Actions of analysis', exact: true }).click();
    await page.getByRole('menuitem', { name: 'Rename' }).click();
    await page.getByRole('textbox', { name: 'Name' }).fill('thesis');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('alert').waitFor();
  },
  devices: async (page) => {
    await page.goto(`${site.origin}/devices`);
    await page.getByText('MacBook Pro').waitFor();
  },
  'actions of a device': async (page) => {
    await page.goto(`${site.origin}/devices`);
    await page.getByRole('button', { name: 'Actions of Workstation' }).click();
  },
  'a document that is not there': async (page) => {
    await page.goto(`${site.origin}/d/analysis/none.md`);
    await page.getByText('There is no such document.').waitFor();
  },
  'a document that was deleted elsewhere': async (page) => {
    await page.goto(`${site.origin}/d/analysis/notes/stream.md`);
    await page.getByRole('button', { name: 'Run cell 1', exact: true }).waitFor();
    await page.evaluate(() => window.fakeMesh.home.replica('0190f5fe-7c00-7a00-8000-0000000000a1').getMap('files').delete('0190f5fe-7c00-7a00-8000-0000000000d2'));
    await page.getByRole('alert').waitFor();
  },
  'looking for words, and completions': async (page) => {
    await page.goto(`${site.origin}/d/analysis/penguins.md`);
    await page.getByRole('button', { name: 'Run cell 1', exact: true }).click();
    await page.getByRole('group', { name: 'Output of cell 1' }).getByText(/⚡ MacBook Pro · /).waitFor();
    await page.getByText('print("hello")').click();
    await page.keyboard.press('Control+f');
    await page.locator('.cm-search').waitFor();
    await page.getByText('1 + 1').click();
    await page.keyboard.press('End');
    await page.keyboard.press('Enter');
    await page.keyboard.type('prog');
    await page.locator('.cm-tooltip-autocomplete').waitFor();
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
  'environment of a session': async (page) => {
    await page.goto(`${site.origin}/d/analysis/penguins.md`);
    await page.getByRole('button', { name: 'Run cell 1', exact: true }).click();
    await page.getByRole('button', { name: 'Runs on: MacBook Pro (remote)' }).click();
    await page.getByRole('button', { name: 'Environment' }).click();
    await page.getByLabel('Working folder').waitFor();
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
  'a run that waits for another device': async (page) => {
    await page.goto(`${site.origin}/d/analysis/notes/slow.md`);
    await page.getByRole('button', { name: 'Run cell 1', exact: true }).waitFor();
    await waitFor(page, '0190f5fe-7c00-7a00-8000-0000000000d6');
    await page.getByText('Waits for Home Laptop to be connected').waitFor();
  },
  'offline notebook': async (page) => {
    await page.goto(`${site.origin}/d/analysis/penguins.md`);
    await page.getByRole('button', { name: 'Run cell 1', exact: true }).waitFor();
    await page.evaluate(() => window.fakeMesh.setOnline(false));
    await page.getByRole('button', { name: 'Run cell 1 when connected' }).click();
  },
  // The last one: the clock stays in the browser's hands.
  'a device that does not answer': async (page) => {
    await page.clock.install();
    await page.goto(`${site.origin}/d/analysis/notes/slow.md`);
    await page.getByRole('button', { name: 'Run cell 2', exact: true }).click();
    await page.getByRole('group', { name: 'Output of cell 2' }).getByText(/⚡ MacBook Pro · /).waitFor();
    await page.evaluate(() => (window.fakeMesh.setPresence('Workstation', 'online'), window.fakeMesh.freeze('MacBook Pro')));
    await page.getByRole('button', { name: 'Run cell 2', exact: true }).click();
    await page.getByText('Sending…').waitFor();
    await page.clock.fastForward(11_000);
    await page.getByRole('button', { name: 'Run on Workstation' }).waitFor();
  },
};

test('axe finds nothing in any view on a phone, light, and what is touched is at least 44 pixels wide and high', async (t) => {
  const browser = await launch({ ...PHONE, colorScheme: 'light' });
  t.after(browser.close);
  for (const [name, show] of Object.entries(views)) {
    await show(browser.page);
    assert.deepEqual(await faults(browser.page), [], name);
    assert.deepEqual(await small(browser.page), [], name);
  }
});

test('axe finds nothing in any view on a desktop, dark', async (t) => {
  const browser = await launch({ ...DESKTOP, colorScheme: 'dark' });
  t.after(browser.close);
  for (const [name, show] of Object.entries(views)) {
    await show(browser.page);
    assert.deepEqual(await faults(browser.page), [], name);
  }
});

test('at 200 % nothing stands beside the screen, and axe finds nothing', async (t) => {
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
    assert.deepEqual(await faults(browser.page), [], name);
  }
});

/** Goes on by Tab to what has a name. */
async function tabTo(page, role, name) {
  const wanted = page.getByRole(role, { name, exact: true });
  for (let steps = 0; steps < 60; steps++) {
    if ((await wanted.count()) === 1 && (await wanted.evaluate((element) => element === document.activeElement))) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`Tab does not come to ${role} ${name}`);
}

test('by keys alone: from signing in to a finished run, which is said', async (t) => {
  const { page, close } = await launch(DESKTOP);
  t.after(close);
  await page.addInitScript(() => sessionStorage.getItem('was-here') ?? (sessionStorage.setItem('was-here', ''), localStorage.setItem('fake/left', '')));
  await page.goto(site.origin);
  await tabTo(page, 'textbox', 'Pairing code or link');
  await page.keyboard.type('ABCDE23456');
  await tabTo(page, 'button', 'Pair');
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: 'penguins.md' }).waitFor();
  await tabTo(page, 'link', 'penguins.md');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Run cell 1', exact: true }).waitFor();
  await tabTo(page, 'textbox', 'Notebook penguins.md');
  await page.keyboard.press('Escape');
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await page.keyboard.type('print("by keys")\n');
  await page.keyboard.press('Control+Enter');
  const output = page.getByRole('group', { name: 'Output of cell 1' });
  await output.getByText(/⚡ MacBook Pro · /).waitFor();
  assert.match(await output.innerText(), /by keys/);
  assert.match(await page.locator('.said').innerText(), /Cell 1 finished/);
});
