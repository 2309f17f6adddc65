// Scanning a pairing code in a browser, with a camera that sees a code (pairing-code.txt), another one, or is not there.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe } from 'node:test';
import { launch, PHONE } from './browser.mjs';
import { served, test } from './site.mjs';

const site = served();
const rows = readFileSync(new URL('pairing-code.txt', import.meta.url), 'utf8').trim().split('\n');
const string = 'wayfare://example.org:7443/ABCDE23456/0123456789abcdef0123456789abcdef';

/** A camera before which a picture of such rows is held. */
function camera(rows) {
  window.asked = 0;
  navigator.mediaDevices.getUserMedia = async () => {
    window.asked += 1;
    const canvas = document.createElement('canvas');
    const paper = canvas.getContext('2d');
    Object.assign(canvas, { width: 640, height: 480 });
    const draw = () => {
      paper.fillStyle = '#ddd';
      paper.fillRect(0, 0, 640, 480);
      paper.fillStyle = '#222';
      rows.forEach((row, y) => [...row].forEach((dot, x) => dot === '#' && paper.fillRect(130 + x * 9, 50 + y * 9, 9, 9)));
    };
    draw();
    setInterval(draw, 100);
    return (window.camera = canvas.captureStream(10));
  };
}

async function signIn(t, script, argument) {
  const browser = await launch(PHONE);
  t.after(browser.close);
  await browser.context.addInitScript(script, argument);
  await browser.page.goto(`${site.origin}/pair`);
  return browser;
}

const scan = (page) => page.getByRole('button', { name: 'Scan a QR code' }).tap();
const typed = (page) => page.getByLabel('Pairing code or link');

describe('a code for pairing', () => {
  test('is read by the library where the browser reads none; the camera is asked for then, and let go', async (t) => {
    const { page, errors } = await signIn(t, camera, rows);
    const scripts = () => page.evaluate(() => performance.getEntriesByType('resource').filter(({ name }) => /jsQR/i.test(name)).length);
    await typed(page).waitFor();
    assert.deepEqual([await page.evaluate(() => window.asked), await scripts()], [0, 0]);
    await scan(page);
    await page.waitForFunction((string) => document.querySelector('input').value === string, string);
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.ok(await page.evaluate(() => window.camera.getTracks().every((track) => track.readyState === 'ended')));
    assert.equal(await scripts(), 1);
    assert.deepEqual(errors, []);
  });

  test('is read by the browser where it can; another code is said to be none', async (t) => {
    const { page } = await signIn(t, ([rows, string]) => {
      navigator.mediaDevices.getUserMedia = async () => document.createElement('canvas').captureStream(1);
      HTMLVideoElement.prototype.play = async () => undefined;
      const codes = ['https://example.org/', 'https://example.org/', string];
      window.BarcodeDetector = class {
        static getSupportedFormats = async () => ['qr_code'];
        detect = async () => (window.next ? [{ rawValue: codes.pop() }] : [{ rawValue: codes[0] }]);
      };
    }, [rows, string]);
    await scan(page);
    await page.getByText('This code is not one for pairing.').waitFor();
    await page.evaluate(() => (window.next = true));
    await page.waitForFunction((string) => document.querySelector('input').value === string, string);
  });

  test('is typed where there is no camera, or it may not be used', async (t) => {
    const { page } = await signIn(t, () => (navigator.mediaDevices.getUserMedia = async () => Promise.reject(new DOMException('no', 'NotAllowedError'))));
    await scan(page);
    await page.getByRole('status').filter({ hasText: 'The camera may not be used here. Type the code, or paste the link.' }).waitFor();
    await page.getByRole('button', { name: 'Close' }).tap();
    await typed(page).fill('ABCDE23456');
  });
});
