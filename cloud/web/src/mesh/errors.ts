// What is refused, and why.

import type { MeshError } from './interface.ts';
import type { ErrorCode, Refusal } from './protocol.ts';

/** A refusal of the other end, or this end's own. */
export class Refused extends Error implements MeshError {
  readonly code: string;

  constructor(code: ErrorCode | 'Closed', detail: string) {
    super(detail);
    this.name = 'MeshError';
    this.code = code;
  }

  static by(refusal: Refusal): Refused {
    return new Refused(refusal.code, refusal.detail);
  }
}

/** Whether the same request may well be answered otherwise a little later. */
export function isPassing(code: ErrorCode): boolean {
  return ['OwnerUnreachable', 'DeadlineExceeded', 'Overloaded', 'StaleEpoch', 'Draining'].includes(code);
}

/** Whether a request was not passed on, or whoever could take it says that it does not just now. */
export function isTurnedAway(code: ErrorCode): boolean {
  return ['OwnerUnreachable', 'Overloaded', 'Draining'].includes(code);
}

/** Whether dialing again cannot mend it. */
export function isHopeless(code: ErrorCode): boolean {
  return ['Unauthenticated', 'VersionMismatch', 'Forbidden'].includes(code);
}
