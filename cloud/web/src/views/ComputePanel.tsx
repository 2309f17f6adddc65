// The compute indicator, and the panel behind it: devices, the notebook's sessions, and which device is to run it.

import { useState } from 'preact/hooks';
import { reason } from '../failure.ts';
import type { Device, Session } from '../mesh/interface.ts';
import { Link } from '../Link.tsx';
import { Panel } from '../Panel.tsx';
import type { Place } from '../place.ts';
import { computeOf, presenceOf } from './compute.ts';

interface Props {
  place: Place;
  /** The notebook's sessions, that of most cells first. */
  sessions: readonly Session[];
  chosen: string;
  choose: (device: string) => void;
}

export function ComputePanel({ place, sessions, chosen, choose }: Props) {
  const [isOpen, setOpen] = useState(false);
  const compute = computeOf(sessions[0] ?? null, place.devices.value, place.state.value, place.localNode);
  return (
    <>
      <button type="button" class={`compute ${compute.kind}`} aria-haspopup="dialog" aria-label={`Runs on: ${compute.words}`} onClick={() => setOpen(true)}>
        <span aria-hidden="true">{compute.sign}</span> <span class="compute-words">{compute.words}</span>
      </button>
      {isOpen && (
        <Panel heading="Runs on" label="Where this notebook runs" close={() => setOpen(false)}>
          <DeviceSigns place={place} />
          {sessions.length > 0 && <h3>Sessions of this notebook</h3>}
          {sessions.map((session) => <SessionRow key={session.id} place={place} session={session} />)}
          <RuntimeChoice place={place} chosen={chosen} choose={choose} />
          <p class="panel-links"><Link to={{ view: 'devices' }}>All devices</Link> <Link to={{ view: 'sessions' }}>All sessions</Link></p>
        </Panel>
      )}
    </>
  );
}

function DeviceSigns({ place }: { place: Place }) {
  return (
    <ul class="device-signs">
      {place.devices.value.filter((device) => device.presence !== 'revoked').map((device) => {
        const { sign, words } = presenceOf(device, Date.now());
        return (
          <li key={device.id} class={device.presence}>
            <span aria-hidden="true">{sign}</span>
            <span class="device-name">{device.name}</span>
            <span class="quiet">{device.isThisDevice ? 'this device' : words}{device.languages.length > 0 && ' ⚡'}</span>
          </li>
        );
      })}
    </ul>
  );
}

export function SessionRow({ place, session }: { place: Place; session: Session }) {
  const [failure, setFailure] = useState('');
  const act = (what: 'reset' | 'shutdown', question: string) => async () => {
    if (!confirm(question)) return;
    setFailure('');
    try {
      await place.mesh[what](session.id);
      place.announce(what === 'reset' ? 'Kernel restarted' : 'Kernel shut down');
      await place.mesh.refresh();
    } catch (error) {
      setFailure(reason(error));
    }
  };
  const state = { cold: '○ no kernel', starting: '↻ starting', idle: '● idle', busy: '▶ busy', unreachable: '◌ not connected' }[session.state];
  const canAct = place.isOnline && session.state !== 'unreachable';
  return (
    <div class="session-row">
      <div class="session-words">
        <strong>{session.project}:{session.name}</strong> <span class="quiet">{session.language}</span>
        <div class="quiet">{state} · {session.ownerName}{session.busy && session.busy.waiting > 0 && ` · ${session.busy.waiting} waiting`}</div>
        {failure && <p class="failure" role="alert">{failure}</p>}
      </div>
      <div class="session-actions">
        <button type="button" class="button" disabled={!canAct || session.state === 'cold'} onClick={act('reset', `Restart the kernel of ${session.project}:${session.name}? Its variables will be gone.`)}>Restart</button>
        <button type="button" class="button" disabled={!canAct || session.state === 'cold'} onClick={act('shutdown', `Shut down the kernel of ${session.project}:${session.name}? Its variables will be gone.`)}>Shut down</button>
      </div>
    </div>
  );
}

function RuntimeChoice({ place, chosen, choose }: { place: Place; chosen: string; choose: (device: string) => void }) {
  const nodes: Device[] = place.devices.value.filter((device) => device.isNode && device.presence !== 'revoked');
  return (
    <label class="runtime-choice">
      <span>Runtime</span>
      <select value={chosen} onChange={(event) => choose(event.currentTarget.value)}>
        <option value="">Automatic</option>
        {nodes.map((device) => <option key={device.id} value={device.id}>{device.name}</option>)}
      </select>
      <span class="quiet">For sessions that are started from now on</span>
    </label>
  );
}
