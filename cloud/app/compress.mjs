// Puts the files of a built app beside themselves as Brotli and gzip, where that is worth it: `node compress.mjs FOLDER`.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const TEXTS = new Set(['.html', '.js', '.mjs', '.css', '.json', '.svg', '.webmanifest', '.txt', '.wasm']);
/** What is saved at least, as a part of the whole. */
const WORTH = 0.1;

const folder = process.argv[2];
for (const name of readdirSync(folder, { recursive: true })) {
  if (!TEXTS.has(extname(name))) continue;
  const plain = readFileSync(join(folder, name));
  const brotli = brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: plain.length } });
  const gzip = gzipSync(plain, { level: 9 });
  for (const [ending, encoded] of [['.br', brotli], ['.gz', gzip]]) {
    if (encoded.length < plain.length * (1 - WORTH)) writeFileSync(join(folder, name + ending), encoded);
  }
}
