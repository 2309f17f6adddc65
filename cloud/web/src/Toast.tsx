// What is said in passing at the foot of the page, with what can be done about it.

import { useEffect, useRef } from 'preact/hooks';
import { Icon } from './Icon.tsx';

export interface Notice {
  words: string;
  /** Takes back what was done. */
  undo: () => void;
}

/** How long a notice stands, in milliseconds, while nobody points at it or is in it. */
const STANDS_MS = 12_000;

export function NoticeToast({ notice, close }: { notice: Notice; close: () => void }) {
  const toast = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    const wait = () => {
      timer = setTimeout(() => (toast.current?.matches(':hover, :focus-within') ? wait() : close()), STANDS_MS);
    };
    wait();
    return () => clearTimeout(timer);
  }, [notice]);
  return (
    <div ref={toast} class="toast" role="status">
      <span>{notice.words}</span>
      <button type="button" class="button" onClick={() => {
        close();
        notice.undo();
      }}>Undo</button>
      <button type="button" class="button icon-button" aria-label="Close" onClick={close}><Icon name="close" /></button>
    </div>
  );
}

/** Something that went wrong. */
export function FailureToast({ words, close }: { words: string; close: () => void }) {
  return (
    <div class="toast" role="alert">
      <span>{words}</span>
      <button type="button" class="button icon-button" aria-label="Close" onClick={close}><Icon name="close" /></button>
    </div>
  );
}
