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
import { inPieces, others } from './in-pieces.ts';
import { completions, inspectHere, inspecting } from './kernel-words.ts';
import { markdown } from './markdown.ts';
import { modes, toCommand } from './modes.ts';
import { cellRunsField, notebookField } from './notebook-field.ts';
import { outputBlocks } from './output-blocks.ts';
import { preview } from './preview.ts';
import { readInSteps, readNotebook, type Notebook } from '../notebook/document.ts';

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

function extensions(replica: Replica, context: NotebookContext, undoManager: Y.UndoManager, ahead: Notebook): Extension[] {
  return [
    withContext(context),
    undoing.of(undoManager),
    notebookField.init((state) => {
      const text = state.doc.toString();
      return text === ahead.text ? ahead : readNotebook(text);
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

/** An editor of a replica's text in an element, made in short pieces; `null` if it is not wanted any more. Whoever has it made
 * destroys it. */
export async function createEditor(parent: HTMLElement, replica: Replica, context: NotebookContext, isWanted: () => boolean): Promise<EditorView | null> {
  const ahead = await inPieces(readInSteps(replica.text.toString()));
  await others();
  if (!isWanted()) return null;
  const undoManager = new Y.UndoManager(replica.text, { captureTimeout: 400 });
  const stateOf = (doc: string) => EditorState.create({ doc, extensions: extensions(replica, context, undoManager, ahead) });
  let state = stateOf(replica.text.toString());
  await others();
  if (!isWanted()) {
    undoManager.destroy();
    return null;
  }
  // What was written in between is not in it: it follows the text only from now on.
  const text = replica.text.toString();
  if (text !== state.field(notebookField).text) state = stateOf(text);
  return new EditorView({ state, parent });
}
