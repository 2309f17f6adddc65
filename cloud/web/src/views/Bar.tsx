// The one bar at the top: where somebody is, what computes, and how the connection is.

import type { ComponentChildren } from 'preact';
import type { Place } from '../place.ts';
import { Icon } from '../Icon.tsx';
import { back } from '../route.ts';
import { ago } from './compute.ts';

interface Props {
  place: Place;
  title: string;
  /** Whether it is a page below the first one. */
  isDeep?: boolean;
  /** Beside the title: what computes. */
  indicator?: ComponentChildren;
  children?: ComponentChildren;
}

export function Bar({ place, title, isDeep, indicator, children }: Props) {
  return (
    <header class="bar">
      {isDeep && (
        <button type="button" class="button icon-button" aria-label="Back to projects" onClick={() => back({ view: 'projects' })}><Icon name="back" /></button>
      )}
      <div class="bar-words">
        <h1>{title}</h1>
        <div class="bar-state">
          {indicator}
          <Connection place={place} />
        </div>
      </div>
      <div class="bar-actions">{children}</div>
    </header>
  );
}

/** Without a connection: when there was one. */
export function LastSync({ place }: { place: Place }) {
  const at = place.lastSync.value;
  if (place.isOnline || at === null) return null;
  return <p class="quiet last-sync">Last synced {ago(Date.now() - at)}</p>;
}

/** Says that there is no connection and how much waits for one; nothing while all is well. */
export function Connection({ place }: { place: Place }) {
  const unkept = place.library.unkept.value;
  const state = place.state.value;
  if (state === 'online') return unkept > 2 ? <span class="pill" role="status">Syncing {unkept} changes</span> : null;
  const changes = unkept === 0 ? '' : ` · ${unkept} ${unkept === 1 ? 'change' : 'changes'} will sync`;
  const words = { connecting: `Connecting…${changes}`, offline: `Offline${changes}`, refused: 'Signed out by the mesh' }[state];
  return <span class={`pill ${state}`} role="status" title={place.trouble.value || undefined}>{words}</span>;
}
