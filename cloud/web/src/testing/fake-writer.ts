// Writes what a run wrote into the document of its cell, as the device of its session does.

import * as Y from 'yjs';
import { linkedPath } from '../documents/asset-paths.ts';
import type { RunEvent, RunRequest } from '../mesh/interface.ts';
import { readNotebook } from '../notebook/document.ts';
import { runKey, writeOutputs } from '../notebook/write.ts';
import { Gathered } from '../output/gather.ts';
import { RUNS } from '../runs/ended.ts';
import { queueOf } from '../runs/queued.ts';
import type { FakeHome } from './fake-home.ts';

/** Times and milliseconds that a cell is looked for that has not come yet. */
const LOOKS = 40;
const LOOK_MS = 50;

export async function writeInto(home: FakeHome, files: Map<string, Blob>, request: RunRequest, run: string, deviceName: string, events: readonly RunEvent[]): Promise<void> {
  const { place, cell } = request;
  if (!place) return;
  const gathered = new Gathered();
  events.forEach((event) => gathered.take(event));
  const { outputs, files: made } = await gathered.finish();
  const tree = home.replica(place.project).getMap('assets');
  for (const { path, mime, bytes } of made) {
    const id = /\/([0-9a-f]{64})\./.exec(path)![1]!;
    files.set(id, new Blob([bytes], { type: mime }));
    tree.set(linkedPath(cell!.document, path)!, `${id} ${bytes.length} ${mime}`);
  }
  const doc = home.replica(place.document);
  const text = doc.getText('content');
  const at = await where(doc, place.begins);
  const source = text.toString();
  const found = readNotebook(source).cells.find((cell) => cell.from === at);
  const key = runKey(run, 1);
  const edit = found && writeOutputs(source, found, key, outputs);
  doc.transact(() => {
    if (edit && edit.to > edit.from) text.delete(edit.from, edit.to - edit.from);
    if (edit && edit.insert !== '') text.insert(edit.from, edit.insert);
    if (found) queueOf(doc).delete(run);
    const last = events.findLast((event) => event.kind === 'result' || event.kind === 'error');
    const outcome = last?.kind === 'result' ? 'succeeded' : 'failed';
    if (found && outputs.length > 0) doc.getMap(RUNS).set(key, `${outcome} ${last?.durationMs ?? '-'} ${deviceName}`);
  });
}

async function where(doc: Y.Doc, begins: { client: number; clock: number }): Promise<number | null> {
  const position = Y.createRelativePositionFromJSON({ item: begins, assoc: 0 });
  for (let look = 0; look < LOOKS; look++) {
    if (Y.getState(doc.store, begins.client) > begins.clock) return Y.createAbsolutePositionFromRelativePosition(position, doc)?.index ?? null;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  return null;
}
