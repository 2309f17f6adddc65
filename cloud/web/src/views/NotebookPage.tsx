// A document: its text with cells, outputs and run buttons, under the bar.

import { effect } from '@preact/signals';
import type { EditorView } from '@codemirror/view';
import { useEffect, useRef, useState } from 'preact/hooks';
import { addBeside, clear, runAll } from '../editor/commands.ts';
import { createEditor } from '../editor/editor.ts';
import { nearestCell, notebookField, setCellRuns } from '../editor/notebook-field.ts';
import type { Replica } from '../documents/replica.ts';
import { Icon } from '../Icon.tsx';
import { Menu } from '../Menu.tsx';
import type { Session } from '../mesh/interface.ts';
import type { Place } from '../place.ts';
import { Bar } from './Bar.tsx';
import { ComputePanel } from './ComputePanel.tsx';
import { useDocument } from './use-document.ts';
import { NotebookActions } from './notebook-actions.ts';

export function NotebookPage({ place, project, path }: { place: Place; project: string; path: string }) {
  const found = useDocument(place, project, path);
  const title = path.split('/').pop() ?? path;
  useEffect(() => {
    document.title = `${title} · Wayfare`;
    return () => void (document.title = 'Wayfare');
  }, [title]);
  if (found.kind !== 'open') {
    return (
      <>
        <Bar place={place} title={title} isDeep />
        <main class="page"><p class="empty">{found.kind === 'looking' ? 'Opening…' : place.isOnline ? 'There is no such document.' : 'This document is not on this device.'}</p></main>
      </>
    );
  }
  return <Notebook key={found.replica.id} place={place} project={project} path={path} title={title} replica={found.replica} />;
}

function Notebook({ place, project, path, title, replica }: { place: Place; project: string; path: string; title: string; replica: Replica }) {
  const frame = useRef<HTMLDivElement>(null);
  const [view, setView] = useState<EditorView | null>(null);
  const [actions] = useState(() => new NotebookActions(place, replica, project, path));
  useEffect(() => {
    const made = createEditor(frame.current!, replica, actions, `Notebook ${title}`);
    setView(made);
    actions.showsPresence(place.mesh.self);
    const stop = effect(() => {
      const runs = place.runs.live.value;
      // Where a run ends its cell is drawn anew.
      for (const run of runs) void (run.phase.value.kind === 'ended');
      made.dispatch({ effects: setCellRuns.of(actions.runsOf(made.state.field(notebookField), runs)) });
    });
    return () => {
      stop();
      actions.leaves();
      made.destroy();
    };
  }, [replica]);
  useEffect(() => void (view && actions.follow(view)), [view]);
  const sessions: Session[] = actions.sessions.value;
  return (
    <>
      <Bar place={place} title={title} isDeep indicator={<ComputePanel place={place} sessions={sessions} chosen={actions.device.value} choose={(device) => actions.choose(device)} />}>
        {view && <Tools view={view} actions={actions} />}
      </Bar>
      <main class="notebook" ref={frame} />
      {actions.failure.value && (
        <div class="toast" role="alert">
          <span>{actions.failure.value}</span>
          <button type="button" class="button icon-button" aria-label="Close" onClick={() => (actions.failure.value = '')}><Icon name="close" /></button>
        </div>
      )}
    </>
  );
}

function Tools({ view, actions }: { view: EditorView; actions: NotebookActions }) {
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
        { label: 'Clear all outputs', act: () => clear(view, view.state.field(notebookField).cells) },
        { label: 'Restart kernel', act: actions.canAct ? () => void actions.restart() : null },
        { label: 'Shut down kernel', act: actions.canAct ? () => void actions.shutdown() : null, danger: true },
      ]}>
        <Icon name="more" />
      </Menu>
    </>
  );
}
