// What takes long, in short pieces: a long notebook would hold up the page while it is opened.

import type { Steps } from '../notebook/blocks.ts';

/** Milliseconds after which others have their turn. */
const PIECE_MS = 10;

export async function inPieces<T>(steps: Steps<T>): Promise<T> {
  for (let until = performance.now() + PIECE_MS; ; ) {
    const step = steps.next();
    if (step.done) return step.value;
    if (performance.now() < until) continue;
    await others();
    until = performance.now() + PIECE_MS;
  }
}

/** Waits until what else the page has to do is done. */
export function others(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
