// What of an output is shown at once: long text is cut, and a traceback shows its last place.

/** Lines of a text that are shown before somebody asks for all, and how many when it is cut. */
export const LINES_SHOWN = 40;
const LINES_HEAD = 10;
const LINES_TAIL = 15;

/** The lines that are shown, as ranges, and how many are hidden between them. */
export function foldLines(count: number, isOpen: boolean): { head: number; hidden: number } {
  if (isOpen || count <= LINES_SHOWN) return { head: count, hidden: 0 };
  return { head: LINES_HEAD, hidden: count - LINES_HEAD - LINES_TAIL };
}

/** Of a traceback, the piece that says where it went wrong: the last place in a cell, else the last one. */
export function lastPlace(traceback: readonly string[]): number {
  const inCell = traceback.findLastIndex((piece) => /Cell In ?\[|<ipython-input|<cell|File "<stdin>"/.test(piece));
  if (inCell >= 0) return inCell;
  return traceback.findLastIndex((piece) => /line \d+|-->|File "/.test(piece));
}
