import { expect, test } from 'vitest';
import { faultOf, folderPaths, foldersOf, freePath, pathOf } from './paths.ts';

test('what is typed becomes names with a slash between them', () => {
  expect(pathOf(' /notes// first .md/ ')).toBe('notes/first .md');
  expect(pathOf(' / ')).toBe('');
});

test('a path has a name, is not too long, and goes nowhere else', () => {
  expect(faultOf('notes/first.md')).toBeNull();
  for (const path of ['', 'a/../b', './a', 'a\u0007b', 'ä'.repeat(513)]) expect(faultOf(path), path).not.toBeNull();
});

test('a path that is taken gets a number before its ending', () => {
  const taken = new Set(['a/b.md', 'a/b (2).md', 'a.d/c', '.hidden']);
  expect(freePath('b.md', taken)).toBe('b.md');
  expect(freePath('a/b.md', taken)).toBe('a/b (3).md');
  expect(freePath('a.d/c', taken)).toBe('a.d/c (2)');
  expect(freePath('.hidden', taken)).toBe('.hidden (2)');
});

test('documents stand in their folders', () => {
  const files = ['x.md', 'z/b/c.md', 'a/d.md', 'z/e.md'].map((name) => ({ name }));
  const top = foldersOf(files);
  expect(top.files).toEqual([files[0]]);
  expect(top.folders.map((folder) => folder.path)).toEqual(['a', 'z']);
  expect(top.folders[1]).toMatchObject({ files: [files[3]], folders: [{ name: 'b', path: 'z/b', files: [files[1]] }] });
  expect(folderPaths(files)).toEqual(['a', 'z', 'z/b']);
});
