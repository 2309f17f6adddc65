// How this page comes to its mesh: by what the browser has stored, by pairing, or by the token of a node of this machine.

import { forgetDatabases, forgetEverything, loadCredentials, saveCredentials, suggestedName, tellSignedOut } from './identity.ts';
import type { Credentials } from './mesh/interface.ts';
import { Place } from './place.ts';

const client = () => import('./mesh/index.ts');
/** Where it is noted that somebody has left the mesh of tests. */
const LEFT = 'fake/left';

/** The place of the credentials that are here; `null` if somebody has to sign in. */
export async function enter(hash: string): Promise<Place | null> {
  if (__FAKE__) return localStorage.getItem(LEFT) === null ? fake() : null;
  const token = /^#token=(.+)$/.exec(hash)?.[1];
  if (token) {
    history.replaceState(history.state, '', location.pathname);
    const { enterLocal } = await client();
    const known = await loadCredentials();
    const credentials = known?.token === token ? known : await enterLocal(location.origin, token, suggestedName(navigator.userAgent));
    await saveCredentials(credentials);
  }
  const credentials = await loadCredentials();
  if (credentials) return placeOf(credentials);
  await forgetDatabases(); // which another page had open when somebody signed out
  return null;
}

export async function pairHere(pairing: string, name: string): Promise<Place> {
  if (__FAKE__) {
    localStorage.removeItem(LEFT);
    return fake();
  }
  const { pair } = await client();
  const credentials = await pair(location.origin, pairing, name);
  await saveCredentials(credentials);
  return placeOf(credentials);
}

/** The mesh need not know the key of a browser that has thrown it away, but waiting for it holds nobody up. */
const REVOKE_MS = 2_000;

/** Has the mesh refuse this browser, where there is a connection; ends everything, forgets what this browser has of the account, and begins anew: only then nothing has it open. */
export async function signOut(place: Place): Promise<void> {
  if (place.isOnline) {
    const revoked = place.mesh.revoke(place.mesh.self.deviceId).catch(() => undefined);
    await Promise.race([revoked, new Promise((resolve) => setTimeout(resolve, REVOKE_MS))]);
  }
  await place.end();
  await forgetEverything();
  if (__FAKE__) localStorage.setItem(LEFT, '');
  tellSignedOut();
  location.replace('/');
}

async function placeOf(credentials: Credentials): Promise<Place> {
  const { connect } = await client();
  const local = 'Node' in credentials.server ? credentials.server.Node : null;
  return new Place(connect(credentials), credentials.account, local);
}

async function fake(): Promise<Place> {
  const [{ FakeMesh }, { fill, fillVersions }] = await Promise.all([import('./testing/fake-mesh.ts'), import('./testing/samples.ts')]);
  const mesh = new FakeMesh();
  fill(mesh.home);
  await fillVersions(mesh);
  (window as { fakeMesh?: unknown }).fakeMesh = mesh;
  return new Place(mesh, 'fake', null);
}
