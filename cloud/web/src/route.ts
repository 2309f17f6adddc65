// Where in the app somebody is, as the path of its address.

import { signal } from '@preact/signals';

export type Route =
  | { view: 'projects' }
  | { view: 'devices' }
  | { view: 'sessions' }
  | { view: 'pair'; pairing: string }
  | { view: 'document'; project: string; path: string };

export function parseRoute(path: string, hash: string): Route {
  const parts = path.split('/').filter((part) => part !== '').map(decode);
  switch (parts[0]) {
    case 'devices':
      return { view: 'devices' };
    case 'sessions':
      return { view: 'sessions' };
    case 'pair':
      return { view: 'pair', pairing: decode(hash.replace(/^#/, '')) };
    case 'd':
      if (parts.length > 2) return { view: 'document', project: parts[1]!, path: parts.slice(2).join('/') };
  }
  return { view: 'projects' };
}

export function pathOf(route: Route): string {
  switch (route.view) {
    case 'projects':
      return '/';
    case 'document':
      return `/d/${[route.project, ...route.path.split('/')].map(encodeURIComponent).join('/')}`;
    default:
      return `/${route.view}`;
  }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export const route = signal<Route>(parseRoute(location.pathname, location.hash));

window.addEventListener('popstate', () => (route.value = parseRoute(location.pathname, location.hash)));

export function go(to: Route, how: 'push' | 'replace' = 'push'): void {
  if (how === 'push') history.pushState({ from: 'app' }, '', pathOf(to));
  else history.replaceState(history.state, '', pathOf(to));
  route.value = to;
}

/** Back to where somebody came from in the app, else to that route. */
export function back(otherwise: Route): void {
  if ((history.state as { from?: string } | null)?.from === 'app') history.back();
  else go(otherwise, 'replace');
}
