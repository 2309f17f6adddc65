// What the app costs: `node tests/bench.mjs [FOLDER [CELLS]]` says one line of JSON. The app is that of `npm run build:fake`, served over
// loopback as the binaries serve it, compressed; each load is a browser's first one.
//
// script_kb_compressed   scripts that a notebook's page loads, in units of 1,000 bytes of Brotli, without the mesh that stands in the page,
//                        with the client of a real one
// interactive_ms         from the beginning of the navigation to the first run button in a notebook and a frame after it; median of loads
// long_tasks_over_50ms   long tasks while a notebook of 2,000 cells is opened, scrolled through and typed into

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import { DESKTOP, launch, quit, serve } from './browser.mjs';

const LOADS = 5;
const folder = process.argv[2] ?? fileURLToPath(new URL('../dist-fake/', import.meta.url));
const { origin, close } = await serve(folder, { compressed: true });

/** A page that notes its long tasks from the beginning. */
async function opened(path) {
  const browser = await launch({ ...DESKTOP, serviceWorkers: 'block' });
  browser.context.setDefaultTimeout(60_000);
  await browser.context.addInitScript(() => {
    window.tasks = [];
    new PerformanceObserver((list) => window.tasks.push(...list.getEntries().map(({ startTime, duration }) => ({ startTime, duration })))).observe({ type: 'longtask', buffered: true });
  });
  await browser.page.goto(origin + path);
  const interactive = await browser.page.evaluate(() => new Promise((resolve) => {
    const look = () => (document.querySelector('.cell-head .run') ? requestAnimationFrame(() => setTimeout(() => resolve(performance.now()))) : requestAnimationFrame(look));
    look();
  }));
  return { ...browser, interactive };
}

function compressed(name) {
  return brotliCompressSync(readFileSync(join(folder, name))).length;
}

/** Bytes of the scripts that the page has loaded by now. */
async function scripts(page) {
  const loaded = await page.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname).filter((name) => name.endsWith('.js') && name.startsWith('/assets/')));
  const assets = readdirSync(join(folder, 'assets')).filter((name) => name.endsWith('.js'));
  const isFake = (name) => /\/(fake-mesh|samples)-/.test(name);
  const client = assets.filter((name) => name.startsWith('mesh-')).map((name) => `/assets/${name}`);
  return [...new Set([...loaded.filter((name) => !isFake(name)), ...client])].reduce((sum, name) => sum + compressed(name), 0);
}

const times = [];
let bytes = 0;
for (let load = 0; load < LOADS; load++) {
  const browser = await opened('/d/analysis/penguins.md');
  times.push(browser.interactive);
  if (load === 0) {
    // The parser of its language comes last.
    await browser.page.locator('.tok-string').first().waitFor();
    bytes = await scripts(browser.page);
  }
  await browser.close();
}

const large = await opened('/d/thesis/large.md');
const { page } = large;
const stages = {};
const stage = async (name, act) => {
  await act();
  await page.waitForTimeout(300);
  const tasks = await page.evaluate(() => window.tasks.splice(0).filter(({ duration }) => duration > 50).map(({ duration }) => Math.round(duration)));
  stages[name] = tasks;
};
await stage('open', async () => undefined);
await stage('scroll', () => page.evaluate(async () => {
  const scroller = document.querySelector('.cm-scroller');
  for (let step = 0; step < 120; step++) {
    scroller.scrollTop += 300;
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }
}));
await stage('jump', () => page.evaluate(async () => {
  const scroller = document.querySelector('.cm-scroller');
  for (let step = 1; step <= 20; step++) {
    scroller.scrollTop = (scroller.scrollHeight * step) / 20;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}));
await stage('type', async () => {
  await page.evaluate(() => (document.querySelector('.cm-scroller').scrollTop = 4000));
  await page.waitForTimeout(200);
  await page.locator('.cm-cell.cm-code').nth(3).click();
  await page.keyboard.type('y = sum(range(10))  # typed at some speed', { delay: 30 });
});
await large.close();
await quit();
await close();

times.sort((a, b) => a - b);
if (process.env.WAYFARE_BENCH_DETAILS) console.error(JSON.stringify({ loads: times.map(Math.round), stages }));
console.log(JSON.stringify({
  script_kb_compressed: Math.round(bytes / 100) / 10,
  interactive_ms: Math.round(times[LOADS >> 1]),
  long_tasks_over_50ms: Object.values(stages).flat().length,
}));
