import { describe, expect, it } from 'vitest';
import { SourceLock } from '../../src/media/source-lock.ts';

const FAR = '192.0.2.1';
const OTHER = '198.51.100.9';
const STRICT = { anyAddress: false, trusted: new Set<string>() };

const locked = (policy = STRICT): SourceLock => {
  const lock = new SourceLock(policy);
  lock.expect(FAR, 4_000, 0);
  return lock;
};

describe('source lock', () => {
  it('takes the announced source at its first packet, and then no other', () => {
    const lock = locked();
    expect(lock.accept(FAR, 4_000, 1, 1, 0)).toBe(true);
    expect(lock.accept(FAR, 4_002, 1, 2, 0)).toBe(false);
    expect(lock.accept(FAR, 4_002, 1, 3, 0)).toBe(false);
    expect([lock.address, lock.port, lock.locked]).toEqual([FAR, 4_000, true]);
  });

  it('learns another port of the same address after two packets in a row', () => {
    const lock = locked();
    expect(lock.accept(FAR, 5_000, 1, 65_535, 0)).toBe(false);
    expect(lock.accept(FAR, 5_000, 1, 0, 0)).toBe(true);
    expect(lock.port).toBe(5_000);
    expect(lock.accept(FAR, 4_000, 1, 1, 0)).toBe(false);
  });

  it('does not learn from packets that do not follow one another', () => {
    const lock = locked();
    const tries: readonly (readonly [number, number, number])[] = [
      [5_000, 1, 7],
      [5_000, 1, 9],
      [5_000, 2, 10],
      [5_002, 2, 11],
    ];
    expect(tries.map(([port, ssrc, sequence]) => lock.accept(FAR, port, ssrc, sequence, 0))).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect(lock.locked).toBe(false);
  });

  it('another address is never learnt, unless trusted or all are', () => {
    const twice = (lock: SourceLock): boolean => {
      lock.accept(OTHER, 5_000, 1, 1, 0);
      return lock.accept(OTHER, 5_000, 1, 2, 0);
    };
    expect(twice(locked())).toBe(false);
    expect(twice(locked({ anyAddress: false, trusted: new Set([OTHER]) }))).toBe(true);
    expect(twice(locked({ anyAddress: true, trusted: new Set() }))).toBe(true);
  });

  it('nobody is heard before the far end is known', () => {
    expect(new SourceLock(STRICT).accept(FAR, 4_000, 1, 1, 0)).toBe(false);
  });

  it('after a renegotiation to the same address, keeps sending to the source learnt and believes it at once', () => {
    const lock = locked();
    lock.accept(FAR, 5_000, 1, 1, 0);
    lock.accept(FAR, 5_000, 1, 2, 0);
    lock.expect(FAR, 4_000, 100);
    expect([lock.locked, lock.port]).toEqual([false, 5_000]);
    expect(lock.accept(FAR, 5_000, 9, 77, 100)).toBe(true);
  });

  it('after a renegotiation to another port, what comes late from the old one is not learnt again', () => {
    const lock = locked();
    lock.accept(FAR, 4_000, 1, 1, 0);
    lock.expect(FAR, 6_000, 100);
    expect(lock.port).toBe(6_000);
    expect([2, 3, 4].map((sequence) => lock.accept(FAR, 4_000, 1, sequence, 120))).toEqual([false, false, false]);
    expect(lock.accept(FAR, 6_000, 1, 5, 140)).toBe(true);
  });

  it('a source that fell silent may move, by the same rules', () => {
    const lock = locked();
    lock.accept(FAR, 4_000, 1, 1, 0);
    lock.relearn();
    expect(lock.accept(OTHER, 4_000, 1, 2, 0)).toBe(false);
    expect(lock.accept(FAR, 7_000, 1, 3, 0)).toBe(false);
    expect(lock.accept(FAR, 7_000, 1, 4, 0)).toBe(true);
  });

  it('what was sent to the call before is not learnt by the next, unless its far end is just that', () => {
    const lock = locked();
    lock.accept(FAR, 4_000, 1, 1, 0);
    lock.release(1_000);
    lock.expect(FAR, 8_000, 2_000);
    expect([2, 3, 4].map((sequence) => lock.accept(FAR, 4_000, 1, sequence, 2_000))).toEqual([false, false, false]);
    lock.release(3_000);
    lock.expect(FAR, 4_000, 4_000);
    expect(lock.accept(FAR, 4_000, 1, 5, 4_000)).toBe(true);
  });
});
