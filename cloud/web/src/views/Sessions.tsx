// The live sessions of the account.

import type { Place } from '../place.ts';
import { Bar } from './Bar.tsx';
import { SessionRow } from './ComputePanel.tsx';

export function Sessions({ place }: { place: Place }) {
  const sessions = place.sessions.value;
  return (
    <>
      <Bar place={place} title="Sessions" isDeep />
      <main class="page">
        <div class="sessions">{sessions.map((session) => <SessionRow key={session.id} place={place} session={session} />)}</div>
        {sessions.length === 0 && <p class="empty">{place.isOnline ? 'No session lives. Running a cell starts one.' : 'Sessions are shown when connected.'}</p>}
      </main>
    </>
  );
}
