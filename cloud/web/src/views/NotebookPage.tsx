// A document: its text with cells, outputs and run buttons, under the bar.

import { effect } from '@preact/signals';
import type { EditorView } from '@codemirror/view';
import { useEffect, useRef, useState } from 'preact/hooks';
import { chooseFiles } from '../editor/add-files.ts';
import { addBeside, clear, runAll } from '../editor/commands.ts';
import { createEditor } from '../editor/editor.ts';
import { cellRunsField, nearestCell, notebookField, setCellRuns } from '../editor/notebook-field.ts';
import type { Named } from '../documents/named.ts';
import { split } from '../documents/paths.ts';
import type { Replica } from '../documents/replica.ts';
import { Icon } from '../Icon.tsx';
import { Menu } from '../Menu.tsx';
import type { Place } from '../place.ts';
import { back } from '../route.ts';
import { Bar } from './Bar.tsx';
import { ComputePanel } from './ComputePanel.tsx';
import { moveFile, removeFile, restoreFile } from './file-actions.ts';
import { MovePanel } from './MovePanel.tsx';
import { useDocument } from './use-document.ts';
import { NotebookActions } from './notebook-actions.ts';
import { VersionsPanel } from './VersionsPanel.tsx';

export function NotebookPage({ place, project, path }: { place: Place; project: string; path: string }) {
  const found = useDocument(place, project, path);
  const title = split(path).name;
  useEffect(() => {
    document.title = `${title} · Wayfare`;
    return () => void (document.title = 'Wayfare');
  }, [title]);
  if (found.kind !== 'open') {
    return (
      <>
        <Bar place={place} title={title} isDeep />
        <main class="page">{found.kind === 'looking' ? <p class="empty">Opening…</p> : <Missing place={place} project={found.project} trashed={found.trashed} />}</main>
      </>
    );
  }
  return <Notebook key={found.replica.id} place={place} project={{ id: found.project, name: project }} file={found.file} isDeleted={found.isDeleted} replica={found.replica} />;
}

function Missing({ place, project, trashed }: { place: Place; project: string; trashed: Named | null }) {
  if (!trashed) return <p class="empty">{place.isOnline ? 'There is no such document.' : 'This document is not on this device.'}</p>;
  return (
    <div class="empty">
      <p>{split(trashed.name).name} is in the trash.</p>
      <button type="button" class="button primary" onClick={() => restoreFile(place, project, trashed)}>Restore</button>
    </div>
  );
}

interface Props {
  place: Place;
  project: Named;
  file: Named;
  isDeleted: boolean;
  replica: Replica;
}

function Notebook({ place, project, file, isDeleted, replica }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const [view, setView] = useState<EditorView | null>(null);
  const [actions] = useState(() => new NotebookActions(place, replica, project, file.name));
  const [panel, setPanel] = useState<'moving' | 'versions' | null>(null);
  actions.path = file.name;
  const title = split(file.name).name;
  useEffect(() => {
    const ends: (() => void)[] = [];
    const begin = (made: EditorView) => {
      setView(made);
      actions.showsPresence(place.mesh.self);
      const stop = effect(() => {
        const runs = place.runs.live.value;
        // Where a run ends its cell is drawn anew.
        for (const run of runs) void (run.phase.value.kind === 'ended');
        const cellRuns = actions.runsOf(made.state.field(notebookField), runs);
        if (cellRuns.size > 0 || made.state.field(cellRunsField).size > 0) made.dispatch({ effects: setCellRuns.of(cellRuns) });
      });
      ends.push(stop, () => actions.leaves(), () => made.destroy());
    };
    let isGone = false;
    void createEditor(frame.current!, replica, actions, () => !isGone).then((made) => made && begin(made));
    return () => {
      isGone = true;
      ends.forEach((end) => end());
    };
  }, [replica]);
  useEffect(() => void (view && actions.follow(view)), [view]);
  return (
    <>
      <Bar place={place} title={title} isDeep indicator={<ComputePanel place={place} actions={actions} />}>
        {view && <Tools view={view} actions={actions} moves={() => setPanel('moving')} shows={() => setPanel('versions')} removes={() => void removeFile(place, project.id, file).then(() => back({ view: 'projects' }))} />}
      </Bar>
      {isDeleted && (
        <div class="strip" role="alert">
          <span>This document was deleted.</span>
          <button type="button" class="button" onClick={() => restoreFile(place, project.id, file)}>Restore</button>
        </div>
      )}
      <main class="notebook" ref={frame} />
      {panel === 'moving' && <MovePanel place={place} project={project.id} path={file.name} move={(path) => moveFile(place, project.id, file, path)} close={() => setPanel(null)} />}
      {panel === 'versions' && <VersionsPanel place={place} file={file} close={() => setPanel(null)} />}
    </>
  );
}

function Tools({ view, actions, moves, shows, removes }: { view: EditorView; actions: NotebookActions; moves: () => void; shows: () => void; removes: () => void }) {
  const running = actions.running.value;
  const here = () => nearestCell(view.state, view.state.selection.main.head);
  return (
    <>
      {running.length > 0 && (
        <button type="button" class="button stop-all" onClick={() => actions.stopAll()} aria-label={`Stop ${running.length} running ${running.length === 1 ? 'cell' : 'cells'}`}>
          <Icon name="stop" /> <span class="wide">Stop</span>
        </button>
      )}
      <span class="wide">
        <button type="button" class="button" onClick={() => runAll(view)}>Run all</button>
      </span>
      <Menu label="Actions of the notebook" actions={() => [
        { label: 'Run all', act: () => runAll(view), keys: 'Ctrl ⇧ Enter' },
        { label: 'Add cell', act: () => addBeside(view, here(), 'below') },
        { label: 'Add cell at the end', act: () => addBeside(view, null, 'below') },
        { label: 'Add picture or file', act: () => chooseFiles(view) },
        { label: 'Clear all outputs', act: () => clear(view, view.state.field(notebookField).cells) },
        { label: 'Restart kernel', act: actions.canAct ? () => void actions.restart() : null },
        { label: 'Shut down kernel', act: actions.canAct ? () => void actions.shutdown() : null, danger: true },
        { label: 'Versions', act: shows },
        { label: 'Rename or move', act: moves },
        { label: 'Delete notebook', act: removes, danger: true },
      ]}>
        <Icon name="more" />
      </Menu>
    </>
  );
}
