// The devices of the fake mesh.

import type { Device } from '../mesh/interface.ts';

const PHONE = { deviceId: 'f0'.repeat(32), name: "Maxime's Phone" };
const TABLET = { deviceId: 'e1'.repeat(32), name: "Maxime's Tablet" };

/** What this browser is: tests have two. */
export function fakeSelf(isTablet: boolean): { deviceId: string; name: string } {
  return isTablet ? TABLET : PHONE;
}

export function fakeDevices(self: { deviceId: string; name: string }): Device[] {
  const none = { languages: [], runtimes: [], hardware: null, tags: [], load: null, isThisDevice: false };
  const others = self.deviceId === TABLET.deviceId ? [PHONE] : [];
  return [
    ...others.map(({ deviceId: id, name }): Device => ({ ...none, id, name, platform: 'browser', presence: 'offline', lastSeen: Date.now() - 300_000, isNode: false })),
    {
      ...none,
      id: 'a8'.repeat(32), name: 'MacBook Pro', platform: 'macos', presence: 'online', lastSeen: null, isNode: true,
      languages: ['python', 'r', 'julia'],
      runtimes: [
        { kernel: 'python3', language: 'python', displayName: 'Python 3.12', environment: '/opt/venv' },
        { kernel: 'ir', language: 'r', displayName: 'R 4.4', environment: '/usr/bin/R' },
        { kernel: 'julia', language: 'julia', displayName: 'Julia 1.11', environment: '/opt/julia' },
      ],
      hardware: { cpus: 12, memoryBytes: 34_359_738_368, gpus: [{ name: 'RTX 4090', memoryBytes: 25_769_803_776 }] },
      tags: ['lab'],
      load: { cpu: 12, memory: 40, gpu: 0 },
    },
    { ...none, id: self.deviceId, name: self.name, platform: 'browser', presence: 'online', lastSeen: null, isNode: false, isThisDevice: true },
    {
      ...none,
      id: '7c'.repeat(32), name: 'Home Laptop', platform: 'linux', presence: 'offline', lastSeen: Date.now() - 7_200_000, isNode: true,
      languages: ['python', 'bash'],
      runtimes: [{ kernel: 'python3', language: 'python', displayName: 'Python 3.11', environment: '' }],
      hardware: { cpus: 8, memoryBytes: 17_179_869_184, gpus: [] },
    },
    {
      ...none,
      id: '5b'.repeat(32), name: 'Workstation', platform: 'linux', presence: 'suspect', lastSeen: Date.now() - 12_000, isNode: true,
      languages: ['python'], hardware: { cpus: 32, memoryBytes: 137_438_953_472, gpus: [] },
    },
  ];
}
