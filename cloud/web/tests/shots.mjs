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
    if (browser.errors.length) console.log(device, colorScheme, browser.errors);
    await browser.close();
  }
}
await quit();
await close();
