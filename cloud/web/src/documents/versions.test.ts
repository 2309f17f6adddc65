import { describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { become, keyOf, readVersions, stretchesBetween, versionsOf } from './versions.ts';

const id = 'ab'.repeat(32);

describe('a list of versions', () => {
  test('has the id of its document but for one digit, and has none itself', () => {
    expect(versionsOf('0190f5fe-7c00-7a00-8000-0000000000d1')).toBe('0190f5fe-7c00-8a00-8000-0000000000d1');
    expect(versionsOf('0190f5fe-7c00-8a00-8000-0000000000d1')).toBeNull();
    expect(versionsOf('00000000-0000-0000-0000-000000000000')).toBeNull();
  });

  test('is read with the newest first; what cannot be read is left out', () => {
    const first = { at: 999, asset: id, size: 3 };
    const second = { at: 1_750_000_000_000, asset: 'cd'.repeat(32), size: 4 };
    expect(keyOf(first)).toBe('0000000000999-abababab');
    const entries: [string, string][] = [[keyOf(first), `${id} 3`], [keyOf(second), `${second.asset} 4 2 1`], ['x', `${id} 3`], [keyOf({ ...first, at: 5 }), id]];
    expect(readVersions(entries)).toEqual([second, first]);
  });
});

describe('the difference to a version', () => {
  test('says by lines what comes back and what goes', () => {
    expect(stretchesBetween('one\ntwo\nthree\n', 'one\n2\nthree\n')).toEqual([
      { kind: 'same', lines: ['one'] },
      { kind: 'goes', lines: ['two'] },
      { kind: 'comes', lines: ['2'] },
      { kind: 'same', lines: ['three'] },
    ]);
  });

  test.each([['', 'a\nb'], ['a\nb', ''], ['a\nb\nc\n', 'b\nc\nd'], ['ä€😀\nx\n', 'x\n😀\n'], ['same', 'same']])('makes of %j the text %j', (now, then) => {
    const doc = new Y.Doc();
    const text = doc.getText('content');
    text.insert(0, now);
    become(text, then);
    expect(text.toString()).toBe(then);
  });
});
