// The editor's notebook is that of its text, whatever was typed and deleted on the way.

import { EditorState } from '@codemirror/state';
import { expect, test } from 'vitest';
import { readNotebook } from '../notebook/document.ts';
import { notebookField } from './notebook-field.ts';

/** Numbers that look random, the same each time (mulberry32). */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

const PIECES = ['\n', '\n\n', '```', '```python\n', 'x', '> ', '- a\n', '  ', '# h\n', '<!-- nb text -->\n', '```output\n1\n```\n', '---\n', '...\n', 'y z', 'Text here', '1', '<', '~~~', '\t'];

test('read where it changed, a text has the same cells as read anew', () => {
  for (let seed = 0; seed < 40; seed++) {
    const next = numbers(seed);
    const start = ['', '---\na: 1\n---\n', '---\n'][seed % 3]!;
    let state = EditorState.create({ doc: start + 'a\n\n```python\ntable()\n```\n\n## b\n\n```r\n1\n```\n\n```output\n1\n```\n\nSome words\nof text\n- [ ] list\n\n<!-- nb text -->\n```python\nx\n```\n\n- a\n  ```r\n  2\n  ```\n\n<div>\nin it\n</div>\nlast\n', extensions: notebookField });
    for (let step = 0; step < 30; step++) {
      const from = next(state.doc.length + 1);
      const to = Math.min(state.doc.length, from + next(4) * next(3));
      state = state.update({ changes: { from, to, insert: PIECES[next(PIECES.length)]! } }).state;
      const [read, anew] = [state.field(notebookField), readNotebook(state.doc.toString())];
      const seen = ({ text, cells, notes, frontMatter }: typeof read) => ({ text, cells, notes, frontMatter });
      expect(seen(read), `seed ${seed}, step ${step}: ${JSON.stringify(state.doc.toString())}`).toEqual(seen(anew));
    }
  }
}, 60_000);

test('what is typed into code and text leaves the shape as it is', () => {
  const state = EditorState.create({ doc: 'Some text\n\n```python\nx = 1\n```\n', extensions: notebookField });
  const shape = state.field(notebookField).shape;
  const typed = (from: number, insert: string) => state.update({ changes: { from, insert } }).state.field(notebookField);
  expect(typed(9, ' more').shape).toBe(shape);
  expect(typed(22, '2').shape).toBe(shape);
  expect(typed(22, '\nif y:').cells[0]!.code).toBe('x\nif y: = 1\n');
  expect(typed(26, '\n```').shape).not.toBe(shape);
  expect(typed(0, '# ').shape).not.toBe(shape);
});
