// The editor of a notebook: one text, in which cells, outputs and Markdown look like what they are.

import { acceptCompletion, autocompletion, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, indentWithTab } from '@codemirror/commands';
import { bracketMatching, indentOnInput } from '@codemirror/language';
import { openSearchPanel, search, searchKeymap } from '@codemirror/search';
import { EditorState, Prec, type Extension } from '@codemirror/state';
import { drawSelection, dropCursor, EditorView, highlightSpecialChars, keymap } from '@codemirror/view';
import { yCollab, yUndoManagerKeymap } from 'y-codemirror.next';
import * as Y from 'yjs';
import type { Replica } from '../documents/replica.ts';
import { takesFiles } from './add-files.ts';
import { cellFrames } from './cell-frames.ts';
import { moveHere, runAll, runAndGoOn, runHere, selectCode, undoing } from './commands.ts';
import { withContext, type NotebookContext } from './context.ts';
import { guard } from './guard.ts';
import { completions, inspectHere, inspecting } from './kernel-words.ts';
import { markdown } from './markdown.ts';
import { modes, toCommand } from './modes.ts';
import { cellRunsField, notebookField } from './notebook-field.ts';
import { outputBlocks } from './output-blocks.ts';
import type { Ahead } from './parse-ahead.ts';
import { preview } from './preview.ts';
import { readNotebook } from '../notebook/document.ts';

const keys = Prec.highest(
  keymap.of([
    { key: 'Mod-Enter', run: runHere },
    { key: 'Shift-Enter', run: runAndGoOn },
    { key: 'Mod-Shift-Enter', run: runAll },
    { key: 'Alt-ArrowUp', run: moveHere('up') },
    { key: 'Alt-ArrowDown', run: moveHere('down') },
    { key: 'Mod-a', run: selectCode },
    { key: 'Tab', run: acceptCompletion },
    { key: 'Shift-Tab', run: inspectHere },
    { key: 'Mod-f', run: openSearchPanel },
    { key: 'Escape', run: toCommand },
  ]),
);

function extensions(replica: Replica, context: NotebookContext, ahead: Ahead): Extension[] {
  const undoManager = new Y.UndoManager(replica.text, { captureTimeout: 400 });
  return [
    withContext(context),
    undoing.of(undoManager),
    notebookField.init((state) => {
      const text = state.doc.toString();
      // It may have changed since.
      return readNotebook(text, text === ahead.text ? ahead : undefined);
    }),
    cellRunsField,
    outputBlocks,
    modes,
    cellFrames,
    guard,
    keys,
    autocompletion({ override: [completions], icons: false, activateOnTypingDelay: 200 }),
    inspecting,
    keymap.of([...completionKeymap, ...searchKeymap, ...yUndoManagerKeymap, ...defaultKeymap, indentWithTab]),
    search({ top: true }),
    markdown,
    preview,
    highlightSpecialChars(),
    drawSelection(),
    dropCursor(),
    takesFiles,
    bracketMatching(),
    indentOnInput(),
    EditorState.tabSize.of(4),
    EditorView.lineWrapping,
    EditorView.contentAttributes.of(() => ({ 'aria-label': context.label, autocapitalize: 'off', autocorrect: 'off', spellcheck: 'false' })),
    yCollab(replica.text, replica.awareness, { undoManager }),
  ];
}

/** An editor of a replica's text in an element. Whoever makes it destroys it. */
export function createEditor(parent: HTMLElement, replica: Replica, context: NotebookContext, ahead: Ahead): EditorView {
  const state = EditorState.create({ doc: replica.text.toString(), extensions: extensions(replica, context, ahead) });
  return new EditorView({ state, parent });
}
