// What is done with a document of a project, each with the offer to undo it.

import type { Named } from '../documents/library.ts';
import { split } from '../documents/paths.ts';
import { reason } from '../failure.ts';
import type { Place } from '../place.ts';

/** Throws if the path is none, or taken. */
export async function moveFile(place: Place, project: string, file: Named, path: string): Promise<void> {
  if (path === file.name) return;
  await place.library.move(project, file.id, path);
  const [from, to] = [split(file.name), split(path)];
  const words = from.folder === to.folder ? `${from.name} is now ${to.name}` : `${from.name} is now ${path}`;
  place.notice.value = { words, undo: () => attempt(place, () => place.library.move(project, file.id, file.name)) };
}

export async function removeFile(place: Place, project: string, file: Named): Promise<void> {
  await place.library.remove(project, file.id);
  place.notice.value = { words: `${split(file.name).name} is in the trash`, undo: () => restoreFile(place, project, file) };
}

export function restoreFile(place: Place, project: string, file: Named): void {
  attempt(place, async () => place.announce(`${await place.library.restore(project, file)} restored`));
}

function attempt(place: Place, act: () => Promise<void>): void {
  act().catch((error: unknown) => (place.failure.value = reason(error)));
}
