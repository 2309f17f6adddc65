// Runs that wait in a document for the device that was asked for them without a connection: its map `queue`, from the id of each to
// `<device> <milliseconds> <client>.<clock> <language> <session>`, the session's id once it was sent, and how it ended once nobody took it
// (docs/documents.md).

import * as Y from 'yjs';
import { QUEUED_RUN_MAX, QUEUED_RUNS_MAX } from '../mesh/protocol.ts';
import type { DocumentCell } from '../mesh/interface.ts';
import { languageOf } from '../notebook/language.ts';
import type { SessionName } from '../notebook/settings.ts';

const QUEUE = 'queue';

export interface QueuedRun {
  /** Its id. */
  run: string;
  /** The device that sends it, and no other. */
  device: string;
  /** When it was asked for, in milliseconds since 1970, by that device's clock. */
  at: number;
  /** The character with which its cell's fence begins. */
  begins: DocumentCell['begins'];
  language: string;
  session: SessionName;
  /** Where it was sent, once it was; nobody has said yet that it is taken. */
  sentTo: string | null;
  /** How it ended, if it does not wait any more and nobody has taken it: `refused:<code>`, or `unknown`. */
  end: string | null;
}

const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const ENTRY = /^([0-9a-f]{64}) (\d{1,16}) (\d{1,16})\.(\d{1,10}) ([!-~]+) ([\p{Alphabetic}\p{N}_.-]{1,64}):([\p{Alphabetic}\p{N}_.-]{1,64})(?: ([0-9a-f-]{36}))?(?: (refused:[A-Z][A-Za-z]*|unknown))?$/u;

/** Reads an entry; `null` if it is not just as it would be written, or too long. */
export function readQueued(run: string, text: unknown): QueuedRun | null {
  const found = typeof text === 'string' && ID.test(run) ? ENTRY.exec(text) : null;
  if (!found) return null;
  const [, device, at, client, clock, language, project, name, sentTo, end] = found as unknown as string[];
  const queued: QueuedRun = {
    run, device: device!, at: Number(at), begins: { client: Number(client), clock: Number(clock) }, language: language!,
    session: { project: project!, name: name! }, sentTo: sentTo ?? null, end: end ?? null,
  };
  return writeQueued(queued) === text ? queued : null;
}

/** The entry of a run; `null` if it cannot have one. */
export function writeQueued({ device, at, begins: { client, clock }, language, session, sentTo, end }: QueuedRun): string | null {
  const text = `${device} ${at} ${client}.${clock} ${language} ${session.project}:${session.name}${[sentTo, end].map((word) => (word === null ? '' : ` ${word}`)).join('')}`;
  const fits = Number.isSafeInteger(at) && Number.isSafeInteger(client) && clock < 2 ** 32 && languageOf(language) === language
    && (sentTo === null || ID.test(sentTo)) && ENTRY.test(text) && new TextEncoder().encode(text).length <= QUEUED_RUN_MAX;
  return fits ? text : null;
}

/** The runs that wait in a document, by their ids. */
export function queueOf(document: Y.Doc): Y.Map<string> {
  return document.getMap<string>(QUEUE);
}

/** Those that can be read, the oldest first: as many as a document may have. */
export function queuedIn(document: Y.Doc): QueuedRun[] {
  const all = [...queueOf(document).entries()].flatMap(([run, text]) => readQueued(run, text) ?? []);
  return all.sort((a, b) => (a.run < b.run ? -1 : 1)).slice(0, QUEUED_RUNS_MAX);
}

/** How many more runs may wait in a document. */
export function roomIn(document: Y.Doc): number {
  return Math.max(0, QUEUED_RUNS_MAX - queueOf(document).size);
}

/** Where the cell of a run begins in the text of today; `null` if that character was deleted, or has not come. */
export function beginningOf({ begins }: QueuedRun, document: Y.Doc): number | null {
  const beside = (assoc: number) => Y.createAbsolutePositionFromRelativePosition(Y.createRelativePositionFromJSON({ item: begins, assoc }), document)?.index ?? null;
  const [from, to] = [beside(0), beside(-1)];
  // Of one that was deleted both sides are one place.
  return from !== null && to !== null && from < to ? from : null;
}
