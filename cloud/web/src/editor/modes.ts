// The two modes of a notebook's keyboard: text is edited, or cells are commanded. Esc and Enter go from one to the other.

import { closeCompletion, completionStatus } from '@codemirror/autocomplete';
import { Prec, StateEffect, StateField, type Extension } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { addBeside, remove, select } from './commands.ts';
import { contextOf } from './context.ts';
import { nearestCell } from './notebook-field.ts';

export type Mode = 'edit' | 'command';

export const setMode = StateEffect.define<Mode>();

export const modeField = StateField.define<Mode>({
  create: () => 'edit',
  update: (mode, transaction) => transaction.effects.find((effect) => effect.is(setMode))?.value ?? mode,
  provide: (field) => EditorView.editorAttributes.from(field, (mode) => ({ class: `mode-${mode}` })),
});

function enter(view: EditorView, mode: Mode): void {
  if (view.state.field(modeField) === mode) return;
  view.dispatch({ effects: setMode.of(mode) });
  contextOf(view).announce(mode === 'command' ? 'Command mode. Enter goes back to editing.' : 'Editing');
}

/** The key that began a command of two: `d d`. */
let first = '';

function command(view: EditorView, event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || event.key === 'Shift') return false;
  const cell = nearestCell(view.state, view.state.selection.main.head);
  const pair = first + event.key;
  first = '';
  switch (event.key) {
    case 'Enter':
      if (event.shiftKey) return false;
      enter(view, 'edit');
      return true;
    case 'ArrowDown':
    case 'j':
      select(view, 1);
      return true;
    case 'ArrowUp':
    case 'k':
      select(view, -1);
      return true;
    case 'a':
    case 'b':
      if (addBeside(view, cell, event.key === 'a' ? 'above' : 'below')) enter(view, 'edit');
      return true;
    case 'd':
      if (pair !== 'dd') first = 'd';
      else if (cell) remove(view, cell);
      return true;
    case 'Tab':
    case 'Escape':
      return false;
  }
  return event.key.length === 1; // no text in this mode
}

export const modes: Extension = [
  modeField,
  Prec.highest(
    EditorView.domEventHandlers({
      keydown(event, view) {
        if (event.isComposing || (event.target instanceof Element && event.target.closest('[contenteditable=false]'))) return false;
        if (view.state.field(modeField) === 'command') {
          const isDone = command(view, event);
          if (isDone) event.preventDefault();
          return isDone;
        }
        return false;
      },
      mousedown(_event, view) {
        if (view.state.field(modeField) === 'command') enter(view, 'edit');
        return false;
      },
    }),
  ),
];

/** Esc: closes a list of completions, else leaves the text. */
export function toCommand(view: EditorView): boolean {
  if (completionStatus(view.state) === 'active') return closeCompletion(view);
  closeCompletion(view); // one that is being asked for
  enter(view, 'command');
  return true;
}
