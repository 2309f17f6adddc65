// The documents of the account in this browser: the index of projects, each project's tree, and every text.
// All of them are documents (docs/documents.md), so that lists are there, and change, without the home as well.

import { computed, effect, signal, type ReadonlySignal } from '@preact/signals';
import { clearDocument } from 'y-indexeddb';
import * as Y from 'yjs';
import { newId } from '../id.ts';
import type { LinkState } from '../mesh/interface.ts';
import type { DocumentHome } from './channel.ts';
import { readAssetFile, writeAssetFile, type AssetFile } from './asset-paths.ts';
import { namedIn, withoutKept, type Named } from './named.ts';
import { faultOf, freePath, movedFolder } from './paths.ts';
import { Projects } from './projects.ts';
import { Replica } from './replica.ts';
import { versionsOf } from './versions.ts';

const INDEX = '00000000-0000-0000-0000-000000000000';
/** Replicas that are brought into step at a time when everything is read ahead. */
const AHEAD_AT_ONCE = 4;
/** Milliseconds before a channel that ended is opened again while the home is there. */
const AGAIN_MS = 1000;

/** The documents of a project, in order of path, while somebody has it open. */
export interface Tree {
  files: ReadonlySignal<Named[]>;
  /** What was deleted, by the paths it had. */
  trash: ReadonlySignal<Named[]>;
  /** Files that are no documents: by their paths, what their entries say (`readAssetFile`). */
  assets: ReadonlySignal<Named[]>;
  /** Those that were deleted, likewise. */
  assetTrash: ReadonlySignal<Named[]>;
  known: ReadonlySignal<boolean>;
  close: () => void;
}

interface Held {
  replica: Replica;
  holders: number;
  stop: () => void;
}

export class Library {
  readonly #home: DocumentHome;
  readonly #state: ReadonlySignal<LinkState>;
  readonly #account: string;
  /** Has a file here before anybody looks at it, if that is one to have. */
  readonly #fetch: (file: AssetFile) => Promise<void>;
  readonly #held = new Map<string, Held>();
  readonly #all = signal<ReadonlySignal<number>[]>([]);
  readonly #readAhead = new Set<string>();
  readonly #stops: (() => void)[] = [];
  readonly projects: Projects;
  /** Changes made here that the home does not keep yet. */
  readonly unkept: ReadonlySignal<number>;

  constructor(home: DocumentHome, state: ReadonlySignal<LinkState>, account: string, fetch: (file: AssetFile) => Promise<void>) {
    this.#home = home;
    this.#fetch = fetch;
    this.#state = state;
    this.#account = account;
    this.projects = new Projects(this.open(INDEX));
    this.unkept = computed(() => this.#all.value.reduce((sum, count) => sum + count.value, 0));
    for (const id of this.#leftUnkept()) {
      this.open(id);
      this.close(id);
    }
    this.#stops.push(effect(() => void (state.value === 'online' && this.projects.all.value && void this.#ahead())));
  }

  /** A document, which is brought into step while it is held. Whoever opens it closes it. */
  open(id: string): Replica {
    const held = this.#held.get(id) ?? this.#hold(id);
    held.holders += 1;
    return held.replica;
  }

  /** What the home does not keep yet stays open until it does. */
  close(id: string): void {
    const held = this.#held.get(id);
    if (!held) return;
    held.holders -= 1;
    if (held.holders > 0) return;
    if (held.replica.unkept.peek() === 0) return this.#letGo(id, held);
    const stop = effect(() => {
      if (held.replica.unkept.value > 0 && held.holders === 0) return;
      queueMicrotask(() => stop());
      if (held.holders === 0 && this.#held.get(id) === held) this.#letGo(id, held);
    });
  }

  #letGo(id: string, held: Held): void {
    held.stop();
    this.#held.delete(id);
    this.#all.value = this.#all.value.filter((count) => count !== held.replica.unkept);
    void held.replica.close();
  }

  files(project: string): Tree {
    const tree = this.open(project);
    const files = namedIn(tree, 'files');
    const trash = withoutKept(namedIn(tree, 'trash'), files);
    const assets = namedIn(tree, 'assets');
    const deleted = withoutKept(namedIn(tree, 'assetTrash'), assets);
    const assetTrash = computed(() => [...deleted.value].sort((a, b) => a.id.localeCompare(b.id)));
    return { files, trash, assets, assetTrash, known: tree.known, close: () => this.close(project) };
  }

  /** Throws if the path is none, or taken. */
  async newDocument(project: string, path: string, text: string): Promise<string> {
    const id = newId();
    await this.#inTree(project, (files) => files.set(id, vacant(path, files, id)));
    const replica = this.open(id);
    await replica.loaded;
    replica.text.insert(0, text);
    this.close(id);
    return id;
  }

  /** Gives a document another path: it stays the same document. Throws if the path is none, or taken. */
  async move(project: string, document: string, path: string): Promise<void> {
    await this.#inTree(project, (files) => files.set(document, vacant(path, files, document)));
  }

  /** Gives a folder another path, and all that is in it, at once; says what had which path. Throws if one is taken. */
  async moveFolder(project: string, from: string, to: string): Promise<Named[]> {
    return this.#inTree(project, (files) => {
      const moved = movedFolder(files.entries(), from, to);
      const before = moved.map(({ id }) => ({ id, name: files.get(id)! }));
      for (const { id, name } of moved) files.set(id, name);
      return before;
    });
  }

  /** Gives documents the paths that they had, as far as they are there and the paths are free. */
  async moveBack(project: string, before: readonly Named[]): Promise<void> {
    await this.#inTree(project, (files) => {
      for (const { id, name } of before) if (files.has(id)) files.set(id, freePath(name, others(files, id)));
    });
  }

  /** Puts a document into the trash. Its text stays. */
  async remove(project: string, document: string): Promise<void> {
    await this.#inTree(project, (files, trash) => {
      const path = files.get(document);
      if (path === undefined) return;
      trash.set(document, path);
      files.delete(document);
    });
  }

  /** Takes a document out of the trash, to the path it had, or to a free one beside it; says which. */
  async restore(project: string, { id, name }: Named): Promise<string> {
    return this.#inTree(project, (files, trash) => {
      const path = files.get(id) ?? freePath(trash.get(id) ?? name, new Set(files.values()));
      if (!files.has(id)) files.set(id, path);
      trash.delete(id);
      return path;
    });
  }

  /** Takes documents out of the trash for good: nothing leads to their texts any more. One that was restored meanwhile stays. */
  async discard(project: string, documents: readonly Named[]): Promise<void> {
    await this.#inTree(project, (files, trash) => {
      for (const { id } of documents) if (!files.has(id)) trash.delete(id);
    });
    const lists = documents.flatMap(({ id }) => versionsOf(id) ?? []);
    for (const id of [...documents.map(({ id }) => id), ...lists]) if (!this.#held.has(id)) void clearDocument(this.#database(id));
  }

  /** Gives a file a path in a project. */
  async putAsset(project: string, path: string, file: AssetFile): Promise<void> {
    await this.#inTree(project, () => {
      const tree = this.#held.get(project)!.replica.doc;
      tree.getMap<string>('assets').set(path, writeAssetFile(file));
      tree.getMap<string>('assetTrash').delete(path);
    });
  }

  /** Puts the file at a path into the trash. */
  async removeAsset(project: string, path: string): Promise<void> {
    await this.#ofAssets(project, (assets, trash) => {
      const entry = assets.get(path);
      if (entry === undefined) return;
      trash.set(path, entry);
      assets.delete(path);
    });
  }

  /** Takes a file out of the trash, to the path it had, or to a free one beside it; says which. */
  async restoreAsset(project: string, path: string): Promise<string> {
    return this.#ofAssets(project, (assets, trash, files) => {
      const entry = trash.get(path);
      if (entry === undefined) return path;
      const free = freePath(path, new Set([...assets.keys(), ...files.values()]));
      assets.set(free, entry);
      trash.delete(path);
      return free;
    });
  }

  /** Takes files out of the trash for good. One that was restored or deleted anew meanwhile stays. */
  async discardAssets(project: string, seen: readonly Named[]): Promise<void> {
    await this.#ofAssets(project, (assets, trash) => {
      for (const { id: path, name: entry } of seen) if (!assets.has(path) && trash.get(path) === entry) trash.delete(path);
    });
  }

  async #ofAssets<T>(project: string, change: (assets: Y.Map<string>, trash: Y.Map<string>, files: Y.Map<string>) => T): Promise<T> {
    return this.#inTree(project, (files) => {
      const { doc } = this.#held.get(project)!.replica;
      return change(doc.getMap<string>('assets'), doc.getMap<string>('assetTrash'), files);
    });
  }

  /** What is at a path of a project; `null` if nothing is. */
  async assetAt(project: string, path: string): Promise<AssetFile | null> {
    return this.#inTree(project, () => {
      const entry = this.#held.get(project)!.replica.doc.getMap<string>('assets').get(path);
      return entry === undefined ? null : readAssetFile(entry);
    });
  }

  async #inTree<T>(project: string, change: (files: Y.Map<string>, trash: Y.Map<string>) => T): Promise<T> {
    const tree = this.open(project);
    try {
      await tree.loaded;
      return tree.doc.transact(() => change(tree.doc.getMap<string>('files'), tree.doc.getMap<string>('trash')));
    } finally {
      this.close(project);
    }
  }

  async end(): Promise<void> {
    this.#stops.forEach((stop) => stop());
    for (const { replica, stop } of this.#held.values()) {
      stop();
      await replica.close();
    }
    this.#held.clear();
  }

  /** Documents that were changed when the page was closed, and not kept. */
  #leftUnkept(): string[] {
    const [start, end] = [this.#database(''), '/unkept'];
    const keys = Object.keys(localStorage).filter((key) => key.startsWith(start) && key.endsWith(end));
    return keys.map((key) => key.slice(start.length, -end.length));
  }

  #database(id: string): string {
    return `wayfare/${this.#account}/${id}`;
  }

  #hold(id: string): Held {
    const replica = new Replica(id, this.#database(id));
    let isOver = false;
    let isSpeaking = false;
    const speak = async (): Promise<void> => {
      if (isSpeaking) return;
      isSpeaking = true;
      while (!isOver && this.#state.peek() === 'online') {
        try {
          await replica.speak(this.#home.document(id));
        } catch (error) {
          console.warn(`document ${id}:`, error);
        }
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
      isSpeaking = false;
    };
    const stop = effect(() => void (this.#state.value === 'online' && void speak()));
    const held = { replica, holders: 0, stop: () => ((isOver = true), stop()) };
    this.#held.set(id, held);
    this.#all.value = [...this.#all.peek(), replica.unkept];
    return held;
  }

  /** Brings every document into step once, so that all of them can be read without the home, and fetches small pictures. */
  async #ahead(): Promise<void> {
    for (const project of this.projects.all.peek()) {
      if (this.#readAhead.has(project.id)) continue;
      this.#readAhead.add(project.id);
      const { files, assets, close } = this.files(project.id);
      if (await this.inStep(project.id)) {
        const ids = files.peek().map((file) => file.id);
        await Promise.all(Array.from({ length: AHEAD_AT_ONCE }, async () => {
          for (let id = ids.pop(); id !== undefined; id = ids.pop()) {
            this.open(id);
            await this.inStep(id);
            this.close(id);
          }
        }));
        for (const { name } of saves() ? [] : assets.peek()) {
          const file = readAssetFile(name);
          if (file && this.#state.peek() === 'online') await this.#fetch(file);
        }
      } else {
        this.#readAhead.delete(project.id);
      }
      close();
    }
  }

  /** Waits until a document that is open is in step; says `false` if the home went away before. */
  inStep(id: string): Promise<boolean> {
    const held = this.#held.get(id);
    return new Promise((resolve) => {
      const stop: { now?: () => void } = {};
      const done = (is: boolean) => {
        resolve(is);
        queueMicrotask(() => stop.now?.());
      };
      stop.now = effect(() => {
        if (!held || this.#state.value !== 'online') done(false);
        else if (held.replica.inStep.value) done(true);
      });
    });
  }
}

/** Whether the person has asked the browser to spare what is transferred. */
function saves(): boolean {
  return (navigator as { connection?: { saveData?: boolean } }).connection?.saveData ?? false;
}

/** The paths of all documents but one. */
function others(files: Y.Map<string>, document: string): Set<string> {
  return new Set([...files.entries()].filter(([id]) => id !== document).map(([, path]) => path));
}

/** The path, if it is one and no other document has it. */
function vacant(path: string, files: Y.Map<string>, document: string): string {
  const fault = faultOf(path);
  if (fault) throw new Error(fault);
  if (others(files, document).has(path)) throw new Error(`There is a document ${path} already.`);
  return path;
}
