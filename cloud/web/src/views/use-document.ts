// A document by project and path, as a page holds it.

import { effect, useSignal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Named } from '../documents/named.ts';
import type { Replica } from '../documents/replica.ts';
import type { Place } from '../place.ts';
import { go } from '../route.ts';

export type Found =
  | { kind: 'looking' }
  /** `trashed`: the document that had this path and was deleted. */
  | { kind: 'missing'; project: string; trashed: Named | null }
  /** `isDeleted`: somebody put it into the trash while it is open. */
  | { kind: 'open'; replica: Replica; project: string; file: Named; isDeleted: boolean };

interface Held {
  replica: Replica;
  file: Named;
  isDeleted: boolean;
  /** Whether something of it is here. */
  isReady: boolean;
}

/** Of two documents of one path the one with the smaller id answers to it. One that is renamed while it is open stays open, and
 * the address follows it. */
export function useDocument(place: Place, project: string, path: string): Found {
  const [found, setFound] = useState<Found>({ kind: 'looking' });
  const wanted = useSignal(path);
  const projects = place.library.projects.all.value.filter((it) => it.name === project).map((it) => it.id).sort();
  const id = projects[0];
  // A project that gets another name while one of its documents is open takes the address with it.
  const last = useRef(id);
  const renamed = id === undefined ? place.library.projects.all.value.find((it) => it.id === last.current) : undefined;
  useEffect(() => {
    if (id !== undefined) last.current = id;
    else if (renamed) go({ view: 'document', project: renamed.name, path: wanted.peek() }, 'replace');
  }, [id, renamed?.name]);
  const isKnown = place.library.projects.known.value;
  useEffect(() => void (wanted.value = path), [path]);
  useEffect(() => {
    if (renamed) return;
    if (id === undefined) return setFound(isKnown ? { kind: 'missing', project: '', trashed: null } : { kind: 'looking' });
    const { library } = place;
    const tree = library.files(id);
    let held: Held | null = null;
    let isGone = false;
    const show = ({ replica, file, isDeleted, isReady }: Held) => isReady && setFound({ kind: 'open', replica, project: id, file, isDeleted });
    const opens = (file: Named) => {
      if (held) library.close(held.file.id);
      const opened: Held = (held = { replica: library.open(file.id), file, isDeleted: false, isReady: false });
      void opened.replica.loaded.then(() => whenKnown(opened.replica, place)).then(() => {
        opened.isReady = true;
        if (!isGone && held === opened) show(opened);
      });
    };
    const follow = (held: Held, files: Named[]) => {
      const file = files.find((file) => file.id === held.file.id);
      const isMoved = file !== undefined && file.name !== held.file.name;
      Object.assign(held, { file: file ?? held.file, isDeleted: file === undefined });
      show(held);
      if (!isMoved) return;
      wanted.value = file.name;
      go({ view: 'document', project, path: file.name }, 'replace');
    };
    const stop = effect(() => {
      const [files, trash, path] = [tree.files.value, tree.trash.value, wanted.value];
      if (held?.file.name === path) return follow(held, files);
      const file = first(files, path);
      if (file) return opens(file);
      setFound(tree.known.value ? { kind: 'missing', project: id, trashed: first(trash, path) } : { kind: 'looking' });
    });
    return () => {
      isGone = true;
      stop();
      tree.close();
      if (held) library.close(held.file.id);
    };
  }, [id, isKnown]);
  return found;
}

function first(files: readonly Named[], path: string): Named | null {
  return files.filter((file) => file.name === path).sort((a, b) => (a.id < b.id ? -1 : 1))[0] ?? null;
}

/** Waits until something of it is here, so that nobody writes into an empty text that is not empty. */
function whenKnown(replica: Replica, place: Place): Promise<void> {
  return new Promise((resolve) => {
    const stop = effect(() => {
      if (!replica.known.value) return void place.state.value;
      resolve();
      queueMicrotask(() => stop());
    });
  });
}
