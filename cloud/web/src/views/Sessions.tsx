// The live sessions of the account, by the device that each lives on.

import type { Session } from '../mesh/interface.ts';
import type { Place } from '../place.ts';
import { Bar } from './Bar.tsx';
import { presenceOf } from './compute.ts';
import { SessionRow } from './SessionRow.tsx';

export function Sessions({ place }: { place: Place }) {
  const sessions = place.sessions.value;
  const owners = [...new Set(sessions.map((session) => session.owner))];
  return (
    <>
      <Bar place={place} title="Sessions" isDeep />
      <main class="page">
        {owners.map((owner) => <OnDevice key={owner} place={place} owner={owner} sessions={sessions.filter((session) => session.owner === owner)} />)}
        {sessions.length === 0 && <p class="empty">{place.isOnline ? 'No session lives. Running a cell starts one.' : 'Sessions are shown when connected.'}</p>}
      </main>
    </>
  );
}

function OnDevice({ place, owner, sessions }: { place: Place; owner: string; sessions: readonly Session[] }) {
  const device = place.devices.value.find((device) => device.id === owner);
  const presence = device && presenceOf(device, Date.now());
  return (
    <section class="on-device" aria-labelledby={`owner-${owner}`}>
      <h2 id={`owner-${owner}`}>{sessions[0]!.ownerName} {presence && <span class="quiet"><span aria-hidden="true">{presence.sign}</span> {presence.words}</span>}</h2>
      <div class="sessions">{sessions.map((session) => <SessionRow key={session.id} place={place} session={session} showsOwner={false} />)}</div>
    </section>
  );
}
