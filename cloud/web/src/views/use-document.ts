// A document by project and path, as a page holds it.

import { effect } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import type { Replica } from '../documents/replica.ts';
import type { Place } from '../place.ts';

export type Found = { kind: 'looking' } | { kind: 'missing' } | { kind: 'open'; replica: Replica };

/** Of two documents of one path the one with the smaller id answers to it. */
export function useDocument(place: Place, project: string, path: string): Found {
  const [found, setFound] = useState<Found>({ kind: 'looking' });
  const projects = place.library.projects.value.filter((it) => it.name === project).map((it) => it.id).sort();
  const id = projects[0];
  const isKnown = place.library.known.value;
  useEffect(() => {
    if (id === undefined) return setFound({ kind: isKnown ? 'missing' : 'looking' });
    const tree = place.library.files(id);
    let open: Replica | null = null;
    let isGone = false;
    const stop = effect(() => {
      const document = tree.files.value.filter((file) => file.name === path).map((file) => file.id).sort()[0];
      if (document === undefined) return setFound({ kind: tree.known.value ? 'missing' : 'looking' });
      if (open?.id === document) return;
      if (open) place.library.close(open.id);
      const replica = (open = place.library.open(document));
      void replica.loaded.then(() => whenKnown(replica, place)).then(() => !isGone && open === replica && setFound({ kind: 'open', replica }));
    });
    return () => {
      isGone = true;
      stop();
      tree.close();
      if (open) place.library.close(open.id);
    };
  }, [id, isKnown, path]);
  return found;
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
