// The head of a cell: its run button, its language, what it is doing, and the menu of what can be done with it.

import type { EditorView } from '@codemirror/view';
import { Icon } from '../Icon.tsx';
import { Menu, type Action } from '../Menu.tsx';
import type { Cell } from '../notebook/document.ts';
import type { LiveRun } from '../runs/live-run.ts';
import { addBeside, clear, editFence, move, remove, runAbove } from './commands.ts';
import type { NotebookContext } from './context.ts';

interface Props {
  view: EditorView;
  context: NotebookContext;
  cellNumber: number;
  language: string;
  session: string | null;
  run: LiveRun | null;
  /** The cell as it stands now. */
  cell: () => Cell | null;
}

export function CellHead({ view, context, cellNumber, language, session, run, cell }: Props) {
  const phase = run?.phase.value.kind ?? 'ended';
  const isOnline = context.place.isOnline;
  const does = (act: (cell: Cell) => void) => () => {
    const found = cell();
    if (found) act(found);
  };
  const actions = (): Action[] => [
    { label: 'Run cells above', act: cellNumber > 1 ? does((cell) => runAbove(view, cell)) : null },
    { label: 'Add cell above', act: does((cell) => addBeside(view, cell, 'above')), keys: 'Esc A' },
    { label: 'Add cell below', act: does((cell) => addBeside(view, cell, 'below')), keys: 'Esc B' },
    { label: 'Move up', act: does((cell) => move(view, cell, 'up')), keys: 'Alt ↑' },
    { label: 'Move down', act: does((cell) => move(view, cell, 'down')), keys: 'Alt ↓' },
    { label: 'Clear output', act: does((cell) => clear(view, [cell])) },
    { label: 'Language and session', act: does((cell) => editFence(view, cell)) },
    { label: 'Delete cell', act: does((cell) => remove(view, cell)), keys: 'Esc D D', danger: true },
  ];
  return (
    <span class="cell-head">
      {phase === 'ended' ? (
        <button type="button" class="button run" aria-label={isOnline ? `Run cell ${cellNumber}` : `Run cell ${cellNumber} when connected`}
          title={isOnline ? 'Run (Ctrl Enter)' : 'Offline, will run when connected'} onClick={does((cell) => context.run(view, [cell]))}>
          <Icon name="run" />
        </button>
      ) : (
        <button type="button" class="button stop" aria-label={phase === 'queued' ? `Take back cell ${cellNumber}` : `Stop cell ${cellNumber}`}
          onClick={() => run && context.stop(run)}>
          <Icon name="stop" />
        </button>
      )}
      <span class="cell-language">{language}{session && ` · ${session}`}</span>
      <span class="cell-number" aria-hidden="true">{cellNumber}</span>
      <Menu label={`Actions of cell ${cellNumber}`} actions={actions}>
        <Icon name="more" />
      </Menu>
    </span>
  );
}
