// Paths of documents: names with `/` between them. Pure.

/** Bytes of a path, as the mesh takes them (docs/documents.md). */
const PATH_MAX = 1024;

/** What somebody typed, as a path: without blanks around names and without empty names. */
export function pathOf(typed: string): string {
  return typed.split('/').map((name) => name.trim()).filter((name) => name !== '').join('/');
}

/** Why something is no path; `null` if it is one. */
export function faultOf(path: string): string | null {
  if (path === '') return 'A document has a name.';
  if (new TextEncoder().encode(path).length > PATH_MAX) return `A path has at most ${PATH_MAX} bytes.`;
  if (path.split('/').some((name) => name === '.' || name === '..')) return 'A name is not "." or "..".';
  return /\p{Cc}/u.test(path) ? 'A name has no control characters.' : null;
}

/** Why something is no name of a project; `null` if it is one. */
export function projectFaultOf(name: string): string | null {
  if (name === '') return 'A project has a name.';
  return name.includes('/') ? 'A name of a project has no "/".' : faultOf(name);
}

/** The documents of a folder with their paths when it is called otherwise, or is in another one; empty: at the top. Throws if one is
 * no path, or a document has it that is not in the folder. */
export function movedFolder(files: Iterable<readonly [string, string]>, from: string, to: string): { id: string; name: string }[] {
  const all = [...files];
  const moved = all.filter(([, path]) => path.startsWith(`${from}/`)).map(([id, path]) => ({ id, name: pathOf(`${to}/${path.slice(from.length)}`) }));
  const stays = new Set(all.filter(([id]) => !moved.some((file) => file.id === id)).map(([, path]) => path));
  for (const { name } of moved) {
    const fault = faultOf(name) ?? (stays.has(name) ? `There is a document ${name} already.` : null);
    if (fault) throw new Error(fault);
  }
  return moved;
}

/** The folder of a path, empty at the top; and its last name. */
export function split(path: string): { folder: string; name: string } {
  const slash = path.lastIndexOf('/');
  return { folder: path.slice(0, Math.max(0, slash)), name: path.slice(slash + 1) };
}

/** A path that nobody has: that one, else with a number before its ending. */
export function freePath(path: string, taken: ReadonlySet<string>): string {
  if (!taken.has(path)) return path;
  const dot = path.lastIndexOf('.') > path.lastIndexOf('/') + 1 ? path.lastIndexOf('.') : path.length;
  for (let number = 2; ; number++) {
    const other = `${path.slice(0, dot)} (${number})${path.slice(dot)}`;
    if (!taken.has(other)) return other;
  }
}

export interface Folder<File> {
  name: string;
  /** Its own path, empty at the top. */
  path: string;
  folders: Folder<File>[];
  files: File[];
}

/** Documents in their folders, both in order of name. */
export function foldersOf<File extends { name: string }>(files: readonly File[]): Folder<File> {
  const top: Folder<File> = { name: '', path: '', folders: [], files: [] };
  for (const file of files) folderAt(top, split(file.name).folder).files.push(file);
  return top;
}

function folderAt<File>(top: Folder<File>, path: string): Folder<File> {
  let here = top;
  for (const name of path === '' ? [] : path.split('/')) {
    let next = here.folders.find((folder) => folder.name === name);
    if (!next) {
      next = { name, path: here.path === '' ? name : `${here.path}/${name}`, folders: [], files: [] };
      here.folders.push(next);
      here.folders.sort((a, b) => a.name.localeCompare(b.name));
    }
    here = next;
  }
  return here;
}

/** The paths of all folders that documents are in, in order. */
export function folderPaths(files: readonly { name: string }[]): string[] {
  const found = new Set<string>();
  for (const { name } of files) {
    for (let { folder } = split(name); folder !== ''; folder = split(folder).folder) found.add(folder);
  }
  return [...found].sort((a, b) => a.localeCompare(b));
}
