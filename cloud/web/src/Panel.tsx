// A dialog over the page. It closes with Esc, its button, or a tap beside it.

import { useEffect, useRef } from 'preact/hooks';
import type { ComponentChildren } from 'preact';
import { Icon } from './Icon.tsx';

interface Props {
  /** For screen readers; the heading where nothing else is given. */
  label?: string;
  heading: string;
  /** Whether it hangs from the bar. */
  isAtBar?: boolean;
  /** Whether it shows a text. */
  isWide?: boolean;
  close: () => void;
  children: ComponentChildren;
}

export function Panel({ label, heading, isAtBar, isWide, close, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    // A dialog that is taken away does not give back the focus.
    return () => before instanceof HTMLElement && before.focus({ preventScroll: true });
  }, []);
  return (
    <dialog ref={dialog} class={`panel${isAtBar ? ' at-bar' : ''}${isWide ? ' of-text' : ''}`} aria-label={label ?? heading} onClose={close} onClick={(event) => event.target === dialog.current && close()}>
      <div class="panel-body">
        <div class="panel-head">
          <h2>{heading}</h2>
          <button type="button" class="button icon-button" aria-label="Close" onClick={close}><Icon name="close" /></button>
        </div>
        {children}
      </div>
    </dialog>
  );
}
