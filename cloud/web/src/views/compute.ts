// What computes for a notebook, in a few words and one sign.

import type { Device, LinkState, Session } from '../mesh/interface.ts';

export interface Compute {
  /** `⚡`, `☁`, `○`, `◌`, `↻`: told apart without colour. */
  sign: string;
  words: string;
  kind: 'local' | 'remote' | 'cloud' | 'none' | 'waiting' | 'away';
}

export function computeOf(session: Session | null, devices: readonly Device[], link: LinkState, localNode: string | null): Compute {
  if (!session || session.state === 'cold') return { sign: '○', words: 'No runtime', kind: 'none' };
  if (session.state === 'unreachable') return { sign: '◌', words: `${session.ownerName} is away`, kind: 'away' };
  if (session.state === 'starting') return { sign: '↻', words: `Starting on ${session.ownerName}…`, kind: 'waiting' };
  if (link !== 'online') return { sign: '◌', words: session.ownerName, kind: 'away' };
  const owner = devices.find((device) => device.id === session.owner);
  if (owner?.platform === 'cloud') return { sign: '☁', words: 'Cloud', kind: 'cloud' };
  if (session.owner === localNode) return { sign: '⚡', words: session.ownerName, kind: 'local' };
  return { sign: '⚡', words: `${session.ownerName} (remote)`, kind: 'remote' };
}

/** The sign of a device and what it says in words. */
export function presenceOf(device: Device, now: number): { sign: string; words: string } {
  const seen = device.lastSeen === null ? '' : `, last seen ${ago(now - device.lastSeen)}`;
  switch (device.presence) {
    case 'online':
      return { sign: '●', words: 'online' };
    case 'suspect':
      return { sign: '◐', words: `not answering${seen}` };
    case 'offline':
      return { sign: '○', words: `offline${seen}` };
    case 'sleeping':
      return { sign: '☾', words: `asleep${seen}` };
    case 'revoked':
      return { sign: '✕', words: `revoked${seen}` };
  }
}

/** How long ago, in words. */
export function ago(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} min ago`;
  const hours = Math.round(minutes / 60);
  if (hours < 48) return `${hours} h ago`;
  return `${Math.round(hours / 24)} days ago`;
}
