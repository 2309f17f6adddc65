// How the runs ended whose output a document has, as it says itself: in its map `runs`, by their keys.

import type { Outcome } from '../mesh/interface.ts';
import type { RunEnd } from './record.ts';

export const RUNS = 'runs';

const OUTCOMES: readonly string[] = ['succeeded', 'failed', 'interrupted', 'unknown'] satisfies Outcome[];

/** Reads `<outcome> <milliseconds> <device>`; `null` if it is something else. */
export function readEnded(key: string, text: unknown): RunEnd | null {
  const [, outcome, took, deviceName] = (typeof text === 'string' && /^(\w+) (\d+|-) (.*)$/s.exec(text)) || [];
  if (outcome === undefined || !OUTCOMES.includes(outcome)) return null;
  return { outcome: outcome as Outcome, deviceName: deviceName!, attempt: Number(key.split('.')[1] ?? 1), durationMs: took === '-' ? null : Number(took) };
}
