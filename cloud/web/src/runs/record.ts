// A run as this browser remembers it, also while the page is closed.

import type { DocumentCell, Outcome } from '../mesh/interface.ts';
import type { LanguageSettings, Needs, SessionName } from '../notebook/settings.ts';

export interface RunRecord {
  /** The run's id. */
  id: string;
  /** The document of its cell. */
  document: string;
  /** Where in the text its cell stands: a relative position of Yjs. */
  anchor: unknown;
  /** The cell, for whoever writes its output. */
  place?: DocumentCell;
  /** Whose output the cell had when it was run. */
  before?: string | null;
  /** Path of the document in its project, and the cell's number. */
  cell: { document: string; index: number };
  session: SessionName;
  language: string;
  code: string;
  /** The device that the user chose. */
  device?: string;
  needs: Needs;
  /** How its kernel is started if its session is made now. */
  environment?: Omit<LanguageSettings, 'name'>;
  /** When it was asked for, in milliseconds since 1970. */
  at: number;
  /** Runs of one "run all": one that fails takes back those that wait behind it. */
  group: string | null;
  /** The document says that it waits for this device: where that is gone it was taken back. */
  isQueued?: boolean;
  /** The session that it is sent to, noted before it is: from then on it is sent `again`. */
  sentTo?: string;
  /** Its session's id, once it was accepted. */
  sessionId?: string;
  end?: RunEnd;
}

/** How a run ended, for the label under its output. */
export interface RunEnd {
  outcome: Outcome | 'refused';
  /** Why, where it was refused. */
  why?: string;
  deviceName: string;
  attempt: number;
  /** Milliseconds that the kernel took, where it says so. */
  durationMs: number | null;
}

/** Where a run stands. */
export type Phase =
  /** Not sent: there is no connection. */
  | { kind: 'queued' }
  /** Sent at that time, not accepted yet. */
  | { kind: 'sending'; since: number }
  /** Accepted, and other runs go first; or its device is away, of which the first sign came at that time. */
  | { kind: 'waiting'; why: string; deviceName: string; since: number | null }
  /** Being executed since that time. */
  | { kind: 'running'; since: number; deviceName: string }
  /** It asks for a line of input. */
  | { kind: 'asking'; since: number; deviceName: string; prompt: string; password: boolean }
  | { kind: 'ended'; end: RunEnd };
