// Documents of the fake home. They are made by a fixed client, so that the browser's copy of yesterday merges with them.

import * as Y from 'yjs';
import { keyOf, versionsOf } from '../documents/versions.ts';
import { assetId } from '../mesh/assets.ts';
import type { FakeHome } from './fake-home.ts';
import type { FakeMesh } from './fake-mesh.ts';

const INDEX = '00000000-0000-0000-0000-000000000000';
const ANALYSIS = '0190f5fe-7c00-7a00-8000-0000000000a1';
const THESIS = '0190f5fe-7c00-7a00-8000-0000000000a2';

const PENGUINS = `# Penguins

Three species on three islands: *Adelie*, **Chinstrap** and \`Gentoo\`. Data from [palmerpenguins](https://example.org).

\`\`\`python
print("hello")
1 + 1
\`\`\`

\`\`\`output:0190f5fe-7c00-7a00-8000-000000000001
hello
\`\`\`

\`\`\`output:0190f5fe-7c00-7a00-8000-000000000001 result
2
\`\`\`

## What they weigh

- one row for each penguin
- mass in grams

\`\`\`python
table()
\`\`\`

\`\`\`python
plot()
progress()
\`\`\`

\`\`\`python
name = input("Which island? ")
print(f"{name} it is")
\`\`\`

\`\`\`python
1 / 0
\`\`\`

\`\`\`python
print("after")
\`\`\`

> A note: the cell that divides fails on purpose.

\`\`\`r
summary(penguins)
\`\`\`
`;

/** A notebook of that many cells. */
export function largeNotebook(cells: number): string {
  let text = '# Large\n';
  for (let at = 1; at <= cells; at++) {
    text += `\nParagraph ${at} says what the next cell does.\n\n\`\`\`python\n# cell ${at}\nx = ${at}\nprint("${at}")\n\`\`\`\n\n\`\`\`output:0190f5fe-7c00-7a00-8000-${String(at).padStart(12, '0')}\n${at}\n\`\`\`\n`;
  }
  return text;
}

export function fill(home: FakeHome): void {
  change(home, INDEX, (doc) => {
    doc.getMap('projects').set(ANALYSIS, 'analysis');
    doc.getMap('projects').set(THESIS, 'thesis');
  });
  const files: [string, string, string, string][] = [
    [ANALYSIS, '0190f5fe-7c00-7a00-8000-0000000000d1', 'penguins.md', PENGUINS],
    [ANALYSIS, '0190f5fe-7c00-7a00-8000-0000000000d2', 'notes/stream.md', '# Stream\n\n```python\nstream(3000)\n```\n'],
    [ANALYSIS, '0190f5fe-7c00-7a00-8000-0000000000d4', 'notes/latex.md', '# Formula\n\n```python\nlatex()\n```\n'],
    [ANALYSIS, '0190f5fe-7c00-7a00-8000-0000000000d5', 'notes/rich.md', '# Rich\n\n```python\nmarkdown()\n```\n\n```python\njson()\n```\n\n```python\nsvg()\n```\n\n```python\nlatex()\n```\n'],
    [ANALYSIS, '0190f5fe-7c00-7a00-8000-0000000000d6', 'notes/slow.md', '# Slow\n\n```python\ntime.sleep(60)\n```\n\n```python\nprint("quick")\n```\n'],
    [THESIS, '0190f5fe-7c00-7a00-8000-0000000000d3', 'large.md', largeNotebook(2000)],
  ];
  for (const [project, id, path, text] of files) {
    change(home, project, (doc) => doc.getMap('files').set(id, path));
    change(home, id, (doc) => doc.getText('content').insert(0, text));
  }
}

/** Versions of a document, an hour from one to the next. */
export async function fillVersions(mesh: FakeMesh): Promise<void> {
  const texts = [PENGUINS.replace('Three species on three islands', 'Some penguins').replace('- mass in grams\n', '- mass\n- beak\n'), PENGUINS];
  for (const [at, text] of texts.entries()) {
    const file = new Blob([text]);
    const asset = await assetId(new Uint8Array(await file.arrayBuffer()));
    mesh.files.set(asset, file);
    const version = { at: Date.UTC(2026, 0, 5, 9 + at), asset, size: file.size };
    change(mesh.home, versionsOf('0190f5fe-7c00-7a00-8000-0000000000d1')!, (doc) => doc.getMap('versions').set(keyOf(version), `${asset} ${file.size}`));
  }
}

function change(home: FakeHome, id: string, write: (doc: Y.Doc) => void): void {
  const doc = home.replica(id);
  doc.clientID = 1;
  doc.transact(() => write(doc));
}
