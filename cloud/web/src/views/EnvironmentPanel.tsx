// How the kernel of a session is started: which one, in which virtual environment and folder.

import { useState } from 'preact/hooks';
import type { Device, Environment, Session } from '../mesh/interface.ts';
import { PanelForm } from '../PanelForm.tsx';
import type { Place } from '../place.ts';

interface Props {
  place: Place;
  session: Session;
  close: () => void;
}

/** `Python 3.12 · ~/thesis`. */
export function environmentWords({ environment: { kernel, venv, cwd }, language }: Session, owner: Device | undefined): string {
  const kernelWords = () => owner?.runtimes.find((runtime) => runtime.kernel === kernel && runtime.language === language)?.displayName ?? kernel;
  return [venv ?? kernelWords() ?? 'standard kernel', cwd ?? 'home folder'].join(' · ');
}

export function EnvironmentPanel({ place, session, close }: Props) {
  const [typed, setTyped] = useState(session.environment);
  const [restarts, setRestarts] = useState(false);
  const change = (part: Partial<Environment>) => setTyped({ ...typed, ...part });
  const lives = session.state !== 'cold';
  const save = async () => {
    const { mesh } = place;
    await mesh.setEnvironment(session.id, { kernel: typed.kernel, venv: typed.venv?.trim() || null, cwd: typed.cwd?.trim() || null });
    if (lives && restarts) await mesh.reset(session.id);
    place.announce(lives && restarts ? 'Kernel restarted' : 'Saved for the next kernel');
    await mesh.refresh();
  };
  const owner = place.devices.value.find((device) => device.id === session.owner);
  return (
    <PanelForm heading={`Environment of ${session.project}:${session.name}`} save={save} close={close}>
      <Kernels owner={owner} session={session} chosen={typed.kernel} choose={(kernel) => change({ kernel })} />
      {session.language === 'python' && <Folder label="Virtual environment" none="None" value={typed.venv} write={(venv) => change({ venv })} />}
      <Folder label="Working folder" none="Home folder" value={typed.cwd} write={(cwd) => change({ cwd })} />
      <p class="quiet">Folders are those of {session.ownerName}; ~ is the home folder there.</p>
      {lives ? (
        <label class="check">
          <input type="checkbox" checked={restarts} onChange={(event) => setRestarts(event.currentTarget.checked)} />
          <span>Restart the kernel now. Its variables will be gone; otherwise it goes on as it is until it is restarted.</span>
        </label>
      ) : <p class="quiet">The next run starts a kernel so.</p>}
    </PanelForm>
  );
}

/** The kernels that the session's device has for its language, and the one that is set, also where it is not among them. */
function Kernels({ owner, session, chosen, choose }: { owner: Device | undefined; session: Session; chosen: string | null; choose: (kernel: string | null) => void }) {
  const known = owner?.runtimes.filter((runtime) => runtime.language === session.language) ?? [];
  const { kernel } = session.environment;
  return (
    <label>
      <span>Kernel</span>
      <select value={chosen ?? ''} onChange={(event) => choose(event.currentTarget.value || null)}>
        <option value="">Standard</option>
        {known.map((runtime) => <option key={runtime.kernel} value={runtime.kernel}>{[runtime.displayName, runtime.environment].filter(Boolean).join(', ')}</option>)}
        {kernel !== null && !known.some((runtime) => runtime.kernel === kernel) && <option value={kernel}>{kernel} (not on {session.ownerName})</option>}
      </select>
    </label>
  );
}

function Folder({ label, none, value, write }: { label: string; none: string; value: string | null; write: (value: string) => void }) {
  return (
    <label>
      <span>{label}</span>
      <input autocomplete="off" autocapitalize="off" spellcheck={false} placeholder={none} value={value ?? ''} onInput={(event) => write(event.currentTarget.value)} />
    </label>
  );
}
