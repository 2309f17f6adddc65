// A browser on the built app, for the tests: one Chromium, and nothing of one test is there in another.

import { createServer } from 'node:http';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import { chromium } from 'playwright-core';

const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
  '--disable-sync', '--force-color-profile=srgb', '--font-render-hinting=none',
];
const TYPES = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.png': 'image/png',
  '.webmanifest': 'application/manifest+json',
};
/** What the binaries send with the app. */
const POLICY =
  "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self'; font-src 'self' data:; frame-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";
const FRAME_POLICY =
  "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:; frame-ancestors 'self'";

export const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };
export const DESKTOP = { viewport: { width: 1280, height: 800 } };

/** Serves a folder as the binaries do: the page for every route of the app. */
export async function serve(folder = fileURLToPath(new URL('../dist-fake/', import.meta.url)), { compressed = false } = {}) {
  const known = new Map();
  if (compressed) {
    // Beforehand: it takes a while.
    for (const name of readdirSync(folder, { recursive: true })) {
      if (extname(name) in TYPES && extname(name) !== '.png') known.set(`/${name}`, brotliCompressSync(readFileSync(join(folder, name))));
    }
  }
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, 'http://x').pathname));
    const name = extname(path) && !path.startsWith('/d/') ? path : '/index.html';
    try {
      const packed = known.get(name);
      const body = packed ?? readFileSync(join(folder, name));
      const policy = name === '/frame.html' ? FRAME_POLICY : POLICY;
      const type = TYPES[extname(name)] ?? 'application/octet-stream';
      response.writeHead(200, { 'content-type': type, 'content-security-policy': policy, ...(packed && { 'content-encoding': 'br' }) }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { origin: `http://127.0.0.1:${server.address().port}`, close: () => new Promise((resolve) => server.close(resolve).closeAllConnections()) };
}

let browser = null;

/** A page in a browser with nothing in it. */
export async function launch(options = {}) {
  browser ??= await chromium.launch({ executablePath: process.env.WAYFARE_TEST_CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });
  const context = await browser.newContext(options);
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  const errors = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  return { context, page, errors, close: () => context.close() };
}

/** Ends the browser. */
export async function quit() {
  await browser?.close();
  browser = null;
}
