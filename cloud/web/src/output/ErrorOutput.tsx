// An error: its message, and where it went wrong; the whole traceback when somebody asks.

import { useState } from 'preact/hooks';
import { lastPlace } from './fold.ts';
import { shownLines } from './screen.ts';
import { Lines } from './TextOutput.tsx';

export function ErrorOutput({ name, message, traceback }: { name: string; message: string; traceback: readonly string[] }) {
  const [isOpen, setOpen] = useState(false);
  const place = lastPlace(traceback);
  const shown = isOpen ? traceback : place >= 0 ? [traceback[place]!] : [];
  return (
    <div class="error-output">
      <p class="error-head"><span aria-hidden="true">✕ </span><strong>{name}</strong>{message && `: ${message}`}</p>
      {shown.length > 0 && <div class="traceback"><Lines lines={shownLines(shown.join('\n'))} /></div>}
      {traceback.length > shown.length || isOpen ? (
        <button type="button" class="button unfold" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          {isOpen ? 'Hide traceback' : 'Show traceback'}
        </button>
      ) : null}
    </div>
  );
}
