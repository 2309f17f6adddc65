// What the kernel knows about code: how it could go on, and what stands at a place. A session that has no kernel is not woken for it.

import type { CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import { StateEffect, StateField, type Extension } from '@codemirror/state';
import { EditorView, hoverTooltip, showTooltip, type Tooltip } from '@codemirror/view';
import type { Cell } from '../notebook/document.ts';
import { contextOf } from './context.ts';
import { cellAt } from './notebook-field.ts';

/** A place in the text as a cursor in a cell's code, which counts characters. `null` outside of code without indentation. */
function cursorIn(view: EditorView, at: number): { cell: Cell; code: string; cursor: number } | null {
  const cell = cellAt(view.state, at);
  if (!cell || cell.column > 0 || at < cell.content.from || at > cell.content.to) return null;
  const code = view.state.sliceDoc(cell.content.from, cell.content.to);
  return { cell, code, cursor: [...code.slice(0, at - cell.content.from)].length };
}

/** Where the character of that number begins. */
function unitsOf(code: string, characters: number): number {
  return [...code].slice(0, characters).join('').length;
}

export async function completions(context: CompletionContext): Promise<CompletionResult | null> {
  const view = context.view;
  const place = view && cursorIn(view, context.pos);
  if (!view || !place) return null;
  if (!context.explicit && !context.matchBefore(/[\w.]{2,}$/)) return null;
  const notebook = contextOf(view);
  const session = notebook.place.isOnline ? await notebook.sessionOf(place.cell) : null;
  if (session === null || context.aborted) return null;
  try {
    const { matches, start, end } = await notebook.place.mesh.complete(session, place.code, place.cursor);
    if (matches.length === 0) return null;
    return {
      from: place.cell.content.from + unitsOf(place.code, start),
      to: place.cell.content.from + unitsOf(place.code, end),
      options: matches.map(({ label, kind, detail }) => ({ label, type: kind ?? undefined, detail: detail ?? undefined })),
      validFor: /^[\w.]*$/,
    };
  } catch {
    return null; // the kernel is busy or away: there is nothing to offer
  }
}

async function inspection(view: EditorView, at: number): Promise<Tooltip | null> {
  const place = cursorIn(view, at);
  const notebook = contextOf(view);
  if (!place || !notebook.place.isOnline) return null;
  const session = await notebook.sessionOf(place.cell);
  if (session === null) return null;
  const found = await notebook.place.mesh.inspect(session, place.code, place.cursor).catch(() => null);
  if (!found?.found) return null;
  const create = () => {
    const dom = document.createElement('div');
    dom.className = 'inspection';
    const head = document.createElement('strong');
    head.textContent = found.signature ?? [found.name, found.type].filter(Boolean).join(': ');
    const body = document.createElement('pre');
    body.textContent = [found.value, found.docstring].filter(Boolean).join('\n\n');
    dom.append(head, body);
    return { dom };
  };
  return { pos: at, above: true, create };
}

const setInspection = StateEffect.define<Tooltip | null>();

const inspectionField = StateField.define<Tooltip | null>({
  create: () => null,
  update(shown, transaction) {
    for (const effect of transaction.effects) if (effect.is(setInspection)) return effect.value;
    return transaction.docChanged || transaction.selection ? null : shown;
  },
  provide: (field) => showTooltip.from(field),
});

/** Shows what the kernel knows about the word at the cursor. */
export function inspectHere(view: EditorView): boolean {
  const { head } = view.state.selection.main;
  if (!cursorIn(view, head)) return false;
  void inspection(view, head).then((tooltip) => view.dispatch({ effects: setInspection.of(tooltip) }));
  return true;
}

export const inspecting: Extension = [inspectionField, hoverTooltip((view, at) => inspection(view, at), { hoverTime: 500 })];
