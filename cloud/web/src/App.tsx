// The app: the view of the address, what is said aloud, and the offer of a new version.

import { signal } from '@preact/signals';
import { lazy, Suspense } from 'preact/compat';
import { useEffect } from 'preact/hooks';
import { enter, pairHere, signOut } from './connect.ts';
import { reason } from './failure.ts';
import { onSignedOut } from './identity.ts';
import { FailureToast, NoticeToast } from './Toast.tsx';
import type { Place } from './place.ts';
import { go, route } from './route.ts';
import { updateReady, updateNow } from './update.ts';
import { Projects } from './views/Projects.tsx';
import { Devices } from './views/Devices.tsx';
import { Sessions } from './views/Sessions.tsx';
import { SignIn } from './views/SignIn.tsx';

const NotebookPage = lazy(() => import('./views/NotebookPage.tsx').then((m) => m.NotebookPage));

type State = { kind: 'entering' } | { kind: 'outside'; why: string } | { kind: 'inside'; place: Place };

const state = signal<State>({ kind: 'entering' });

export async function begin(): Promise<void> {
  onSignedOut(() => {
    const now = state.peek();
    if (now.kind === 'inside') void now.place.end();
    location.replace('/');
  });
  try {
    const place = route.peek().view === 'pair' ? null : await enter(location.hash);
    state.value = place ? { kind: 'inside', place } : { kind: 'outside', why: '' };
  } catch (error) {
    state.value = { kind: 'outside', why: reason(error) };
  }
}

async function pair(pairing: string, name: string): Promise<void> {
  const place = await pairHere(pairing, name);
  if (route.peek().view === 'pair') go({ view: 'projects' }, 'replace');
  state.value = { kind: 'inside', place };
}

async function leave(place: Place): Promise<void> {
  const unkept = place.library.unkept.peek();
  const loss = unkept > 0 ? ` ${unkept} ${unkept === 1 ? 'change' : 'changes'} that did not sync will be lost.` : '';
  if (!confirm(`Sign out? What this browser has of your documents is deleted.${loss}`)) return;
  state.value = { kind: 'entering' };
  await signOut(place);
}

export function App() {
  const now = state.value;
  switch (now.kind) {
    case 'entering':
      return <main class="page"><p class="empty">Opening…</p></main>;
    case 'outside':
      return <SignIn pairing={route.value.view === 'pair' ? route.value.pairing : ''} why={now.why} pair={pair} />;
    case 'inside':
      return <Inside place={now.place} />;
  }
}

function Inside({ place }: { place: Place }) {
  const here = route.value;
  useEffect(() => {
    if (here.view === 'pair') go({ view: 'projects' }, 'replace');
  }, [here.view]);
  return (
    <>
      {here.view === 'document' ? (
        <Suspense fallback={<main class="page"><p class="empty">Opening…</p></main>}>
          <NotebookPage key={here.project} place={place} project={here.project} path={here.path} />
        </Suspense>
      ) : here.view === 'devices' ? <Devices place={place} /> : here.view === 'sessions' ? <Sessions place={place} />
        : <Projects place={place} signOut={() => void leave(place)} />}
      <div class="toasts">
        {place.state.value === 'refused' && (
          <div class="toast" role="alert">
            <span>{place.trouble.value || 'The mesh refuses this browser.'}</span>
            <button type="button" class="button" onClick={() => void leave(place)}>Sign in anew</button>
          </div>
        )}
        {updateReady.value && (
          <div class="toast" role="status">
            <span>A new version is ready.</span>
            <button type="button" class="button" onClick={() => void updateNow()}>Reload</button>
          </div>
        )}
        {place.notice.value && <NoticeToast notice={place.notice.value} close={() => (place.notice.value = null)} />}
        {place.failure.value && <FailureToast words={place.failure.value} close={() => (place.failure.value = '')} />}
      </div>
      <p class="said" aria-live="polite">{place.said.value}</p>
    </>
  );
}
