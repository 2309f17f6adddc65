// What a run says, gathered event by event: for the screen while it goes on, and for the text when it has ended.

import type { ExecuteError, MimeBundle, RunEvent } from '../mesh/interface.ts';
import { fileEnding, isMimeWord, mimeClass } from '../notebook/mime.ts';
import type { Content, Output } from '../notebook/output.ts';
import { Screen, shownText } from './screen.ts';

export type Item =
  | { kind: 'stream'; name: 'stdout' | 'stderr'; screen: Screen }
  | { kind: 'value'; result: boolean; bundle: MimeBundle; displayId: string | null }
  | { kind: 'error'; error: ExecuteError };

/** A file that a document links to. */
export interface AssetFile {
  path: string;
  mime: string;
  bytes: Uint8Array<ArrayBuffer>;
}

/** Where files stand from the document, and how much text stands in it. */
const FOLDER = '_assets/generated';
const PLAIN_MAX = 64 * 1024;
const MARKUP_MAX = 2 * 1024;

export class Gathered {
  readonly items: Item[] = [];
  #clearAtNext = false;

  take(event: RunEvent): void {
    switch (event.kind) {
      case 'attached':
        break;
      case 'stdout':
      case 'stderr':
        this.#stream(event.kind, event.text);
        break;
      case 'display':
        this.#item({ kind: 'value', result: false, bundle: event.bundle, displayId: event.displayId });
        break;
      case 'displayUpdate':
        this.items.forEach((item, at) => {
          if (item.kind === 'value' && item.displayId === event.displayId) this.items[at] = { ...item, bundle: event.bundle };
        });
        break;
      case 'clear':
        if (event.wait) this.#clearAtNext = true;
        else this.items.length = 0;
        break;
      case 'omitted':
        this.#stream('stderr', `[${event.bytes} bytes of output were not kept]\n`);
        break;
      case 'result':
        if (event.bundle) this.#item({ kind: 'value', result: true, bundle: event.bundle, displayId: null });
        break;
      case 'error':
        this.#item({ kind: 'error', error: event.error });
        break;
    }
  }

  /** Begins anew, for another attempt. */
  clear(): void {
    this.items.length = 0;
    this.#clearAtNext = false;
  }

  #item(item: Item): void {
    if (this.#clearAtNext) this.clear();
    this.items.push(item);
  }

  #stream(name: 'stdout' | 'stderr', text: string): void {
    if (text === '') return;
    const last = this.items.at(-1);
    if (last?.kind === 'stream' && last.name === name && !this.#clearAtNext) {
      last.screen.write(text);
      return;
    }
    const screen = new Screen();
    screen.write(text);
    this.#item({ kind: 'stream', name, screen });
  }

  /** The outputs as the text of a document holds them, and the files that they link to. */
  async finish(): Promise<{ outputs: Output[]; files: AssetFile[] }> {
    const files: AssetFile[] = [];
    const outputs: Output[] = [];
    for (const item of this.items) {
      if (item.kind === 'stream') {
        outputs.push({ kind: 'stream', name: item.name, content: await place('text/plain', item.screen.text(), files) });
      } else if (item.kind === 'error') {
        const { type, message, traceback } = item.error;
        outputs.push({ kind: 'error', name: type, message: shownText(message), traceback: traceback.map(shownText) });
      } else {
        const data = await valuesOf(item.bundle, files);
        if (Object.keys(data).length > 0) outputs.push({ kind: 'value', result: item.result, data });
      }
    }
    return { outputs, files };
  }
}

async function valuesOf(bundle: MimeBundle, files: AssetFile[]): Promise<Record<string, Content>> {
  const data: Record<string, Content> = {};
  for (const [name, text] of Object.entries(bundle.data)) {
    const mime = name.split(';')[0]!.trim();
    if (!isMimeWord(mime)) continue;
    switch (mimeClass(mime)) {
      case 'plain':
        data[mime] = await place(mime, shownText(text), files);
        break;
      case 'json':
        data[mime] = await place(mime, indented(text), files);
        break;
      case 'markup':
      case 'drawing':
        data[mime] = await place(mime, text, files);
        break;
      case 'binary': {
        const bytes = fromBase64(text);
        if (bytes) data[mime] = await file(mime, bytes, files);
        break;
      }
    }
  }
  return data;
}

function indented(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}

async function place(mime: string, text: string, files: AssetFile[]): Promise<Content> {
  const most = { plain: PLAIN_MAX, markup: MARKUP_MAX, json: MARKUP_MAX, drawing: -1, binary: -1 }[mimeClass(mime)];
  const bytes = new TextEncoder().encode(text);
  return bytes.length <= most ? { text } : file(mime, bytes, files);
}

async function file(mime: string, bytes: Uint8Array<ArrayBuffer>, files: AssetFile[]): Promise<Content> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  const sha256 = [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  const path = `${FOLDER}/${sha256}.${fileEnding(mime)}`;
  if (!files.some((file) => file.path === path)) files.push({ path, mime, bytes });
  return { link: path };
}

/** The bytes of a base64 text, which may be broken into lines; `null` if it is none. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(atob(text.replace(/\s/g, '')), (c) => c.charCodeAt(0));
  } catch {
    return null;
  }
}
