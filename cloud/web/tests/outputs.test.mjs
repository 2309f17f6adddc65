// What outputs look like in a browser, live and out of the text; and that nothing of them acts in the page.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { DESKTOP } from './browser.mjs';
import { opener, output, run, scrollTo } from './pages.mjs';
import { served, test } from './site.mjs';

const site = served();
const open = opener(site);
const rich = '/d/analysis/notes/rich.md';

async function ran(page, cell) {
  await scrollTo(page, run(page, cell));
  await run(page, cell).click();
  await output(page, cell).getByText(/⚡ MacBook Pro · /).waitFor();
  return output(page, cell);
}

describe('an output of', () => {
  test('Markdown reads as it is meant, live and from the text, and its HTML is text', async (t) => {
    const { page, errors } = await open(t, rich, DESKTOP);
    for (const when of ['live', 'from the text']) {
      const shown = when === 'live' ? await ran(page, 1) : output(page, 1);
      await shown.getByRole('heading', { name: 'Found' }).waitFor();
      await shown.locator('math').nth(1).waitFor();
      assert.equal(await shown.locator('strong').innerText(), '3750 g');
      assert.equal(await shown.locator('.md-code').innerText(), 'n = 3');
      assert.equal(await shown.locator('math').count(), 2, when);
      assert.match(await shown.innerText(), /it costs \$5 and \$6/);
      assert.equal(await shown.getByRole('link', { name: 'the data' }).getAttribute('href'), 'https://example.org/data');
      assert.deepEqual(await shown.getByRole('cell').allInnerTexts(), ['Adelie', '3700']);
      assert.deepEqual(await shown.locator('ol > li').count(), 2);
      assert.match(await shown.innerText(), /☑ ?done/);
      // What would act in the page, or be fetched.
      assert.deepEqual(await shown.locator('img, script, b, [onclick], a[href^="javascript"]').count(), 0);
      assert.match(await shown.innerText(), /<b onclick="window\.hurt = 1">this<\/b>\s+and that & a map/);
      assert.match(await shown.innerText(), /<img src="x" onerror="window\.hurt = 1"><script>/);
      if (when === 'live') await page.reload();
    }
    assert.equal(await page.evaluate(() => window.hurt), undefined);
    assert.deepEqual(errors, []);
  });

  test('JSON has a line for each part, SVG is a picture, LaTeX a formula', async (t) => {
    const { page, errors } = await open(t, rich, DESKTOP);
    assert.match(await (await ran(page, 2)).innerText(), /\{\n {2}"species": \[\n {4}"Adelie",/);
    const picture = (await ran(page, 3)).getByRole('img', { name: '<SVG object>' });
    await picture.waitFor();
    assert.ok(await picture.evaluate((image) => image.complete && image.naturalWidth > 0));
    await (await ran(page, 4)).locator('math').waitFor();
    assert.equal(await page.evaluate(() => window.hurt), undefined);
    assert.deepEqual(errors, []);
  });
});
