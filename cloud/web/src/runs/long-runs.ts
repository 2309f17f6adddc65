// Runs that take long: whoever has gone elsewhere meanwhile is told of their end.

import { duration } from '../duration.ts';
import { notify } from '../notify.ts';
import type { LiveRun } from './live-run.ts';
import type { RunEnd } from './record.ts';

/** Milliseconds after which a run is long. */
export const LONG_MS = 10_000;

/** How a run ended, in words after its cell's name. */
export const ENDS: Record<RunEnd['outcome'], string> = {
  succeeded: 'finished', failed: 'failed', interrupted: 'was interrupted', cancelled: 'was taken back', unknown: 'was lost', refused: 'was refused',
};

export function tellOfEnd(run: LiveRun, end: RunEnd): void {
  const took = run.took(Date.now());
  if (took < LONG_MS) return;
  const { cell, id } = run.record;
  const where = [cell.document.split('/').pop(), end.deviceName, duration(took)].filter(Boolean).join(' · ');
  notify(`Cell ${cell.index} ${ENDS[end.outcome]}`, where, id).catch((error: unknown) => console.warn('no notification:', error));
}
