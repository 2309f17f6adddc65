// Files that are dropped, pasted or chosen come into the text as links at the cursor.

import { EditorView, ViewPlugin, type ViewUpdate } from '@codemirror/view';
import { contextOf } from './context.ts';
import { cellAt } from './notebook-field.ts';

/** Where a link may stand: not in a cell nor among its outputs, but after them. */
function place(view: EditorView, at: number): { at: number; isApart: boolean } {
  const cell = cellAt(view.state, at);
  return cell ? { at: cell.regionTo, isApart: true } : { at, isApart: false };
}

/** Places where links will be when their files are added: what is written meanwhile moves them. */
const places = ViewPlugin.fromClass(
  class {
    readonly all = new Set<{ at: number }>();

    update({ docChanged, changes }: ViewUpdate): void {
      if (docChanged) for (const place of this.all) place.at = changes.mapPos(place.at, 1);
    }
  },
);

/** Adds files to the project, and links to them to the text. */
export async function addFiles(view: EditorView, files: readonly File[], where: number): Promise<void> {
  const [context, waiting] = [contextOf(view), { at: where }];
  const all = view.plugin(places)?.all;
  all?.add(waiting);
  for (const file of files) {
    const link = await context.add(file);
    if (link === null) continue;
    const { at, isApart } = place(view, waiting.at);
    const insert = `${isApart ? '\n\n' : ''}${link}${files.length > 1 && file !== files.at(-1) ? '\n' : ''}`;
    view.dispatch({ changes: { from: at, insert }, selection: { anchor: at + insert.length }, scrollIntoView: true, userEvent: 'input.drop' });
    waiting.at = at + insert.length;
    context.announce(`${file.name} added`);
  }
  all?.delete(waiting);
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

export const takesFiles = [places, EditorView.domEventHandlers({
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
})];
