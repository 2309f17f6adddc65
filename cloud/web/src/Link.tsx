// A link within the app: a real one, that a plain click follows without loading the page anew.

import type { ComponentChildren } from 'preact';
import { go, pathOf, type Route } from './route.ts';

export function Link({ to, children, class: name, current }: { to: Route; children: ComponentChildren; class?: string; current?: boolean }) {
  return (
    <a href={pathOf(to)} class={name} aria-current={current ? 'page' : undefined} onClick={(event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
      event.preventDefault();
      go(to);
    }}>
      {children}
    </a>
  );
}
