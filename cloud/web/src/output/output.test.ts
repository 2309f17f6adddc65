// Outputs: terminals' text, gathering of events, what is folded.

import { describe, expect, test } from 'vitest';
import { foldLines, lastPlace } from './fold.ts';
import { Gathered } from './gather.ts';
import { Screen, shownLines, shownText } from './screen.ts';

describe('terminal text', () => {
  test('a progress bar is one line', () => {
    expect(shownText('0%\r 50%\r100% done\nnext\n')).toBe('100% done\nnext\n');
    expect(shownText('long text\r\u001b[Kshort')).toBe('short');
    expect(shownText('a\nb\nc\u001b[2A\rX')).toBe('X\nb\nc');
    expect(shownText('ab\bc')).toBe('ac');
  });

  test('colours are styles, and sequences that come in pieces are one', () => {
    const screen = new Screen();
    for (const piece of ['\u001b', '[3', '1', 'mred\u001b[0', 'm plain \u001b[1;38;5;208mbold\u001b[39;22m', '\u001b[38;2;1;2;3mrgb']) {
      screen.write(piece);
    }
    const spans = screen.lines[0]!.map(({ text, style }) => [text, style.color, style.bold]);
    expect(spans).toEqual([['red', 1, false], [' plain ', null, false], ['bold', 208, true], ['rgb', 'rgb(1,2,3)', false]]);
  });

  test('links and titles of terminals leave their text', () => {
    expect(shownText('\u001b]8;;http://x\u0007link\u001b]8;;\u001b\\!')).toBe('link!');
  });

  test('writing over a line keeps what stands beside it', () => {
    const [line] = shownLines('\u001b[32mabcdef\u001b[0m\r\u001b[2CXY');
    expect(line!.map((span) => span.text)).toEqual(['ab', 'XY', 'ef']);
  });
});

describe('gathering', () => {
  test('text of one stream is one output, and clearing waits if it is told to', async () => {
    const gathered = new Gathered();
    gathered.take({ kind: 'stdout', number: 1, text: 'a' });
    gathered.take({ kind: 'stdout', number: 2, text: 'b\n' });
    gathered.take({ kind: 'clear', number: 3, wait: true });
    expect((await gathered.finish()).outputs).toEqual([{ kind: 'stream', name: 'stdout', content: { text: 'ab\n' } }]);
    gathered.take({ kind: 'stderr', number: 4, text: 'c\r' });
    expect((await gathered.finish()).outputs).toEqual([{ kind: 'stream', name: 'stderr', content: { text: 'c' } }]);
  });

  test('a picture becomes a file by its hash, large text too, and an update replaces what was displayed', async () => {
    const gathered = new Gathered();
    const bundle = (text: string) => ({ data: { 'text/plain': text, 'image/png': btoa('png') }, metadata: {} });
    gathered.take({ kind: 'display', number: 1, bundle: bundle('first'), displayId: 'd' });
    gathered.take({ kind: 'displayUpdate', number: 2, bundle: bundle('second'), displayId: 'd' });
    gathered.take({ kind: 'stdout', number: 3, text: 'x'.repeat(70_000) });
    const { outputs, files } = await gathered.finish();
    const png = '_assets/generated/8f8fffa01f55a91f7c5cc3b16a0d9dff03e9f36a49b6a3a6b1f0bd4c0d5d1f4e.png';
    expect(files.map((file) => [file.mime, file.bytes.length])).toEqual([['image/png', 3], ['text/plain', 70_000]]);
    expect(files[0]!.path).toHaveLength(png.length);
    expect(outputs[0]).toEqual({ kind: 'value', result: false, data: { 'text/plain': { text: 'second' }, 'image/png': { link: files[0]!.path } } });
    expect(outputs[1]).toMatchObject({ content: { link: files[1]!.path } });
  });
});

describe('folding', () => {
  test('long text shows its beginning and its end', () => {
    expect(foldLines(40, false)).toEqual({ head: 40, hidden: 0 });
    expect(foldLines(1000, false)).toEqual({ head: 10, hidden: 975 });
    expect(foldLines(1000, true)).toEqual({ head: 1000, hidden: 0 });
  });

  test('a traceback shows the last place in a cell', () => {
    expect(lastPlace(['-----', 'Cell In[1], line 1', 'File /usr/lib/x.py, line 3', 'ValueError: x'])).toBe(1);
    expect(lastPlace(['-----', 'x'])).toBe(-1);
  });
});
