import { expect, test } from 'vitest';
import { endingOf, idOfName, linkedPath, linkTo, readAssetFile, writeAssetFile } from './asset-paths.ts';

const ID = 'ab'.repeat(32);

test('a link is read from the folder of its document', () => {
  expect(linkedPath('notes/a.md', '_assets/x.png')).toBe('notes/_assets/x.png');
  expect(linkedPath('a.md', './data/my%20table.csv#top')).toBe('data/my table.csv');
  expect(linkedPath('notes/a.md', '../b.png')).toBe('b.png');
  for (const elsewhere of ['../../b.png', 'https://x.org/a.png', 'data:image/png;base64,AA', '/a.png', '#top', 'mailto:a@b.c', '..']) {
    expect(linkedPath('notes/a.md', elsewhere), elsewhere).toBeNull();
  }
});

test('a name that is a hash says which file it is', () => {
  expect(idOfName(`notes/_assets/${ID}.png`)).toBe(ID);
  expect(idOfName(ID)).toBe(ID);
  expect(idOfName(`${ID}a.png`)).toBeNull();
  expect(idOfName('plot.png')).toBeNull();
});

test('what a tree says of a file is read as it was written', () => {
  const file = { asset: ID, size: 7, type: 'image/png' };
  expect(readAssetFile(writeAssetFile(file))).toEqual(file);
  expect(readAssetFile(writeAssetFile({ ...file, type: '' }))?.type).toBe('application/octet-stream');
  expect(readAssetFile(`${ID} 7 image/png 00112233,44556677`)).toEqual(file);
  expect(readAssetFile('x 7 image/png')).toBeNull();
});

test('a link to a file is a picture where it is one, and its label breaks nothing', () => {
  expect(linkTo('my [plot]\n.png', ID, endingOf('my plot.PNG'), true)).toBe(`![my \\[plot\\] .png](_assets/${ID}.png)`);
  expect(linkTo('data.csv', ID, endingOf('data.csv'), false)).toBe(`[data.csv](_assets/${ID}.csv)`);
  expect(endingOf('Makefile')).toBe('');
});
