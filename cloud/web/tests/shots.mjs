// Pictures of every view, for people to look at: node tests/shots.mjs FOLDER

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DESKTOP, launch, PHONE, quit, serve } from './browser.mjs';

const folder = process.argv[2] ?? 'pictures';
mkdirSync(folder, { recursive: true });
const { origin, close } = await serve();

for (const [device, options] of [['phone', PHONE], ['desktop', DESKTOP]]) {
  for (const colorScheme of ['light', 'dark']) {
    const browser = await launch({ ...options, colorScheme });
    const { page } = browser;
    const shot = (name) => page.screenshot({ path: join(folder, `${device}-${colorScheme}-${name}.png`) });
    await page.goto(`${origin}/`);
    await page.getByRole('link', { name: 'penguins.md' }).waitFor();
    await shot('projects');
    await page.getByRole('button', { name: 'Actions of notes/latex.md' }).click();
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    await page.getByText('Trash (1)').click();
    await shot('trash');
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByRole('button', { name: 'Actions of penguins.md' }).click();
    await page.getByRole('menuitem', { name: 'Rename or move' }).click();
    await page.getByRole('combobox', { name: 'Folder' }).waitFor();
    await shot('rename');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Actions of penguins.md' }).click();
    await page.getByRole('menuitem', { name: 'Versions' }).click();
    await page.getByRole('button', { name: /bytes/ }).first().waitFor();
    await shot('versions');
    await page.getByRole('button', { name: /bytes/ }).last().click();
    await page.getByRole('button', { name: 'Restore' }).waitFor();
    await shot('version');
    await page.getByRole('button', { name: 'Close' }).click();
    await page.getByRole('link', { name: 'penguins.md' }).click();
    await page.getByRole('button', { name: 'Run cell 1', exact: true }).click();
    await page.getByText('⚡ MacBook Pro · ').first().waitFor();
    await shot('notebook');
    for (const cell of [2, 3, 4]) {
      await page.getByRole('button', { name: `Run cell ${cell}`, exact: true }).click();
      await page.waitForTimeout(500);
    }
    await page.getByLabel('Which island?').waitFor();
    await page.waitForTimeout(300);
    await shot('outputs');
    await page.getByLabel('Which island?').scrollIntoViewIfNeeded();
    await shot('question');
    await page.getByLabel('Which island?').fill('Dream');
    await page.getByRole('button', { name: 'Answer' }).click();
    await page.getByRole('button', { name: 'Run cell 5', exact: true }).click();
    await page.waitForTimeout(500);
    await shot('error');
    await page.getByRole('button', { name: 'Actions of cell 5' }).click();
    await shot('menu');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: /^Runs on/ }).click();
    await page.waitForTimeout(200);
    await shot('compute');
    await page.getByRole('button', { name: 'Environment' }).first().click();
    await shot('environment');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Close' }).click();
    await page.evaluate(() => window.fakeMesh.setOnline(false));
    await page.getByRole('button', { name: 'Run cell 1 when connected', exact: true }).scrollIntoViewIfNeeded();
    await page.getByRole('button', { name: 'Run cell 1 when connected', exact: true }).click();
    await page.getByText('Penguins', { exact: true }).click();
    await page.keyboard.type('s');
    await page.waitForTimeout(300);
    await shot('offline');
    await page.evaluate(() => window.fakeMesh.setOnline(true));
    await page.goto(`${origin}/devices`);
    await page.getByText('MacBook Pro').first().waitFor();
    await shot('devices');
    await page.goto(`${origin}/d/analysis/notes/rich.md`);
    for (const cell of [1, 2]) await page.getByRole('button', { name: `Run cell ${cell}`, exact: true }).click();
    await page.locator('.markdown-output math').nth(1).waitFor();
    await page.waitForTimeout(300);
    await shot('markdown');
    await page.goto(`${origin}/d/analysis/notes/slow.md`);
    await page.getByRole('button', { name: 'Run cell 1', exact: true }).click();
    await page.getByRole('button', { name: 'Notify me when long cells end' }).waitFor().catch(() => undefined); // where the browser may still ask
    await shot('long');
    await page.getByRole('button', { name: /^Runs on/ }).click();
    await page.getByRole('link', { name: 'All sessions' }).click();
    await page.getByText('runs cell 1 of').waitFor();
    await shot('sessions');
    await page.goto(`${origin}/pair`);
    await page.getByRole('button', { name: 'Scan a QR code' }).waitFor();
    await shot('sign-in');
    await page.getByRole('button', { name: 'Scan a QR code' }).click();
    await page.getByText('Type the code, or paste the link.').waitFor();
    await shot('scan');
    if (browser.errors.length) console.log(device, colorScheme, browser.errors);
    await browser.close();
  }
}
await quit();
await close();
