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

const PIECES = ['\n', '\n\n', '```', '```python\n', 'x', '> ', '- a\n', '  ', '# h\n', '<!-- nb text -->\n', '```output\n1\n```\n', '---\n'];

test('read where it changed, a text has the same cells as read anew', () => {
  for (let seed = 0; seed < 40; seed++) {
    const next = numbers(seed);
    let state = EditorState.create({ doc: 'a\n\n```python\ntable()\n```\n\n## b\n\n```r\n1\n```\n\n```output\n1\n```\n', extensions: notebookField });
    for (let step = 0; step < 30; step++) {
      const from = next(state.doc.length + 1);
      const to = Math.min(state.doc.length, from + next(4) * next(3));
      state = state.update({ changes: { from, to, insert: PIECES[next(PIECES.length)]! } }).state;
      expect(state.field(notebookField).cells, `seed ${seed}, step ${step}: ${JSON.stringify(state.doc.toString())}`).toEqual(readNotebook(state.doc.toString()).cells);
    }
  }
});
