import { expect, test } from 'vitest';
import { faultOf, folderPaths, foldersOf, freePath, movedFolder, pathOf, projectFaultOf } from './paths.ts';

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

test('a folder is moved with all that is in it, and only onto paths that nobody has', () => {
  const files: [string, string][] = [['1', 'a/x.md'], ['2', 'a/b/y.md'], ['3', 'ab/x.md'], ['4', 'x.md']];
  expect(movedFolder(files, 'a', 'c/d')).toEqual([{ id: '1', name: 'c/d/x.md' }, { id: '2', name: 'c/d/b/y.md' }]);
  expect(movedFolder(files, 'a', 'a/b')).toEqual([{ id: '1', name: 'a/b/x.md' }, { id: '2', name: 'a/b/b/y.md' }]);
  expect(movedFolder(files, 'a/b', '')).toEqual([{ id: '2', name: 'y.md' }]);
  expect(() => movedFolder(files, 'a', 'ab')).toThrow('ab/x.md');
  expect(() => movedFolder(files, 'a', '')).toThrow('x.md');
  expect(() => movedFolder(files, 'a', '..')).toThrow();
});

test('a project has a name without a slash', () => {
  expect(projectFaultOf('thesis 2')).toBeNull();
  for (const name of ['', 'a/b', '..', 'ä'.repeat(513)]) expect(projectFaultOf(name), name).not.toBeNull();
});
