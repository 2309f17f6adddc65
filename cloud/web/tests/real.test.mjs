// The app in a browser at a real cloud and real nodes: pairing, running, editing apart, a cloud that goes away, a node that does not
// answer, and signing out.

import assert from 'node:assert/strict';
import { after, before, describe, test as plain } from 'node:test';
import { DESKTOP, launch, PHONE, quit } from './browser.mjs';
import { hasPrograms, RealMesh } from './mesh.mjs';

const test = (name, body) => plain(name, { timeout: 180_000 }, body);
const NOTEBOOK = '# First\n\n```python\nimport sys\nx = 20 + 1\nprint("hello from", "python")\nx * 2\n```\n\n```python\nfor i in range(200):\n    print("line", i)\n```\n\n```python\nname = input("Who? ")\nprint("it is", name)\n```\n';

describe('at a real mesh', { skip: hasPrograms ? false : 'no programs' }, () => {
  const mesh = new RealMesh();
  let phone;

  before(async () => {
    await mesh.begin();
    mesh.write('analysis/first.md', NOTEBOOK);
    mesh.write('analysis/early.md', '---\nsession: early\n---\n\n```python\nprint("early")\n```\n');
    mesh.write('analysis/where.md', '---\nsession: where\n---\n\n```python\nimport os\nprint("in", os.getcwd())\n```\n');
    mesh.write('analysis/queue.md', '```python\nimport time\ntime.sleep(12)\n```\n\n```python\nprint("second")\n```\n');
    mesh.write('analysis/pages.md', '```python\nimport time\ntime.sleep(2)\n```\n\n```python\nprint("second")\n```\n\n```python\nprint("third")\n```\n');
    mesh.write('analysis/slow.md', '```python\nimport time\ntime.sleep(3)\nprint("after the page")\n```\n');
    phone = await launch({ ...PHONE, ignoreHTTPSErrors: true });
    phone.context.setDefaultTimeout(30_000);
  });
  after(async () => {
    await quit();
    await mesh.end();
  });

  const run = (page, cell) => page.getByRole('button', { name: new RegExp(`^Run cell ${cell}( |$)`) });
  const output = (page, cell) => page.getByRole('group', { name: `Output of cell ${cell}`, exact: true });
  const ran = (page, cell) => output(page, cell).getByText(/⚡ MacBook Pro · /).waitFor();
  const written = async (pattern, name = 'analysis/first.md') => {
    for (let tries = 0; tries < 100; tries++) {
      const text = mesh.read(name);
      if (pattern.test(text)) return text;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    assert.match(mesh.read(name), pattern);
  };

  test('a phone is paired by a link, and sees the projects', async () => {
    const { page } = phone;
    await page.goto(`${mesh.origin}/pair#${mesh.pairing()}`);
    await page.getByLabel('Name of this device').fill('Phone');
    await page.getByRole('button', { name: 'Pair', exact: true }).tap();
    await page.getByRole('link', { name: 'first.md' }).waitFor();
    await page.getByText('⚡ MacBook Pro').waitFor();
  });

  test('a cell runs on the node, its output streams in, and is written into the text', async () => {
    const { page } = phone;
    await page.getByRole('link', { name: 'first.md' }).tap();
    await run(page, 1).tap();
    await ran(page, 1);
    assert.match(await output(page, 1).innerText(), /hello from python\s+42/);
    await page.getByRole('button', { name: 'Runs on: MacBook Pro (remote)' }).waitFor();
    await run(page, 2).tap();
    await ran(page, 2);
    await written(/```output:[0-9a-f-]{36}\nhello from python\n```\n\n```output:[0-9a-f-]{36} result\n42\n```/);
  });

  test('a question of the cell is answered', async () => {
    const { page } = phone;
    await run(page, 3).tap();
    await page.getByLabel('Who?').fill('Ada');
    await page.getByRole('button', { name: 'Answer' }).tap();
    await output(page, 3).getByText('it is Ada').waitFor();
    await ran(page, 3);
  });

  test('a page that is closed holds up nothing: the output is there, on every device', async (t) => {
    const page = await phone.context.newPage();
    await page.goto(`${mesh.origin}/d/analysis/slow.md`);
    await run(page, 1).tap();
    await output(page, 1).getByText('Running on MacBook Pro').waitFor();
    await page.close();
    const text = await written(/```output:[0-9a-f-]{36}\nafter the page\n```/, 'analysis/slow.md');
    assert.equal(text.match(/```output:/g).length, 1);
    const other = await launch(DESKTOP);
    t.after(() => other.context.close());
    await other.page.goto(mesh.local);
    await other.page.getByRole('link', { name: 'slow.md' }).click();
    await output(other.page, 1).getByText('after the page').waitFor();
    await ran(other.page, 1);
  });

  test('without the cloud it goes on editing, and runs when the cloud is back', async () => {
    const { page } = phone;
    await mesh.kill('cloud');
    await page.getByRole('status').filter({ hasText: /^(Offline|Connecting)/ }).waitFor();
    await page.getByText('First', { exact: true }).tap();
    await page.keyboard.press('End');
    await page.keyboard.type(' edited apart');
    await page.getByRole('status').filter({ hasText: '1 change will sync' }).waitFor();
    await run(page, 1).tap();
    await output(page, 1).getByText('will run when connected').waitFor();
    const before = mesh.read('analysis/first.md');
    assert.ok(!before.includes('edited apart'));
    await mesh.startCloud();
    await ran(page, 1);
    const text = await written(/# First edited apart/);
    assert.equal(text.match(/hello from python\n/g).length, 1);
  });

  test('a run that waited for a connection waits for a device too', async () => {
    const { page } = phone;
    await page.goto(`${mesh.origin}/d/analysis/early.md`);
    await run(page, 1).waitFor();
    await mesh.kill('node');
    await mesh.kill('cloud');
    await page.getByRole('status').filter({ hasText: /^(Offline|Connecting)/ }).waitFor();
    await run(page, 1).tap();
    await output(page, 1).getByText('will run when connected').waitFor();
    await mesh.startCloud();
    await page.getByRole('status').filter({ hasText: /^(Offline|Connecting)/ }).waitFor({ state: 'detached' });
    await output(page, 1).getByText(/Looking for a device|no device/).waitFor();
    await mesh.startNode('node', 'MacBook Pro', ['--http-listen', new URL(mesh.local).host]);
    await ran(page, 1);
    await written(/```output:[0-9a-f-]{36}\nearly\n```/, 'analysis/early.md');
  });

  test('a session is given another working folder, and says so', async () => {
    const { page } = phone;
    await page.goto(`${mesh.origin}/d/analysis/where.md`);
    await run(page, 1).tap();
    await ran(page, 1);
    await page.getByRole('button', { name: /^Runs on/ }).tap();
    const session = page.getByRole('group', { name: 'analysis:where, python' });
    await session.getByText('standard kernel · home folder').waitFor();
    await session.getByRole('button', { name: 'Environment' }).tap();
    await page.getByLabel('Working folder').fill('/usr');
    await page.getByLabel(/^Restart the kernel now/).check();
    await page.getByRole('button', { name: 'Save' }).tap();
    await session.getByText('standard kernel · /usr').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).tap();
    await run(page, 1).tap();
    await output(page, 1).getByText('in /usr', { exact: true }).waitFor();
  });

  test('a run that waits for a phone is seen on another device and taken back there, and the phone does not send it', async (t) => {
    const { page } = phone;
    await page.goto(`${mesh.origin}/d/analysis/queue.md`);
    await run(page, 2).waitFor();
    await mesh.kill('cloud');
    await page.getByRole('status').filter({ hasText: /^(Offline|Connecting)/ }).waitFor();
    await page.getByRole('button', { name: 'Actions of the notebook' }).tap();
    await page.getByRole('menuitem', { name: /^Run all/ }).tap();
    await output(page, 2).getByText('will run when connected').waitFor();
    await mesh.startCloud();
    // The second waits for the first when the phone is gone.
    await output(page, 1).getByText('Running on MacBook Pro').waitFor();
    await page.goto('about:blank');
    const { page: desk, context } = await launch(DESKTOP);
    t.after(() => context.close());
    context.setDefaultTimeout(30_000);
    await desk.goto(mesh.local);
    await desk.getByRole('link', { name: 'queue.md' }).click();
    await output(desk, 2).getByText('Waits for Phone to be connected').waitFor();
    const [waiting, ...others] = mesh.queue('analysis/queue.md');
    assert.match(waiting, /^[0-9a-f-]{36} +Phone +20\S+Z +analysis:main python +waits +2: print\("second"\)$/);
    assert.deepEqual(others, []);
    await output(desk, 2).getByRole('button', { name: 'Take back' }).click();
    await output(desk, 2).waitFor({ state: 'detached' });
    await page.goto(`${mesh.origin}/d/analysis/queue.md`);
    await output(page, 1).getByText(/⚡ MacBook Pro · /).waitFor();
    await output(page, 2).getByText('◼ taken back').waitFor();
    assert.deepEqual(mesh.queue('analysis/queue.md'), []);
    assert.ok(!mesh.read('analysis/queue.md').includes('output:'));
  });

  test('of two pages that have runs which wait one sends them, and both show them', async () => {
    const cut = await phone.context.newPage();
    let isCut = true;
    await cut.routeWebSocket(/./, (socket) => void (isCut ? socket.close() : socket.connectToServer()));
    await cut.goto(`${mesh.origin}/d/analysis/pages.md`);
    await cut.getByRole('status').filter({ hasText: /^(Offline|Connecting)/ }).waitFor();
    await cut.getByRole('button', { name: 'Actions of the notebook' }).tap();
    await cut.getByRole('menuitem', { name: /^Run all/ }).tap();
    await output(cut, 3).getByText('will run when connected').waitFor();
    const { page } = phone;
    await page.goto(`${mesh.origin}/d/analysis/pages.md`);
    await output(page, 1).getByText('Running on MacBook Pro').waitFor();
    isCut = false;
    for (const shown of [page, cut]) {
      for (const cell of [2, 3]) await output(shown, cell).getByText(/⚡ MacBook Pro · /).waitFor();
      await shown.getByRole('button', { name: /^Stop/ }).first().waitFor({ state: 'detached' });
    }
    await cut.close();
    const text = await written(/third\n```/, 'analysis/pages.md');
    assert.equal(text.match(/```output:/g).length, 2);
  });

  test('a browser of the node itself comes in without pairing, and sees the same', async (t) => {
    const { page, context } = await launch(DESKTOP);
    t.after(() => context.close());
    context.setDefaultTimeout(30_000);
    await page.goto(mesh.local);
    await page.getByRole('link', { name: 'first.md' }).click();
    await page.getByText('edited apart').waitFor();
    // It saw none of the runs: the document says where they were.
    await ran(page, 2);
    await run(page, 1).click();
    await ran(page, 1);
    await page.getByRole('button', { name: 'Runs on: MacBook Pro', exact: true }).waitFor();
  });

  test('a device that does not answer is said to be checked, and another one runs the cell', async () => {
    const { page } = phone;
    await mesh.addNode('desk', 'Desk');
    await page.goto(`${mesh.origin}/devices`);
    await page.getByRole('heading', { name: 'Desk' }).waitFor();
    await page.goto(`${mesh.origin}/d/analysis/first.md`);
    await run(page, 1).tap();
    await ran(page, 1);
    mesh.freeze('node');
    try {
      await run(page, 1).tap();
      await output(page, 1).getByText('Checking MacBook Pro…').waitFor();
      await output(page, 1).getByRole('button', { name: 'Run on Desk' }).tap();
      await output(page, 1).getByText(/⚡ Desk · /).waitFor();
      assert.match(await output(page, 1).innerText(), /hello from python\s+42/);
    } finally {
      mesh.thaw('node');
    }
    await page.getByRole('button', { name: 'Runs on: Desk (remote)' }).tap();
    await page.getByRole('button', { name: 'Use main again' }).tap();
    await page.getByRole('button', { name: 'Close' }).tap();
    await run(page, 1).tap();
    await ran(page, 1);
    mesh.stop('analysis:main-Desk');
  });

  test('a node that is lost does not answer, then is offline', async () => {
    const { page } = phone;
    await page.goto(`${mesh.origin}/devices`);
    const desk = page.getByRole('article').filter({ has: page.getByRole('heading', { name: 'Desk' }) });
    await desk.getByText('online').waitFor();
    await mesh.kill('desk');
    await desk.getByText('not answering').waitFor();
    await desk.getByText('offline').waitFor();
  });

  test('signing out leaves nothing of the account in the browser, and signing in again lasts', async () => {
    const other = await launch({ ...PHONE, ignoreHTTPSErrors: true });
    const { page } = other;
    const pair = async () => {
      await page.goto(`${mesh.origin}/pair#${mesh.pairing()}`);
      await page.getByRole('button', { name: 'Pair', exact: true }).tap();
      await page.getByRole('link', { name: 'first.md' }).waitFor();
    };
    await pair();
    page.on('dialog', (dialog) => void dialog.accept());
    await page.getByRole('button', { name: 'More' }).tap();
    await page.getByRole('menuitem', { name: 'Sign out' }).tap();
    await page.getByLabel('Pairing code or link').waitFor();
    await page.waitForFunction(async () => (await indexedDB.databases()).every(({ name }) => name === 'wayfare/identity'));
    assert.equal(mesh.devices().filter((device) => 'Revoked' in Object(device.presence)).length, 1);
    await pair();
    await page.reload();
    await page.getByRole('link', { name: 'first.md' }).waitFor();
    await other.close();
  });

  test('a picture that one device drops is seen by another, and is a file of the project', async (t) => {
    const { page: desk, context } = await launch(DESKTOP);
    t.after(() => context.close());
    context.setDefaultTimeout(30_000);
    await desk.goto(mesh.local);
    await desk.getByRole('link', { name: 'first.md' }).click();
    await run(desk, 1).waitFor();
    await desk.evaluate(async () => {
      const canvas = new OffscreenCanvas(40, 30);
      canvas.getContext('2d').fillRect(0, 0, 40, 30);
      const data = new DataTransfer();
      data.items.add(new File([await canvas.convertToBlob({ type: 'image/png' })], 'island.png', { type: 'image/png' }));
      const line = document.querySelector('.cm-line');
      const { left, top, height } = line.getBoundingClientRect();
      const where = { clientX: left + 4, clientY: top + height / 2, bubbles: true, cancelable: true };
      line.dispatchEvent(new DragEvent('drop', { ...where, dataTransfer: data }));
    });
    await written(/!\[island\.png\]\(_assets\/[0-9a-f]{64}\.png\)/);
    const { page } = phone;
    await page.goto(`${mesh.origin}/d/analysis/first.md`);
    const image = page.getByRole('img', { name: 'island.png' });
    await image.waitFor();
    assert.ok(await image.evaluate((image) => image.complete && image.naturalWidth === 40));
    assert.match(mesh.files('analysis'), /_assets\/[0-9a-f]{64}\.png +\d+ +image\/png/);
    // A browser that is signed in now has it before anybody opens the text, and the first one since it was shown.
    const fresh = await launch({ ...PHONE, ignoreHTTPSErrors: true });
    t.after(() => fresh.close());
    await fresh.page.goto(`${mesh.origin}/pair#${mesh.pairing()}`);
    await fresh.page.getByRole('button', { name: 'Pair', exact: true }).tap();
    // What shows notebooks is loaded with the first one that is opened.
    await fresh.page.getByRole('link', { name: 'slow.md' }).tap();
    await run(fresh.page, 1).waitFor();
    await fresh.page.getByRole('button', { name: 'Back to projects' }).tap();
    await fresh.page.waitForFunction(async () => {
      const found = (await indexedDB.databases()).find(({ name }) => name.endsWith('/files-seen'));
      if (!found) return false;
      const database = await new Promise((resolve, reject) => {
        const opening = indexedDB.open(found.name);
        [opening.onsuccess, opening.onerror] = [() => resolve(opening.result), reject];
      });
      const count = await new Promise((resolve) => {
        const counting = database.transaction('seen').objectStore('seen').count();
        counting.onsuccess = () => resolve(counting.result);
      });
      database.close();
      return count > 0;
    });
    await mesh.kill('cloud');
    await fresh.page.getByRole('link', { name: 'first.md' }).tap();
    const early = fresh.page.getByRole('img', { name: 'island.png' });
    await early.waitFor();
    assert.ok(await early.evaluate((image) => image.complete && image.naturalWidth === 40));
    await page.getByRole('button', { name: 'Back to projects' }).tap();
    await page.getByRole('link', { name: 'first.md' }).tap();
    await image.waitFor();
    assert.ok(await image.evaluate((image) => image.complete && image.naturalWidth === 40));
    await mesh.startCloud();
  });

  test('a browser is renamed by its own page', async () => {
    const { page } = phone;
    await page.goto(`${mesh.origin}/devices`);
    await page.getByRole('button', { name: 'Actions of Phone' }).tap();
    await page.getByRole('menuitem', { name: 'Rename' }).tap();
    await page.getByRole('textbox', { name: 'Name' }).fill('Pocket');
    await page.getByRole('button', { name: 'Save' }).tap();
    await page.getByRole('heading', { name: 'Pocket this device' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Pocket this device' }).waitFor();
  });

  test('a revoked browser is told so', async () => {
    const { page } = phone;
    page.on('dialog', (dialog) => void dialog.accept());
    await page.goto(`${mesh.origin}/devices`);
    await page.getByRole('button', { name: 'Actions of Pocket' }).tap();
    await page.getByRole('menuitem', { name: 'Revoke' }).tap();
    await page.getByRole('button', { name: 'Sign in anew' }).waitFor();
  });
});
