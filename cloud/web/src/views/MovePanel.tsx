// Gives a document or a folder another name, or another folder.

import { useEffect, useId, useMemo, useRef, useState } from 'preact/hooks';
import { folderPaths, pathOf, split } from '../documents/paths.ts';
import { PanelForm } from '../PanelForm.tsx';
import type { Place } from '../place.ts';

interface Props {
  place: Place;
  project: string;
  path: string;
  /** Throws where it cannot have that path. */
  move: (path: string) => Promise<void>;
  close: () => void;
}

export function MovePanel({ place, project, path, move, close }: Props) {
  const tree = useMemo(() => place.library.files(project), [project]);
  useEffect(() => tree.close, [tree]);
  const given = split(path);
  const [name, setName] = useState(given.name);
  const [folder, setFolder] = useState(given.folder);
  const first = useRef<HTMLInputElement>(null);
  const list = useId();
  useEffect(() => {
    first.current?.focus();
    // Its ending mostly stays.
    first.current?.setSelectionRange(0, given.name.lastIndexOf('.') > 0 ? given.name.lastIndexOf('.') : given.name.length);
  }, []);
  const field = { autocomplete: 'off', autocapitalize: 'off', spellcheck: false } as const;
  return (
    <PanelForm heading={`Rename or move ${given.name}`} save={() => move(pathOf(`${folder}/${name}`))} close={close}>
      <label>
        <span>Name</span>
        <input ref={first} required {...field} value={name} onInput={(event) => setName(event.currentTarget.value)} />
      </label>
      <label>
        <span>Folder</span>
        <input {...field} list={list} value={folder} placeholder="none" onInput={(event) => setFolder(event.currentTarget.value)} />
      </label>
      <datalist id={list}>{folderPaths(tree.files.value).map((path) => <option key={path} value={path} />)}</datalist>
    </PanelForm>
  );
}
