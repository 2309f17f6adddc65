import { expect, test } from 'vitest';
import type { Device, Session } from '../mesh/interface.ts';
import { othersFor, sessionOn } from './elsewhere.ts';

const device = (id: string, name: string, change: Partial<Device> = {}) => ({ id, name, isNode: true, presence: 'online', languages: ['python'], ...change }) as Device;
const session = (name: string, owner: string) => ({ project: 'p', name, language: 'python', owner }) as Session;
const main = { project: 'p', name: 'main' };

test('others are there, can run it, and are not the one that is asked', () => {
  const devices = [
    device('a', 'Mac'), device('b', 'Desk'), device('c', 'Old', { presence: 'suspect' }), device('d', 'R', { languages: ['r'] }), device('e', 'Phone', { isNode: false }),
  ];
  expect(othersFor('python', 'a', devices).map(({ id }) => id)).toEqual(['b']);
});

test('the session there is named after the device, as the command line names it, and no other is taken', () => {
  const desk = device('b', 'My Desk!');
  expect(sessionOn(main, desk, 'python', [])).toEqual({ project: 'p', name: 'main-My-Desk-' });
  expect(sessionOn(main, desk, 'python', [session('main-My-Desk-', 'b')]).name).toBe('main-My-Desk-');
  expect(sessionOn(main, desk, 'python', [session('main-My-Desk-', 'c')]).name).toBe('main-My-Desk--2');
  const long = sessionOn({ project: 'p', name: 'n'.repeat(64) }, device('b', 'd'.repeat(64)), 'python', []).name;
  expect(long).toBe(`${'n'.repeat(31)}-${'d'.repeat(32)}`);
});
