// Where else a run can go whose session lives on a device that does not answer: into a session of another name on a device that is
// there, since one that lives is never started a second time (`wayfare run --if-elsewhere new` does the same).

import type { Device, Session } from '../mesh/interface.ts';
import type { SessionName } from '../notebook/settings.ts';

/** Characters of a session's name at most. */
const NAME_MAX = 64;

/** The devices that are there and can run a language, without the one that is asked. */
export function othersFor(language: string, asked: string, devices: readonly Device[]): Device[] {
  return devices.filter((device) => device.isNode && device.presence === 'online' && device.id !== asked && device.languages.includes(language));
}

/** `main-desk` of `main` and `desk`; `main-desk-2` where that lives on a third device. */
export function sessionOn({ project, name }: SessionName, device: Device, language: string, sessions: readonly Session[]): SessionName {
  const ending = [...device.name].map((c) => (/[\p{Alphabetic}\p{N}_.-]/u.test(c) ? c : '-')).slice(0, NAME_MAX / 2).join('');
  const first = `${cut(name, NAME_MAX - 1 - [...ending].length)}-${ending}`;
  for (let number = 1; ; number++) {
    const found = number === 1 ? first : `${cut(first, NAME_MAX - 1 - String(number).length)}-${number}`;
    const live = sessions.find((session) => session.project === project && session.name === found && session.language === language);
    if (!live || live.owner === device.id) return { project, name: found };
  }
}

function cut(name: string, length: number): string {
  return [...name].slice(0, length).join('');
}
