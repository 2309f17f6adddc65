// Files that are dropped, pasted or chosen come into the text as links at the cursor.

import { EditorView } from '@codemirror/view';
import { contextOf } from './context.ts';
import { cellAt } from './notebook-field.ts';

/** Where a link may stand: not in a cell nor among its outputs, but after them. */
function place(view: EditorView, at: number): { at: number; isApart: boolean } {
  const cell = cellAt(view.state, at);
  return cell ? { at: cell.regionTo, isApart: true } : { at, isApart: false };
}

/** Adds files to the project, and links to them to the text. */
export async function addFiles(view: EditorView, files: readonly File[], where: number): Promise<void> {
  const context = contextOf(view);
  // What others write meanwhile moves the place.
  let at = where;
  for (const file of files) {
    const link = await context.add(file);
    if (link === null) continue;
    const found = place(view, Math.min(at, view.state.doc.length));
    const insert = found.isApart ? `\n\n${link}` : link;
    at = found.at + insert.length;
    view.dispatch({ changes: { from: found.at, insert }, selection: { anchor: at }, scrollIntoView: true, userEvent: 'input.drop' });
    context.announce(`${file.name} added`);
    if (files.length > 1 && !found.isApart) {
      view.dispatch({ changes: { from: at, insert: '\n' } });
      at += 1;
    }
  }
}

/** Lets the person choose files. */
export function chooseFiles(view: EditorView): void {
  const input = document.createElement('input');
  input.type = 'file';
  input.multiple = true;
  input.onchange = () => void addFiles(view, [...(input.files ?? [])], view.state.selection.main.head);
  input.click();
}

const filesOf = (data: DataTransfer | null): File[] => [...(data?.files ?? [])];

export const takesFiles = EditorView.domEventHandlers({
  drop(event, view) {
    const files = filesOf(event.dataTransfer);
    if (files.length === 0) return false;
    event.preventDefault();
    const at = view.posAtCoords({ x: event.clientX, y: event.clientY }) ?? view.state.selection.main.head;
    void addFiles(view, files, at);
    return true;
  },
  paste(event, view) {
    const files = filesOf(event.clipboardData);
    // What has text as well, a table say, is pasted as that.
    if (files.length === 0 || event.clipboardData?.types.includes('text/plain')) return false;
    event.preventDefault();
    void addFiles(view, files, view.state.selection.main.head);
    return true;
  },
});
