// The compute indicator, and the panel behind it: devices, the notebook's sessions, and which device is to run it.

import { useState } from 'preact/hooks';
import type { Device, Session } from '../mesh/interface.ts';
import { Link } from '../Link.tsx';
import { Panel } from '../Panel.tsx';
import type { Place } from '../place.ts';
import { LastSync } from './Bar.tsx';
import { computeOf, presenceOf } from './compute.ts';
import type { NotebookActions } from './notebook-actions.ts';
import { SessionRow } from './SessionRow.tsx';

interface Props {
  place: Place;
  actions: NotebookActions;
}

export function ComputePanel({ place, actions }: Props) {
  const sessions: readonly Session[] = actions.sessions.value;
  const [isOpen, setOpen] = useState(false);
  const compute = computeOf(sessions[0] ?? null, place.devices.value, place.state.value, place.localNode);
  return (
    <>
      <button type="button" class={`compute ${compute.kind}`} aria-haspopup="dialog" aria-label={`Runs on: ${compute.words}`} onClick={() => setOpen(true)}>
        <span aria-hidden="true">{compute.sign}</span> <span class="compute-words">{compute.words}</span>
      </button>
      {isOpen && (
        <Panel heading="Runs on" label="Where this notebook runs" isAtBar close={() => setOpen(false)}>
          <LastSync place={place} />
          <DeviceSigns place={place} />
          {sessions.length > 0 && <h3>Sessions of this notebook</h3>}
          {sessions.map((session) => <SessionRow key={session.id} place={place} session={session} />)}
          {actions.standIns.all.value.map((standIn) => (
            <div key={`${standIn.for.name}/${standIn.language}`} class="stand-in">
              <p class="quiet">{standIn.name.name} on {standIn.device.name} stands in for {standIn.for.name}.</p>
              <button type="button" class="button" onClick={() => actions.usesAgain(standIn)}>Use {standIn.for.name} again</button>
            </div>
          ))}
          <RuntimeChoice place={place} chosen={actions.device.value} choose={(device) => actions.choose(device)} />
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
