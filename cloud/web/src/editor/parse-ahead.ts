// Reads the blocks of a text in short pieces, before there is an editor of it: a long one would hold up the page.

import { TreeFragment } from '@lezer/common';
import { blockParser, type Fragments } from '../notebook/blocks.ts';

/** Milliseconds after which others have their turn. */
const PIECE_MS = 15;

/** What was parsed of a text. */
export interface Ahead {
  text: string;
  fragments: Fragments;
}

export async function parseAhead(text: string): Promise<Ahead> {
  const parse = blockParser.startParse(text);
  for (let until = performance.now() + PIECE_MS; ; ) {
    const tree = parse.advance();
    if (tree) return { text, fragments: TreeFragment.addTree(tree) };
    if (performance.now() < until) continue;
    await others();
    until = performance.now() + PIECE_MS;
  }
}

/** Waits until what else the page has to do is done. */
function others(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
