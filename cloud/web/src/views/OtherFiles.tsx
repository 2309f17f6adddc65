// The files of a project that are no documents: they are fetched and saved, and added.

import { ADDED, readAssetFile } from '../documents/asset-paths.ts';
import type { Tree } from '../documents/library.ts';
import type { Named } from '../documents/named.ts';
import { freePath, split } from '../documents/paths.ts';
import { reason } from '../failure.ts';
import { Icon } from '../Icon.tsx';
import { Menu } from '../Menu.tsx';
import { FileLink } from '../output/FileLink.tsx';
import type { Place } from '../place.ts';
import { removeAsset } from './file-actions.ts';

/** Those that are not only what a text shows. */
function listed(tree: Tree): { path: string; asset: string }[] {
  const files = tree.assets.value.flatMap(({ id: path, name }) => {
    const file = readAssetFile(name);
    const isShown = split(path).folder.split('/').includes(ADDED);
    return file && !isShown ? [{ path, asset: file.asset }] : [];
  });
  return files.sort((a, b) => a.path.localeCompare(b.path));
}

export function OtherFiles({ place, project, tree }: { place: Place; project: Named; tree: Tree }) {
  const files = listed(tree);
  if (files.length === 0) return null;
  return (
    <details class="trash">
      <summary><span class="chevron"><Icon name="forward" /></span>Files ({files.length})</summary>
      <ul class="files">
        {files.map(({ path, asset }) => (
          <li key={path} class="file-row">
            <span class="file"><FileLink path={path} label={path} fetch={() => place.assets.get(asset)} /></span>
            <Menu label={`Actions of ${path}`} actions={() => [{ label: 'Delete', act: () => removeAsset(place, project.id, path), danger: true }]}>
              <Icon name="more" />
            </Menu>
          </li>
        ))}
      </ul>
    </details>
  );
}

/** A button by which the person chooses files for a project. */
export function AddFiles({ place, project, tree, done }: { place: Place; project: Named; tree: Tree; done: () => void }) {
  const add = async (files: readonly File[]) => {
    try {
      for (const file of files) {
        const path = freePath(file.name, new Set(tree.assets.value.map(({ id }) => id)));
        const asset = await place.assets.add(file);
        await place.library.putAsset(project.id, path, { asset, size: file.size, type: file.type });
        place.announce(`${path} added`);
      }
      done();
    } catch (error) {
      place.failure.value = reason(error);
    }
  };
  return (
    <label class="add-files">
      <span>Files for the project</span>
      <input type="file" multiple onChange={(event) => void add([...(event.currentTarget.files ?? [])])} />
    </label>
  );
}
