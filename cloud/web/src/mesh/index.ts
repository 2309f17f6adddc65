// The mesh, for apps in a browser.

import type { Connect, EnterLocal, Pair } from './interface.ts';
import { HomeMesh } from './mesh.ts';
import * as pairing from './pair.ts';

export type * from './interface.ts';
export { newId } from './ids.ts';
export { parsePairing } from './pair.ts';

export const pair: Pair = pairing.pair;
export const enterLocal: EnterLocal = pairing.enterLocal;
export const connect: Connect = (credentials) => new HomeMesh(credentials);
