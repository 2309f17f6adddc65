// The text of notebooks: the same rules as node/notebook has, tried with the same files.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { addCell, deleteCell, moveCell } from './arrange.ts';
import { decodePictures, encodePictures } from './control-pictures.ts';
import { readNotebook, type Notebook } from './document.ts';
import { outputsOf } from './output.ts';
import { needsOf, sessionOf, settingsOf } from './settings.ts';
import { clearOutputs, writeOutputs, type Edit } from './write.ts';

const FIXTURES = new URL('../../../../node/notebook/tests/fixtures/', import.meta.url);
const fixture = (name: string) => readFileSync(new URL(name, FIXTURES), 'utf8');
const RUN = '0190f5fe-7c00-7a00-8000-000000000001';

function edited(text: string, ...edits: (Edit | null)[]): string {
  const sorted = edits.filter((edit) => edit !== null).sort((a, b) => b.from - a.from);
  return sorted.reduce((text, { from, to, insert }) => text.slice(0, from) + insert + text.slice(to), text);
}

interface Ipynb {
  cells: { cell_type: string; source: string[]; outputs?: Record<string, unknown>[] }[];
}

describe('cells', () => {
  test.each(['plain', 'odd', 'rich'])('%s.md has the code cells of its .ipynb, with as many outputs', (name) => {
    const text = fixture(`${name}.md`);
    const { cells } = readNotebook(text);
    const there = (JSON.parse(fixture(`${name}.ipynb`)) as Ipynb).cells.filter((cell) => cell.cell_type === 'code');
    expect(cells.map((cell) => cell.code.replace(/\n$/, ''))).toEqual(there.map((cell) => cell.source.join('').replace(/\r\n?/g, '\n').replace(/\n$/, '')));
    expect(cells.map((cell) => outputsOf(text, cell).length)).toEqual(there.map((cell) => cell.outputs!.length));
  });

  test('a fence is a cell by its first word alone, and its second may name a session', () => {
    const fences = ['python', 'py lab:x echo=false', 'yaml', '{python}', 'output', 'JS needs=gpu', ''];
    const text = fences.map((info) => `\`\`\`${info}\nx\n\`\`\`\n`).join('\n');
    const found = readNotebook(text).cells.map(({ language, session, attributes }) => [language, session, attributes]);
    expect(found).toEqual([
      ['python', null, []],
      ['python', 'lab:x', ['echo=false']],
      ['javascript', null, ['needs=gpu']],
    ]);
  });

  test('what is in quotes, comments, indented code and front matter is no cell', () => {
    const inner = '```python\n1\n```';
    const quote = inner.replace(/^/gm, '> ');
    const text = `---\ntitle: |\n  ${inner}\n---\n${quote}\n\n<!--\n${inner}\n-->\n\n${inner.replace(/^/gm, '    ')}\n`;
    expect(readNotebook(text).cells).toEqual([]);
  });

  test('a cell in a list loses the indentation of the list', () => {
    const text = '1. one\n\n   ```python\n   if x:\n       y\n   ```\n\n   ```output\n   z\n   ```\n';
    const [cell] = readNotebook(text).cells;
    expect(cell).toMatchObject({ code: 'if x:\n    y\n', column: 3, closed: true });
    expect(outputsOf(text, cell!)).toEqual([{ kind: 'stream', name: 'stdout', content: { text: 'z\n' } }]);
  });

  test('a text that is read again after a change has the same cells as when it is read anew', () => {
    let text = fixture('rich.md');
    let notebook = readNotebook(text);
    for (const [at, removed, insert] of [[40, 0, '```py\n'], [40, 6, ''], [300, 20, '\n\n> '], [0, 0, '---\na: 1\n---\n']] as const) {
      const next = text.slice(0, at) + insert + text.slice(at + removed);
      const changes = [{ from: at, to: at + removed, newFrom: at, newTo: at + insert.length }];
      const again = readNotebook(next, { notebook, changes });
      expect(again.cells).toEqual(readNotebook(next).cells);
      [text, notebook] = [next, again];
    }
  });
});

describe('outputs', () => {
  test('what is written is read, and a second time nothing changes', () => {
    const text = 'a\n\n```python\nx\n```\nfollows at once\n';
    const cell = (of: string) => readNotebook(of).cells[0]!;
    const outputs = [
      { kind: 'stream' as const, name: 'stdout' as const, content: { text: 'one\ntw``` \u001b[31mo' } },
      { kind: 'error' as const, name: 'E', message: 'two\nlines', traceback: ['a\nb', 'c'] },
      { kind: 'value' as const, result: true, data: { 'text/plain': { text: '<Figure [1]>' }, 'image/png': { link: '_assets/generated/a b.png' } } },
    ];
    const written = edited(text, writeOutputs(text, cell(text), RUN, outputs));
    expect(outputsOf(written, cell(written))).toEqual(outputs);
    expect(writeOutputs(written, cell(written), RUN, outputs)).toBeNull();
    expect(readNotebook(written).cells).toHaveLength(1);
    expect(edited(written, clearOutputs(cell(written)))).toContain('```\n\nfollows at once');
  });

  test('an earlier attempt does not replace a later one, and a fence that is open has no place for output', () => {
    const stream = (text: string) => [{ kind: 'stream' as const, name: 'stdout' as const, content: { text } }];
    const text = `\`\`\`python\n\`\`\`\n\n\`\`\`output:${RUN}.3\nx\n\`\`\`\n`;
    expect(writeOutputs(text, readNotebook(text).cells[0]!, `${RUN}.2`, stream('y'))).toBeNull();
    expect(writeOutputs(text, readNotebook(text).cells[0]!, `${RUN}.4`, stream('y'))).not.toBeNull();
    const open = '```python\nx';
    expect(writeOutputs(open, readNotebook(open).cells[0]!, RUN, stream('y'))).toBeNull();
  });

  test('the text of outputs is what the specification shows', () => {
    const text = '```python\ntable\n```\n';
    const outputs = [{ kind: 'value' as const, result: true, data: { 'text/html': { text: '<table>…</table>' }, 'text/plain': { text: '   a\n0  1' } } }];
    expect(edited(text, writeOutputs(text, readNotebook(text).cells[0]!, RUN, outputs))).toBe(
      `\`\`\`python\ntable\n\`\`\`\n\n\`\`\`output:${RUN} result\n   a\n0  1\n\`\`\`\n\n\`\`\`output:${RUN} also text/html\n<table>…</table>\n\`\`\`\n`,
    );
  });

  test('control characters are pictures in the text, and pictures are themselves', () => {
    expect(encodePictures('\u001b[31mred 1%\r2%\n\t\u007f')).toBe('␛[31mred 1%␍2%\n\t␡');
    expect(encodePictures('␛')).toBe('␤␛');
    expect(decodePictures('␤␛␤␤␐␤')).toBe('␛␤\u0010␤');
  });
});

describe('arranging', () => {
  const text = '# One\n\n```python\n1\n```\n\n```output\n1\n```\n\nwords\n\n```r\n2\n```\n';
  const codes = (notebook: Notebook) => notebook.cells.map((cell) => cell.code.trim());

  test('a cell moves past the text or the cell beside it, with its outputs', () => {
    const notebook = readNotebook(text);
    const down = moveCell(notebook, notebook.cells[0]!, 'down')!;
    const moved = edited(text, ...down.edits);
    expect(moved).toBe('# One\n\nwords\n\n```python\n1\n```\n\n```output\n1\n```\n\n```r\n2\n```\n');
    expect(moved.slice(down.cell)).toMatch(/^```python/);
    const again = readNotebook(moved);
    const twice = edited(moved, ...moveCell(again, again.cells[0]!, 'down')!.edits);
    expect(codes(readNotebook(twice))).toEqual(['2', '1']);
    const back = readNotebook(twice);
    expect(edited(twice, ...moveCell(back, back.cells[1]!, 'up')!.edits)).toBe(moved);
    const first = edited(text, ...moveCell(notebook, notebook.cells[0]!, 'up')!.edits);
    expect(first).toMatch(/^```python\n1\n```\n\n```output\n1\n```\n\n# One\n\nwords/);
    expect(moveCell(readNotebook(first), readNotebook(first).cells[0]!, 'up')).toBeNull();
  });

  test('a cell is deleted with its outputs', () => {
    const notebook = readNotebook(text);
    expect(edited(text, deleteCell(notebook, notebook.cells[0]!))).toBe('# One\n\nwords\n\n```r\n2\n```\n');
    expect(edited(text, deleteCell(notebook, notebook.cells[1]!))).toMatch(/words\n$/);
  });

  test('a new cell stands between blank lines, and its cursor within', () => {
    for (const at of [0, text.indexOf('words'), text.length]) {
      const { edit, cursor } = addCell(text, at, 'python');
      const after = edited(text, edit);
      expect(readNotebook(after).cells).toHaveLength(3);
      expect(after.slice(cursor)).toMatch(/^\n```\n/);
      expect(after).not.toContain('\n\n\n\n');
    }
  });
});

describe('sessions', () => {
  test('the first that says something names the session', async () => {
    const text = '---\nsession: {default: tools, python: {name: analysis, venv: .venv}, r: lab:stats}\nneeds: gpu\n---\n```py\n```\n\n```r\n```\n\n```js own needs="memory:2GB,tag:b"\n```\n\n```sh\n```\n';
    const notebook = readNotebook(text);
    const settings = await settingsOf(notebook);
    const names = notebook.cells.map((cell) => Object.values(sessionOf(settings, cell, 'my lab')).join(':'));
    expect(names).toEqual(['my-lab:analysis', 'lab:stats', 'my-lab:own', 'my-lab:tools']);
    expect(settings.languages['python']).toEqual({ name: 'analysis', venv: '.venv' });
    expect(needsOf(settings, notebook.cells[2]!)).toEqual({ gpu: true, memoryBytes: 2e9, tags: ['b'] });
    await expect(settingsOf(readNotebook('---\n: {\n---\n'))).rejects.toThrow(/front matter/);
  });
});
