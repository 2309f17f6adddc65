// A button that opens a list of actions. It closes with Esc, a choice, or a tap elsewhere; arrows go through it.

import { useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { ComponentChildren } from 'preact';

export interface Action {
  label: string;
  /** What it does, or `null` where it cannot be done. */
  act: (() => void) | null;
  /** Keys that do the same. */
  keys?: string;
  danger?: boolean;
}

/** Pixels between a button and its list. */
const GAP = 4;

function place(list: HTMLElement | null, button: HTMLElement | null): void {
  if (!list || !button) return;
  const at = button.getBoundingClientRect();
  const { height } = list.getBoundingClientRect();
  const isBelow = at.bottom + GAP + height <= innerHeight || at.top < height;
  list.style.right = `${Math.max(GAP, innerWidth - at.right)}px`;
  if (isBelow) list.style.top = `${Math.max(GAP, Math.min(at.bottom + GAP, innerHeight - height - GAP))}px`;
  else list.style.bottom = `${innerHeight - at.top + GAP}px`;
}

export function Menu({ label, children, actions, class: name = '' }: { label: string; children: ComponentChildren; actions: () => Action[]; class?: string }) {
  const [isOpen, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const id = useId();

  // Before anything else is pressed: a key that comes at once is for the list.
  useLayoutEffect(() => {
    if (!isOpen) return;
    // In the top layer nothing cuts it off. Below the button, or above it where there is no room.
    list.current?.showPopover();
    place(list.current, button.current);
    const items = list.current?.querySelectorAll<HTMLElement>('[role=menuitem]:not(:disabled)');
    items?.[0]?.focus({ preventScroll: true });
    const elsewhere = (event: Event) => {
      const target = event.target as Node;
      if (!list.current?.contains(target) && !button.current?.contains(target)) setOpen(false);
    };
    document.addEventListener('pointerdown', elsewhere, true);
    return () => document.removeEventListener('pointerdown', elsewhere, true);
  }, [isOpen]);

  const close = () => {
    setOpen(false);
    button.current?.focus({ preventScroll: true });
  };

  const onKeyDown = (event: KeyboardEvent) => {
    const items = [...(list.current?.querySelectorAll<HTMLElement>('[role=menuitem]:not(:disabled)') ?? [])];
    const at = items.indexOf(document.activeElement as HTMLElement);
    const goes: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 };
    const next = goes[event.key];
    if (event.key === 'Escape') close();
    else if (event.key === 'Tab') return setOpen(false);
    else if (next !== undefined) items[(next + items.length) % items.length]?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <span class={`menu ${name}`}>
      <button ref={button} type="button" class="button icon-button" aria-label={label} aria-haspopup="menu" aria-expanded={isOpen}
        aria-controls={isOpen ? id : undefined} onClick={() => setOpen(!isOpen)}>
        {children}
      </button>
      {isOpen && (
        <div ref={list} id={id} class="menu-list" popover="manual" role="menu" aria-label={label} onKeyDown={onKeyDown}>
          {actions().map(({ label, act, keys, danger }) => (
            <button key={label} type="button" role="menuitem" class={danger ? 'danger' : ''} disabled={!act}
              onClick={() => {
                close();
                act?.();
              }}>
              <span>{label}</span>
              {keys && <kbd>{keys}</kbd>}
            </button>
          ))}
        </div>
      )}
    </span>
  );
}
