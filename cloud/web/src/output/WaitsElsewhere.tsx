// A run of a cell that waits for another device: which one, since when, and what can be done about it.

import type { NotebookContext } from '../editor/context.ts';
import type { Device } from '../mesh/interface.ts';
import type { QueuedRun } from '../runs/queued.ts';
import { ago } from '../views/compute.ts';

interface Props {
  queued: QueuedRun;
  context: NotebookContext;
  /** Runs the cell anew, which takes this back. */
  anew: () => void;
}

export function WaitsElsewhere({ queued, context, anew }: Props) {
  const { place } = context;
  const device = place.devices.value.find(({ id }) => id === queued.device);
  const isOver = queued.end !== null;
  return (
    <div class="elsewhere" role="group" aria-label={`Asked for on ${nameOf(queued, device, place.mesh.self.deviceId)}`}>
      <p class={`run-label${isOver ? ' refused' : ''}`}>{isOver ? '✕' : '◌'} {words(queued, device, place.mesh.self.deviceId)} · {ago(Math.max(0, Date.now() - queued.at))}</p>
      <button type="button" class="button" onClick={() => context.takeBack(queued)}>{isOver ? 'Dismiss' : 'Take back'}</button>
      <button type="button" class="button" onClick={anew}>{place.isOnline ? 'Run anew here' : 'Run anew when connected'}</button>
    </div>
  );
}

/** A code of a refusal in words: `KernelStartFailed` is *kernel start failed*. */
function wordsOf(code: string): string {
  return code.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
}

function nameOf({ device: id }: QueuedRun, device: Device | undefined, self: string): string {
  return id === self ? 'another page' : (device?.name ?? 'another device');
}

function words(queued: QueuedRun, device: Device | undefined, self: string): string {
  const name = nameOf(queued, device, self);
  if (queued.end === 'unknown') return `Sent by ${name}; whether it ran is not known`;
  if (queued.end !== null) return `Asked for on ${name}, and refused: ${wordsOf(queued.end.slice('refused:'.length))}`;
  if (queued.sentTo !== null) return `Sent by ${name}, not taken yet`;
  if (queued.device === self) return 'Waits in another page of this browser';
  if (device?.presence === 'revoked') return `${name}, which was to run it, is revoked`;
  return device?.presence === 'online' ? `${name} is about to run it` : `Waits for ${name} to be connected`;
}
