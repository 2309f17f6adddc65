// Text of a stream: lines with their colours, folded where there are many.

import { memo } from 'preact/compat';
import { useState } from 'preact/hooks';
import { foldLines } from './fold.ts';
import type { Span } from './screen.ts';
import { paletteColour, PLAIN, type Style } from './style.ts';

/** Lines that are drawn as one piece when all are shown. */
const CHUNK = 200;

interface Props {
  lines: readonly Span[][];
  /** Grows when lines of the same array have changed: equal properties are not drawn again. */
  version?: number;
  /** Lines before these that are not kept. */
  dropped?: number;
  name: 'stdout' | 'stderr';
}

export function TextOutput({ lines, dropped = 0, name }: Props) {
  const [isOpen, setOpen] = useState(false);
  // The line end of the last line begins no other.
  const count = lines.at(-1)?.length === 0 && lines.length > 1 ? lines.length - 1 : lines.length;
  const { head, hidden } = foldLines(count, isOpen);
  return (
    <div class={`text-output ${name}`} role={isOpen ? 'region' : undefined} aria-label={isOpen ? 'All of the output' : undefined} tabIndex={isOpen ? 0 : undefined}>
      {dropped > 0 && <p class="omitted">{dropped.toLocaleString()} lines before are not shown</p>}
      {isOpen ? <Chunks lines={lines} count={count} /> : <Lines lines={lines.slice(0, head)} />}
      {hidden > 0 && (
        <button type="button" class="button unfold" onClick={() => setOpen(true)}>Show {hidden.toLocaleString()} more lines</button>
      )}
      {hidden > 0 && <Lines lines={lines.slice(head + hidden, count)} />}
      {isOpen && <button type="button" class="button unfold" onClick={() => setOpen(false)}>Show fewer lines</button>}
    </div>
  );
}

function Chunks({ lines, count }: { lines: readonly Span[][]; count: number }) {
  const pieces = [];
  for (let at = 0; at < count; at += CHUNK) {
    const piece = lines.slice(at, Math.min(at + CHUNK, count));
    pieces.push(<Chunk key={at} lines={piece} isOver={at + CHUNK < count} />);
  }
  return <>{pieces}</>;
}

/** What stands before the last lines seldom changes: it is drawn once. */
const Chunk = memo(
  ({ lines }: { lines: readonly Span[][]; isOver: boolean }) => <div class="chunk"><Lines lines={lines} /></div>,
  (before, now) => before.isOver && now.isOver && before.lines[0] === now.lines[0],
);

export function Lines({ lines }: { lines: readonly Span[][] }) {
  return <pre>{lines.map((line, at) => <Line key={at} spans={line} isLast={at === lines.length - 1} />)}</pre>;
}

function Line({ spans, isLast }: { spans: readonly Span[]; isLast: boolean }) {
  return (
    <>
      {spans.map(({ text, style }, at) => (style === PLAIN ? text : <span key={at} style={css(style)}>{text}</span>))}
      {isLast ? '' : '\n'}
    </>
  );
}

function css(style: Style): Record<string, string> {
  const name = (colour: number | string) => (typeof colour === 'number' ? paletteColour(colour) : colour);
  const [front, back] = style.inverse ? [style.background, style.color] : [style.color, style.background];
  const look: Record<string, string> = {};
  if (front !== null) look['color'] = name(front);
  else if (style.inverse) look['color'] = 'var(--paper)';
  if (back !== null) look['background'] = name(back);
  else if (style.inverse) look['background'] = 'var(--ink)';
  if (style.bold) look['fontWeight'] = '700';
  if (style.dim) look['opacity'] = '0.75';
  if (style.italic) look['fontStyle'] = 'italic';
  const drawn = [style.underline && 'underline', style.strike && 'line-through'].filter(Boolean).join(' ');
  if (drawn) look['textDecoration'] = drawn;
  return look;
}
