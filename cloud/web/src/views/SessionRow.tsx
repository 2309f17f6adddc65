// A session: what it is doing, how its kernel is started, and what can be done with it.

import { useState } from 'preact/hooks';
import { reason } from '../failure.ts';
import { Link } from '../Link.tsx';
import type { Session } from '../mesh/interface.ts';
import type { Place } from '../place.ts';
import { EnvironmentPanel, environmentWords } from './EnvironmentPanel.tsx';

const STATES: Record<Session['state'], string> = {
  cold: '○ no kernel', starting: '↻ starting', idle: '● idle', busy: '▶ busy', unreachable: '◌ not connected',
};

/** `showsOwner`: whether its device is said. */
export function SessionRow({ place, session, showsOwner = true }: { place: Place; session: Session; showsOwner?: boolean }) {
  const [failure, setFailure] = useState('');
  const [isSetting, setSetting] = useState(false);
  const name = `${session.project}:${session.name}`;
  const act = (how: () => Promise<void>, said: string, question?: string) => async () => {
    if (question !== undefined && !confirm(question)) return;
    setFailure('');
    try {
      await how();
      place.announce(said);
      await place.mesh.refresh();
    } catch (error) {
      setFailure(reason(error));
    }
  };
  const isThere = place.isOnline && session.state !== 'unreachable';
  const canAct = isThere && session.state !== 'cold';
  const { mesh } = place;
  const owner = place.devices.value.find((device) => device.id === session.owner);
  return (
    <div class="session-row" role="group" aria-label={`${name}, ${session.language}`}>
      <div class="session-words">
        <strong>{name}</strong> <span class="quiet">{session.language}</span>
        <div class="quiet">{[STATES[session.state], showsOwner && session.ownerName].filter(Boolean).join(' · ')}</div>
        <div class="quiet">{environmentWords(session, owner)}</div>
        {session.busy && <Busy place={place} busy={session.busy} project={session.project} />}
        {failure && <p class="failure" role="alert">{failure}</p>}
      </div>
      <div class="session-actions">
        <button type="button" class="button" disabled={!isThere} onClick={() => setSetting(true)}>Environment</button>
        {session.busy && <button type="button" class="button" disabled={!canAct} onClick={act(() => mesh.interrupt(session.id), 'Interrupted')}>Interrupt</button>}
        <button type="button" class="button" disabled={!canAct} onClick={act(() => mesh.reset(session.id), 'Kernel restarted', `Restart the kernel of ${name}? Its variables will be gone.`)}>Restart</button>
        <button type="button" class="button" disabled={!canAct} onClick={act(() => mesh.shutdown(session.id), 'Kernel shut down', `Shut down the kernel of ${name}? Its variables will be gone.`)}>Shut down</button>
      </div>
      {isSetting && <EnvironmentPanel place={place} session={session} close={() => setSetting(false)} />}
    </div>
  );
}

/** Which cell is executed: known of those that this browser has sent. */
function Busy({ place, busy, project }: { place: Place; busy: NonNullable<Session['busy']>; project: string }) {
  const run = place.runs.live.value.find(({ record }) => record.id === busy.run);
  const waiting = busy.waiting > 0 && `, ${busy.waiting} waiting`;
  if (!run) return <div class="quiet">runs a cell of another device{waiting}</div>;
  const { document, index } = run.record.cell;
  return <div class="quiet">runs cell {index} of <Link to={{ view: 'document', project, path: document }}>{document}</Link>{waiting}</div>;
}
