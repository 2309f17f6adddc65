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

/** Has a run of a document's first cell wait for a device, the one of tests that is away if none is named, or sent by it to a session. */
export async function waitFor(page, document, { device = '7c'.repeat(32), sentTo = '', end = '' } = {}) {
  await page.evaluate(([document, device, sentTo, end]) => {
    const doc = window.fakeMesh.home.replica(document);
    const [client] = doc.store.clients.keys();
    const clock = doc.getText('content').toString().indexOf('```');
    const entry = [device, Date.now() - 300_000, `${client}.${clock}`, 'python', 'analysis:main', sentTo, end].filter(Boolean);
    doc.getMap('queue').set('0190f5fe-7c00-7a00-8000-000000000001', entry.join(' '));
  }, [document, device, sentTo, end]);
}

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
