// The documents of a project in their folders, and those in its trash.

import { useState } from 'preact/hooks';
import type { Tree } from '../documents/library.ts';
import type { Named } from '../documents/named.ts';
import { foldersOf, split, type Folder } from '../documents/paths.ts';
import { Icon } from '../Icon.tsx';
import { Link } from '../Link.tsx';
import { Menu } from '../Menu.tsx';
import type { Place } from '../place.ts';
import { emptyTrash, moveFile, moveFolder, removeFile, restoreAsset, restoreFile } from './file-actions.ts';
import { Folded } from './folded.ts';
import { MovePanel } from './MovePanel.tsx';
import { OtherFiles } from './OtherFiles.tsx';
import { VersionsPanel } from './VersionsPanel.tsx';

interface Shown {
  place: Place;
  project: Named;
  folded: Folded;
  /** Opens the panel for a document or a folder. */
  moves: (what: Moving) => void;
  /** Opens that of a document's versions. */
  shows: (file: Named) => void;
}

/** What gets another path. */
interface Moving {
  path: string;
  move: (path: string) => Promise<void>;
}

export function Files({ place, project, tree }: { place: Place; project: Named; tree: Tree }) {
  const [folded] = useState(() => new Folded(project.id));
  const [moving, setMoving] = useState<Moving | null>(null);
  const [shown, setShown] = useState<Named | null>(null);
  const files = tree.files.value;
  return (
    <>
      <Contents folder={foldersOf(files)} shown={{ place, project, folded, moves: setMoving, shows: setShown }} />
      {files.length === 0 && <p class="quiet">{tree.known.value ? 'No documents yet.' : 'Not read yet.'}</p>}
      <OtherFiles place={place} project={project} tree={tree} />
      <Trash place={place} project={project} trash={tree.trash.value} files={tree.assetTrash.value} />
      {moving && <MovePanel place={place} project={project.id} {...moving} close={() => setMoving(null)} />}
      {shown && <VersionsPanel place={place} file={shown} close={() => setShown(null)} />}
    </>
  );
}

function Contents({ folder, shown, id }: { folder: Folder<Named>; shown: Shown; id?: string }) {
  return (
    <ul class="files" id={id}>
      {folder.folders.map((inner) => <li key={`${inner.path}/`}><FolderRow folder={inner} shown={shown} /></li>)}
      {folder.files.map((file) => <li key={file.id}><FileRow file={file} shown={shown} /></li>)}
    </ul>
  );
}

function FolderRow({ folder, shown }: { folder: Folder<Named>; shown: Shown }) {
  const { place, project, folded, moves } = shown;
  const isOpen = !folded.paths.value.has(folder.path);
  const id = `folder-${project.id}-${folder.path}`;
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== (isOpen ? 'ArrowLeft' : 'ArrowRight')) return;
    event.preventDefault();
    folded.turn(folder.path);
  };
  return (
    <>
      <div class="file-row">
        <button type="button" class="file folder" aria-expanded={isOpen} aria-controls={isOpen ? id : undefined} onClick={() => folded.turn(folder.path)} onKeyDown={onKeyDown}>
          <span class={`chevron${isOpen ? ' open' : ''}`}><Icon name="forward" /></span>
          <span>{folder.name}</span>
        </button>
        <Menu label={`Actions of the folder ${folder.path}`} actions={() => [
          { label: 'Rename or move', act: () => moves({ path: folder.path, move: (path) => moveFolder(place, project.id, folder.path, path) }) },
        ]}>
          <Icon name="more" />
        </Menu>
      </div>
      {isOpen && <Contents folder={folder} shown={shown} id={id} />}
    </>
  );
}

function FileRow({ file, shown }: { file: Named; shown: Shown }) {
  const { place, project, moves, shows } = shown;
  return (
    <div class="file-row">
      <Link class="file" to={{ view: 'document', project: project.name, path: file.name }}>
        <Icon name="file" />
        <span>{split(file.name).name}</span>
      </Link>
      <Menu label={`Actions of ${file.name}`} actions={() => [
        { label: 'Versions', act: () => shows(file) },
        { label: 'Rename or move', act: () => moves({ path: file.name, move: (path) => moveFile(place, project.id, file, path) }) },
        { label: 'Delete', act: () => void removeFile(place, project.id, file), danger: true },
      ]}>
        <Icon name="more" />
      </Menu>
    </div>
  );
}

function Trash({ place, project, trash, files }: { place: Place; project: Named; trash: readonly Named[]; files: readonly Named[] }) {
  const count = trash.length + files.length;
  if (count === 0) return null;
  return (
    <details class="trash">
      <summary><span class="chevron"><Icon name="forward" /></span>Trash ({count})</summary>
      <ul class="files">
        {trash.map((file) => (
          <li key={file.id} class="file-row">
            <span class="file">{file.name}</span>
            <button type="button" class="button" aria-label={`Restore ${file.name}`} onClick={() => restoreFile(place, project.id, file)}>Restore</button>
          </li>
        ))}
        {files.map(({ id: path }) => (
          <li key={path} class="file-row">
            <span class="file">{path}</span>
            <button type="button" class="button" aria-label={`Restore ${path}`} onClick={() => restoreAsset(place, project.id, path)}>Restore</button>
          </li>
        ))}
      </ul>
      <button type="button" class="button plain danger" aria-label={`Empty trash of ${project.name}`} onClick={() => emptyTrash(place, project, trash, files)}>Empty trash</button>
    </details>
  );
}
