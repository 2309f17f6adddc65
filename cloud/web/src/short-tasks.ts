// The editor parses what is out of view in pieces that fit between two frames where the browser tells it of no better way: up to 50 ms,
// and what it finds is drawn after that. They are made shorter here. Where the browser can tell that somebody types, pieces are of 100 ms;
// nobody is told of that ability.

/** Milliseconds of a piece at most; the editor takes 5 of them off. */
const PIECE_MS = 25;

if ('scheduling' in navigator) Object.defineProperty(navigator, 'scheduling', { value: undefined, configurable: true });

if ('requestIdleCallback' in window) {
  const whenIdle = window.requestIdleCallback.bind(window);
  window.requestIdleCallback = (act, options) =>
    whenIdle((deadline) => {
      const end = performance.now() + Math.min(PIECE_MS, deadline.timeRemaining());
      act({ didTimeout: deadline.didTimeout, timeRemaining: () => Math.max(0, end - performance.now()) });
    }, options);
}
