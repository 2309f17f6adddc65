// The protocol's words as the app reads them.

import type { Device, ExecuteError, MimeBundle, Outcome, RunEvent, RunInfo, Session } from './interface.ts';
import type * as wire from './protocol.ts';

type Single<T> = T extends Record<infer Name, unknown> ? Name : never;

/** The name and the content of an enum's variant. */
function variant<T extends string | object>(value: T): [string, unknown] {
  if (typeof value === 'string') return [value, undefined];
  return Object.entries(value)[0]! as [Single<T> & string, unknown];
}

function bundle(from: wire.MimeBundle): MimeBundle {
  let metadata: Record<string, unknown> = {};
  try {
    metadata = JSON.parse(from.metadata || '{}') as Record<string, unknown>;
  } catch {
    // A kernel's metadata that is no JSON tells nothing.
  }
  return { data: from.data as Record<string, string>, metadata };
}

export function event(number: number, from: wire.RunEvent): RunEvent | null {
  if (from === 'StdinAnswered') return { kind: 'stdinAnswered', number };
  if ('Start' in from) return { kind: 'start', number, at: from.Start.at, kernel: from.Start.kernel };
  if ('Stdout' in from) return { kind: 'stdout', number, text: from.Stdout.content };
  if ('Stderr' in from) return { kind: 'stderr', number, text: from.Stderr.content };
  if ('StdinRequest' in from) return { kind: 'stdin', number, ...from.StdinRequest };
  if ('Display' in from) {
    return { kind: 'display', number, bundle: bundle(from.Display.bundle), displayId: from.Display.display_id };
  }
  if ('DisplayUpdate' in from) {
    const { bundle: value, display_id } = from.DisplayUpdate;
    return { kind: 'displayUpdate', number, bundle: bundle(value), displayId: display_id };
  }
  if ('Asset' in from) return { kind: 'asset', number, ...from.Asset };
  if ('ClearOutput' in from) return { kind: 'clear', number, wait: from.ClearOutput.wait };
  if ('Omitted' in from) return { kind: 'omitted', number, through: from.Omitted.through, bytes: from.Omitted.bytes };
  if ('Result' in from) {
    const { result, executionCount, durationMs } = from.Result;
    return { kind: 'result', number, bundle: result && bundle(result), executionCount, durationMs };
  }
  if ('Error' in from) {
    const { error, execution_count: executionCount, duration_ms: durationMs } = from.Error;
    return { kind: 'error', number, error: error as ExecuteError, executionCount, durationMs };
  }
  return null; // of a newer version
}

export function outcome(from: wire.RunOutcome): Outcome {
  return variant(from)[0].toLowerCase() as Outcome;
}

export function runInfo(from: wire.RunInfo): RunInfo {
  const { run, accepted_at: acceptedAt, last_event: lastEvent } = from;
  return { run, acceptedAt, lastEvent, outcome: from.outcome && outcome(from.outcome) };
}

export function device(from: wire.DeviceInfo, self: string): Device {
  const [presence, since] = variant(from.presence);
  const [lastSeen = null] = Object.values((since ?? {}) as Record<string, number>);
  const runtimes = (from.node?.runtimes ?? []).map(({ kernel, language, display_name, environment }) => {
    return { kernel, language, displayName: display_name, environment };
  });
  const load = from.load && { cpu: from.load.cpu_percent, memory: from.load.memory_percent, gpu: from.load.gpu_percent };
  const hardware = from.node && {
    cpus: from.node.hardware.cpus,
    memoryBytes: from.node.hardware.memory_bytes,
    gpus: from.node.hardware.gpus.map(({ name, memory_bytes }) => ({ name, memoryBytes: memory_bytes })),
  };
  return {
    id: from.device,
    name: from.name,
    platform: from.os,
    presence: presence.toLowerCase() as Device['presence'],
    lastSeen,
    isNode: from.node !== null,
    languages: [...new Set(runtimes.map(({ language }) => language))],
    runtimes,
    hardware,
    tags: from.node?.tags ?? [],
    load,
    isThisDevice: from.device === self,
  };
}

export function session(from: wire.SessionInfo): Session {
  const [state, busy] = variant(from.state);
  return {
    id: from.id,
    project: from.key.name.project,
    name: from.key.name.name,
    language: from.key.language,
    owner: from.owner,
    ownerName: from.device_name,
    state: state.toLowerCase() as Session['state'],
    busy: (busy as Session['busy']) ?? null,
    epoch: { generation: from.epoch.generation, number: from.epoch.n },
    environment: from.environment,
  };
}
