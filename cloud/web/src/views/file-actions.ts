// What is done with a document of a project, each with the offer to undo it.

import type { Named } from '../documents/named.ts';
import { split } from '../documents/paths.ts';
import type { Replica } from '../documents/replica.ts';
import type { Version, Versions } from '../documents/versions.ts';
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

/** Throws if a path is none, or taken. */
export async function moveFolder(place: Place, project: string, from: string, to: string): Promise<void> {
  if (to === from) return;
  const before = await place.library.moveFolder(project, from, to);
  const words = to === '' ? `What was in ${from} is in no folder now` : `${from} is now ${to}`;
  place.notice.value = { words, undo: () => attempt(place, () => place.library.moveBack(project, before)) };
}

/** Throws if the name is none, or taken. */
export function renameProject(place: Place, project: Named, name: string): void {
  if (name === project.name) return;
  place.library.projects.rename(project.id, name);
  place.notice.value = { words: `${project.name} is now ${name}`, undo: () => attempt(place, async () => place.library.projects.rename(project.id, project.name)) };
}

export function removeProject(place: Place, project: Named): void {
  place.library.projects.remove(project);
  place.notice.value = { words: `${project.name} is deleted`, undo: () => restoreProject(place, project) };
}

export function restoreProject(place: Place, project: Named): void {
  place.announce(`${place.library.projects.restore(project)} restored`);
}

/** Deletes projects for good, with everything in them. */
export function discardProjects(place: Place, projects: readonly Named[]): void {
  const what = projects.length === 1 ? `the project ${projects[0]!.name}` : `${projects.length} projects`;
  if (!confirm(`Delete ${what} for good, with all documents and files, on every device? This cannot be undone.`)) return;
  place.library.projects.discard(projects);
  place.announce('The deleted projects are gone');
}

/** Empties a trash of what is shown of it, for good. */
export function emptyTrash(place: Place, project: Named, trash: readonly Named[], files: readonly Named[]): void {
  const names = [...trash.map(({ name }) => name), ...files.map(({ id }) => id)];
  const kind = files.length === 0 ? 'documents' : trash.length === 0 ? 'files' : 'documents and files';
  const what = names.length === 1 ? split(names[0]!).name : `${names.length} ${kind}`;
  if (!confirm(`Delete ${what} for good, on every device? This cannot be undone.`)) return;
  attempt(place, async () => {
    await place.library.discard(project.id, trash);
    await place.library.discardAssets(project.id, files);
    place.announce('The trash is empty');
  });
}

export async function removeFile(place: Place, project: string, file: Named): Promise<void> {
  await place.library.remove(project, file.id);
  place.notice.value = { words: `${split(file.name).name} is in the trash`, undo: () => restoreFile(place, project, file) };
}

export function removeAsset(place: Place, project: string, path: string): void {
  attempt(place, async () => {
    await place.library.removeAsset(project, path);
    place.notice.value = { words: `${split(path).name} is in the trash`, undo: () => restoreAsset(place, project, path) };
  });
}

export function restoreAsset(place: Place, project: string, path: string): void {
  attempt(place, async () => place.announce(`${await place.library.restoreAsset(project, path)} restored`));
}

export function restoreFile(place: Place, project: string, file: Named): void {
  attempt(place, async () => place.announce(`${await place.library.restore(project, file)} restored`));
}

/** Makes a document what a version of it was. Says whether that was done. */
export async function restoreVersion(place: Place, versions: Versions, file: Named, { at }: Version, text: string): Promise<boolean> {
  try {
    const undo = await opened(place, file.id, (replica) => versions.restore(replica, text));
    const when = new Date(at).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
    const back = () => attempt(place, () => opened(place, file.id, async (replica) => undo(replica)));
    place.notice.value = { words: `${split(file.name).name} is as it was on ${when}`, undo: back };
    return true;
  } catch (error) {
    place.failure.value = reason(error);
    return false;
  }
}

async function opened<T>(place: Place, document: string, act: (replica: Replica) => Promise<T>): Promise<T> {
  const replica = place.library.open(document);
  try {
    await replica.loaded;
    return await act(replica);
  } finally {
    place.library.close(document);
  }
}

function attempt(place: Place, act: () => Promise<void>): void {
  act().catch((error: unknown) => (place.failure.value = reason(error)));
}
