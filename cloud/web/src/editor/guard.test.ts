// Fences are not broken by a Backspace too many.

import { EditorState, type TransactionSpec } from '@codemirror/state';
import { expect, test } from 'vitest';
import { guard } from './guard.ts';
import { notebookField } from './notebook-field.ts';

const TEXT = 'a\n\n```python\nx\n```\n\n```output\n1\n```\n\nb\n\n```r\n\n```\n';

function after(text: string, from: number, to: number, spec: TransactionSpec = { userEvent: 'delete.backward' }): string {
  const state = EditorState.create({ doc: text, extensions: [notebookField, guard] });
  return state.update({ changes: { from, to }, ...spec }).newDoc.toString();
}

test('what parts code from its fences stays', () => {
  for (const place of ['python\n', 'x\n', '```\n\n```output', '1\n```\n'].map((text) => TEXT.indexOf(text) + text.indexOf('\n'))) {
    expect(after(TEXT, place, place + 1), String(place)).toBe(TEXT);
  }
  const empty = TEXT.indexOf('```r\n') + 4;
  expect(after(TEXT, empty, empty + 1)).toBe(TEXT);
  expect(after(TEXT, empty + 1, empty + 2)).toBe(TEXT);
});

test('code goes, text goes, and a cell goes as a whole', () => {
  const x = TEXT.indexOf('x\n');
  expect(after(TEXT, x, x + 1)).toBe(TEXT.replace('x\n', '\n'));
  expect(after(TEXT, TEXT.indexOf('b'), TEXT.indexOf('b') + 1)).toBe(TEXT.replace('b', ''));
  expect(after(TEXT, 0, TEXT.length)).toBe('');
  expect(after(TEXT, TEXT.indexOf('```python'), TEXT.indexOf('\n\nb'))).toBe('a\n\n\n\nb\n\n```r\n\n```\n');
});

test('where nothing is deleted the cursor stays', () => {
  const empty = TEXT.indexOf('```r\n') + 5;
  const state = EditorState.create({ doc: TEXT, selection: { anchor: empty }, extensions: [notebookField, guard] });
  const next = state.update({ changes: { from: empty - 1, to: empty }, selection: { anchor: empty - 1 }, userEvent: 'delete.backward' }).state;
  expect(next.selection.main.head).toBe(empty);
});

test('what others change is taken as it is', () => {
  const place = TEXT.indexOf('python\n') + 6;
  expect(after(TEXT, place, place + 1, {})).not.toBe(TEXT);
});
