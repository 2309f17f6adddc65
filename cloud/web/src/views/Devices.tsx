// The devices of the account: which are there, what they can do, how to call one otherwise, and how to cut one off.

import { useEffect, useState } from 'preact/hooks';
import { reason } from '../failure.ts';
import { Icon } from '../Icon.tsx';
import { Link } from '../Link.tsx';
import { Menu } from '../Menu.tsx';
import type { Device } from '../mesh/interface.ts';
import type { Place } from '../place.ts';
import { Bar } from './Bar.tsx';
import { presenceOf } from './compute.ts';
import { NamePanel } from './NamePanel.tsx';

/** Platforms as their makers write them. */
const PLATFORMS: Record<string, string> = { linux: 'Linux', macos: 'macOS', windows: 'Windows', android: 'Android', ios: 'iOS', browser: 'Browser' };

/** How many devices can run something now. */
export function NodeCount({ place }: { place: Place }) {
  const nodes = place.devices.value.filter((device) => device.isNode && device.presence === 'online');
  const [sign, words] = nodes.length === 0 ? ['○', 'No runtime'] : ['⚡', nodes.map((device) => device.name).join(', ')];
  return <Link class="compute" to={{ view: 'devices' }}><span aria-hidden="true">{sign}</span> {words}</Link>;
}

export function Devices({ place }: { place: Place }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 30_000);
    return () => clearInterval(timer);
  }, []);
  const devices = place.devices.value;
  return (
    <>
      <Bar place={place} title="Devices" isDeep />
      <main class="page">
        <ul class="devices">
          {devices.map((device) => <li key={device.id}><DeviceCard place={place} device={device} now={now} /></li>)}
        </ul>
        {devices.length === 0 && <p class="empty">{place.isOnline ? 'Looking for your devices…' : 'Devices are shown when connected.'}</p>}
      </main>
    </>
  );
}

function DeviceCard({ place, device, now }: { place: Place; device: Device; now: number }) {
  const [failure, setFailure] = useState('');
  const [isNaming, setNaming] = useState(false);
  const { sign, words } = presenceOf(device, now);
  const sessions = place.sessions.value.filter((session) => session.owner === device.id && session.state !== 'cold');
  const revoke = async () => {
    const question = device.isThisDevice ? 'Cut this browser off from the mesh?' : `Cut ${device.name} off from the mesh? It is refused until it is paired anew.`;
    if (!confirm(question)) return;
    try {
      await place.mesh.revoke(device.id);
      place.announce(`${device.name} revoked`);
      await place.mesh.refresh();
    } catch (error) {
      setFailure(reason(error));
    }
  };
  return (
    <article class={`device ${device.presence}`}>
      <div class="device-head">
        <div>
          <h2><span class="sign" aria-hidden="true">{sign}</span> {device.name} {device.isThisDevice && <span class="tag">this device</span>}</h2>
          <p class="quiet">{[PLATFORMS[device.platform] ?? device.platform, words].filter(Boolean).join(' · ')}</p>
        </div>
        {device.presence !== 'revoked' && (
          <Menu label={`Actions of ${device.name}`} actions={() => [
            { label: 'Rename', act: place.isOnline ? () => setNaming(true) : null },
            { label: 'Revoke', act: place.isOnline ? () => void revoke() : null, danger: true },
          ]}>
            <Icon name="more" />
          </Menu>
        )}
      </div>
      {device.isNode && (
        <dl>
          <dt>Runtimes</dt>
          <dd>{device.runtimes.map((runtime) => runtime.displayName).join(', ') || device.languages.join(', ') || 'none'}</dd>
          {device.hardware && (
            <>
              <dt>Hardware</dt>
              <dd>{hardware(device.hardware)}</dd>
            </>
          )}
          {sessions.length > 0 && (
            <>
              <dt>Sessions</dt>
              <dd>{sessions.map((session) => `${session.project}:${session.name} (${session.language})`).join(', ')}</dd>
            </>
          )}
        </dl>
      )}
      {failure && <p class="failure" role="alert">{failure}</p>}
      {isNaming && (
        <NamePanel heading={`Rename ${device.name}`} given={device.name} close={() => setNaming(false)}
          name={(name) => place.mesh.rename(device.id, name)} />
      )}
    </article>
  );
}

function hardware({ cpus, memoryBytes, gpus }: NonNullable<Device['hardware']>): string {
  const memory = `${Math.round(memoryBytes / 2 ** 30)} GiB`;
  return [`${cpus} processors`, memory, ...gpus.map((gpu) => gpu.name)].join(', ');
}
