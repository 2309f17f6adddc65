// What tests find on the app's pages.

import { launch, PHONE } from './browser.mjs';

/** How a test opens a page of a site: it is closed with the test. */
export const opener = (site) => async (t, path, options = PHONE) => {
  const browser = await launch(options);
  t.after(browser.close);
  await browser.page.goto(site.origin + path);
  return browser;
};

export const penguins = '/d/analysis/penguins.md';
export const run = (page, cell) => page.getByRole('button', { name: `Run cell ${cell}`, exact: true });
export const output = (page, cell) => page.getByRole('group', { name: `Output of cell ${cell}`, exact: true });

/** Scrolls down until something is drawn: what is out of view is not. */
export async function scrollTo(page, wanted) {
  await page.locator('.cm-content').waitFor();
  await page.waitForTimeout(50);
  for (let step = 0; step < 40 && !(await wanted.isVisible()); step++) {
    await page.evaluate(() => document.querySelector('.cm-scroller').scrollBy(0, 200));
    await page.waitForTimeout(50);
  }
  await wanted.waitFor();
}
