import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { openNodeState } from '../../src/adapters/node-state/node-state.ts';
import { temporaryFolder } from '../support/folder.ts';
import { callEntries } from './entries.ts';

const AT = 1_800_000_000_000;
const file = (): string => join(temporaryFolder('node-state'), 'deeper', 'node.db');
const [first, second, third, ...others] = callEntries('one', AT);
if (first === undefined || second === undefined || third === undefined) throw new Error('A call has entries.');

describe('node.db', () => {
  it('counts its starts and keeps values', () => {
    const path = file();
    const one = openNodeState(path);
    expect(one.boot).toBe(1);
    expect(one.get('role')).toBeNull();
    one.set('role', 'active');
    one.set('role', 'passive');
    one.close();
    const two = openNodeState(path);
    expect(two.boot).toBe(2);
    expect(two.get('role')).toBe('passive');
    two.close();
  });

  it('refuses a file that a newer version wrote, and one that is none', () => {
    const path = file();
    openNodeState(path).close();
    const database = new Database(path);
    database.pragma('user_version = 99');
    database.close();
    expect(() => openNodeState(path)).toThrow(expect.objectContaining({ code: 'STO_MIGRATION' }));
    const odd = join(temporaryFolder('node-state'), 'node.db');
    writeFileSync(odd, 'this is not a database, and long enough to be taken for one'.repeat(20));
    expect(() => openNodeState(odd)).toThrow(expect.objectContaining({ code: 'STO_NODE_STATE' }));
    expect(() => openNodeState(join(odd, 'node.db'))).toThrow(expect.objectContaining({ code: 'STO_NODE_STATE' }));
  });

  it('says so when there is no more room, and goes on when there is', async () => {
    // To SQLite a file that may not grow is a full disk.
    const state = openNodeState(file(), { maxBytes: 200_000 });
    const large = Array.from({ length: 500 }, () => second);
    state.spool.put(1, large);
    expect(() => state.spool.put(501, large)).not.toThrow();
    expect(() => state.spool.put(1_001, [...large, ...large])).toThrow(expect.objectContaining({ code: 'STO_NODE_STATE' }));
    expect(state.spool.extent()).toEqual({ first: 1, last: 1_000, entries: 1_000 });
    state.spool.remove(500);
    state.spool.put(1_001, large);
    await state.spool.sync();
    expect(state.spool.extent()).toEqual({ first: 501, last: 1_500, entries: 1_000 });
    state.close();
  });
});

describe('the spool', () => {
  it('gives back what it was given, in order of position, also after a restart', () => {
    const path = file();
    const state = openNodeState(path);
    state.spool.put(10, [third]);
    state.spool.put(1, [first, second]);
    state.spool.put(20, others);
    state.close();
    const { spool } = openNodeState(path);
    expect(spool.extent()).toEqual({ first: 1, last: 19 + others.length, entries: 3 + others.length });
    expect(spool.read(0, 1_000)).toEqual([
      { position: 1, entries: [first, second] },
      { position: 10, entries: [third] },
      { position: 20, entries: others },
    ]);
    expect(spool.read(0, 3).map(({ position }) => position)).toEqual([1, 10]);
    expect(spool.read(0, 1).map(({ position }) => position)).toEqual([1]);
    expect(spool.read(10, 1).map(({ position }) => position)).toEqual([20]);
    spool.remove(10);
    expect(spool.extent()).toMatchObject({ first: 20, entries: others.length });
    spool.remove(20);
    expect(spool.extent()).toEqual({ first: 0, last: 0, entries: 0 });
    expect(spool.read(0, 10)).toEqual([]);
  });

  it('replaces a row of the same position', () => {
    const { spool } = openNodeState(file());
    spool.put(5, [first, second]);
    spool.put(5, [third]);
    expect(spool.extent()).toEqual({ first: 5, last: 5, entries: 1 });
  });

  it('keeps what was rejected, once, up to its limit', () => {
    const { spool } = openNodeState(file(), { rejectedLimit: 2 });
    expect(spool.reject('a', first, '22021', 'bad')).toBe(true);
    expect(spool.reject('a', first, '22021', 'bad')).toBe(true);
    expect(spool.rejected()).toBe(1);
    expect(spool.reject('a', second, '22021', 'bad')).toBe(true);
    expect(spool.reject('b', third, '22021', 'bad')).toBe(false);
    expect(spool.rejected()).toBe(2);
  });
});
