// Versions of a document: what its text was (docs/documents.md). Each text is an asset; the list is a document of its own.

import { computed, signal, type ReadonlySignal } from '@preact/signals';
import { diffLines } from 'diff';
import * as Y from 'yjs';
import type { Assets } from './assets.ts';
import type { Library } from './library.ts';
import type { Replica } from './replica.ts';

/** The list's map of versions. */
const VERSIONS = 'versions';
const TIME_DIGITS = 13;
const KEY_DIGITS = 8;
/** Milliseconds that two texts may be compared before all of it counts as changed. */
const COMPARED_MS = 1000;

export interface Version {
  /** When it was taken, in milliseconds since 1970. */
  at: number;
  asset: string;
  size: number;
}

/** A stretch of lines: in both texts, only in the version, or only in the text as it is now. */
export interface Stretch {
  kind: 'same' | 'comes' | 'goes';
  lines: string[];
}

/** The id of the list of a document's versions: the document's with another digit; `null` for one that has none. */
export function versionsOf(document: string): string | null {
  return document[14] === '7' ? `${document.slice(0, 14)}8${document.slice(15)}` : null;
}

/** The versions that a list has, the newest first. What cannot be read is left out. */
export function readVersions(entries: Iterable<readonly [string, string]>): Version[] {
  const versions = [...entries].flatMap(([key, value]) => {
    const found = /^([0-9a-f]{64}) (\d+)(?: \d+ \d+)?$/.exec(value);
    const version = found && { at: Number(key.split('-')[0]), asset: found[1]!, size: Number(found[2]) };
    return version && keyOf(version) === key ? [version] : [];
  });
  return versions.sort((a, b) => (keyOf(a) < keyOf(b) ? 1 : -1));
}

export function keyOf({ at, asset }: Version): string {
  return `${String(at).padStart(TIME_DIGITS, '0')}-${asset.slice(0, KEY_DIGITS)}`;
}

/** What restoring a version brings back and takes away, by lines. */
export function stretchesBetween(now: string, then: string): Stretch[] {
  return changes(now, then).map(({ value, added, removed }) => ({
    kind: added ? 'comes' : removed ? 'goes' : 'same',
    lines: value.replace(/\n$/, '').split('\n'),
  }));
}

function changes(now: string, then: string): { value: string; added?: boolean; removed?: boolean }[] {
  return diffLines(now, then, { timeout: COMPARED_MS }) ?? [{ value: now, removed: true }, { value: then, added: true }];
}

/** Makes a text another one: only lines that differ are changed. */
export function become(text: Y.Text, then: string): void {
  let at = 0;
  for (const { value, added, removed } of changes(text.toString(), then)) {
    if (removed) text.delete(at, value.length);
    else {
      if (added) text.insert(at, value);
      at += value.length;
    }
  }
}

/** The versions of a document, while somebody looks at them. */
export class Versions {
  readonly #library: Library;
  readonly #assets: Assets;
  readonly #list: Replica | null;
  /** The newest first. */
  readonly all: ReadonlySignal<Version[]>;
  /** Whether the list is known here. */
  readonly known: ReadonlySignal<boolean>;

  constructor(library: Library, assets: Assets, document: string) {
    this.#library = library;
    this.#assets = assets;
    const id = versionsOf(document);
    this.#list = id === null ? null : library.open(id);
    this.known = computed(() => this.#list?.known.value ?? true);
    const all = signal<Version[]>([]);
    const read = () => void (all.value = readVersions(this.#entries?.entries() ?? []));
    this.#entries?.observe(read);
    read();
    this.all = all;
  }

  get #entries(): Y.Map<string> | undefined {
    return this.#list?.doc.getMap<string>(VERSIONS);
  }

  /** A version's text; `null` if it is not within reach. */
  async text(version: Version): Promise<string | null> {
    return (await this.#assets.get(version.asset))?.text() ?? null;
  }

  /** Makes a document's text that of a version, as a change of it. What it is before becomes a version too. Returns what undoes it. */
  async restore(replica: Replica, then: string): Promise<(now: Replica) => void> {
    // What is written into it would stand beside what it has elsewhere.
    if (!replica.known.peek()) throw new Error('This document is not on this device yet.');
    const before = replica.text.toString();
    await this.#keep(before);
    const origin = {};
    const undo = new Y.UndoManager(replica.text, { trackedOrigins: new Set([origin]) });
    replica.doc.transact(() => become(replica.text, then), origin);
    // What others changed meanwhile stays, as long as this replica is open.
    return (now) => (now === replica ? void undo.undo() : now.doc.transact(() => become(now.text, before)));
  }

  async #keep(text: string): Promise<void> {
    const file = new Blob([text], { type: 'text/markdown' });
    const asset = await this.#assets.add(file);
    const newest = this.all.peek()[0];
    if (newest?.asset === asset) return;
    // After the newest, whatever the clock says.
    const version = { at: Math.max(Date.now(), (newest?.at ?? 0) + 1), asset, size: file.size };
    this.#entries?.set(keyOf(version), `${asset} ${file.size}`);
  }

  close(): void {
    if (this.#list) this.#library.close(this.#list.id);
  }
}
