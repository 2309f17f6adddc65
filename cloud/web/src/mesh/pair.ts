// Becoming a device of a mesh.

import { hex } from './bytes.ts';
import { Refused } from './errors.ts';
import { deviceId, newKeys, publicBytes } from './identity.ts';
import type { Credentials } from './interface.ts';
import { Link } from './link.ts';
import { DEVICE_NAME_MAX, type ServerIdentity } from './protocol.ts';

/** What a pairing string says: the code, and by what the server is recognised. */
export interface PairingString {
  /** `scheme://host:port` of the server; `null` of a bare code. */
  origin: string | null;
  code: string;
  /** The beginning of the hash of the server's own CA; `null` where it is known by its origin. */
  anchor: string | null;
}

const STRING = /^wayfare(\+ws)?:\/\/([^/]+:\d+)\/([^/]+)(?:\/([0-9a-f]{32}))?$/i;
const CODE = /^[0-9a-z]{10}$/i;

export function parsePairing(text: string): PairingString {
  const bare = text.trim().replaceAll('-', '');
  if (CODE.test(bare)) return { origin: null, code: bare, anchor: null };
  const [, plain, host, typed, anchor] = STRING.exec(text.trim()) ?? [];
  const code = typed?.replaceAll('-', '') ?? '';
  if (!host || !CODE.test(code)) {
    throw new Refused('PairingRefused', 'a pairing string is wayfare://HOST:PORT/CODE/ANCHOR, a code ten letters and digits');
  }
  return { origin: `${plain ? 'http' : 'https'}://${host}`, code, anchor: anchor?.toLowerCase() ?? null };
}

/** An origin with its port written, as servers name themselves by it. */
function written(origin: string): string {
  const { protocol, hostname, port } = new URL(origin);
  return `${protocol}//${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`;
}

function linkOf(home: string): string {
  return new URL('/link', home.replace(/^http/, 'ws')).href;
}

/** Throws unless the server is the one that the string means. Its page came from `home`, for which the browser has vouched. */
function recognised(string: PairingString, home: string, server: ServerIdentity): void {
  const isMeant =
    string.anchor !== null
      ? 'Ca' in server && hex(server.Ca).startsWith(string.anchor)
      : string.origin === null
        ? !('Node' in server) && (!('Origin' in server) || server.Origin === written(home))
        : 'Origin' in server && server.Origin === written(string.origin);
  if (!isMeant) throw new Refused('Unauthenticated', 'this is not the server that the pairing string is for');
}

function named(name: string): string {
  const trimmed = name.trim();
  if (!trimmed || new TextEncoder().encode(trimmed).length > DEVICE_NAME_MAX) {
    throw new Refused('TooLarge', `a device's name has 1 to ${DEVICE_NAME_MAX} bytes`);
  }
  return trimmed;
}

/** One link from its beginning to `up` or `paired`, with a new key. */
async function introduced(
  home: string,
  name: string,
  token: string | undefined,
  code: string | undefined,
  expects: (server: ServerIdentity) => void,
): Promise<Credentials> {
  const keys = await newKeys();
  const id = deviceId(await publicBytes(keys.key));
  const url = linkOf(home);
  const known = { url, deviceId: id, name: named(name), ...keys, ...(token === undefined ? {} : { token }) };
  return new Promise((resolve, reject) => {
    const dial = { url, token, keys, deviceId: id, name: known.name, expects, ...(code === undefined ? {} : { code }) };
    const link = new Link(dial, {
      up: ({ account }, server) => {
        resolve({ ...known, account, server });
        link.close();
      },
      paired: (account, server) => resolve({ ...known, account, server }),
      control: () => {},
      down: ({ why, refusal, isHopeless }) => {
        reject(refusal ? Refused.by(refusal) : new Refused(isHopeless ? 'Unauthenticated' : 'OwnerUnreachable', why));
      },
    });
  });
}

/** See `Pair` of `interface.ts`. */
export async function pair(home: string, pairingString: string, name: string): Promise<Credentials> {
  const string = parsePairing(pairingString);
  return introduced(home, name, undefined, string.code, (server) => recognised(string, home, server));
}

/** See `EnterLocal` of `interface.ts`. Who shows a node's token is let in without pairing. */
export async function enterLocal(home: string, token: string, name: string): Promise<Credentials> {
  return introduced(home, name, token, undefined, (server) => {
    if (!('Node' in server)) throw new Refused('Unauthenticated', 'this is no node of this machine: pair with it');
  });
}
