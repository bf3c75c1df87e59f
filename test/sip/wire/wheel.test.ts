import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Wheel, type WheelEntry } from '../../../src/adapters/sip/wire/wheel.ts';

let time = 0;
const advance = (milliseconds: number): void => {
  for (let step = 0; step < milliseconds; step++) {
    time++;
    vi.advanceTimersByTime(1);
  }
};
const makeWheel = (): Wheel => new Wheel(10, () => time);
const makeEntry = (fire: (now: number) => void): WheelEntry => ({ due: 0, slot: -1, fire });

beforeEach(() => {
  time = 5_003;
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('the wheel', () => {
  it.each([1, 9, 10, 500, 1_279, 1_280, 1_281, 4_000, 32_000])(
    'fires %d ms later, not before and at most a tick late',
    (delay) => {
      const wheel = makeWheel();
      const fired: number[] = [];
      wheel.schedule(
        makeEntry((now) => void fired.push(now)),
        delay,
      );
      advance(delay - 1);
      expect(fired).toEqual([]);
      advance(2 * 10 + 1);
      expect(fired).toHaveLength(1);
      expect(fired[0]).toBeGreaterThanOrEqual(5_003 + delay);
    },
  );

  it('forgets what is cancelled, moves what is scheduled again, and rests when empty', () => {
    const wheel = makeWheel();
    let count = 0;
    const entry = makeEntry(() => void count++);
    wheel.schedule(entry, 100);
    wheel.schedule(entry, 300);
    expect(wheel.pending).toBe(1);
    advance(200);
    expect(count).toBe(0);
    wheel.cancel(entry);
    wheel.cancel(entry);
    advance(200);
    expect([count, wheel.pending, vi.getTimerCount()]).toEqual([0, 0, 0]);
    wheel.schedule(entry, 20);
    advance(40);
    expect([count, wheel.pending, vi.getTimerCount()]).toEqual([1, 0, 0]);
  });

  it('lets an entry schedule itself again while it fires', () => {
    const wheel = makeWheel();
    const at: number[] = [];
    const entry: WheelEntry = makeEntry((now) => {
      at.push(now);
      if (at.length < 4) wheel.schedule(entry, 50 * 2 ** at.length);
    });
    wheel.schedule(entry, 50);
    advance(2_000);
    expect(at).toHaveLength(4);
  });

  it('fires each once after the process was stopped for long', () => {
    const wheel = makeWheel();
    let count = 0;
    for (let delay = 10; delay < 5_000; delay += 10)
      wheel.schedule(
        makeEntry(() => void count++),
        delay,
      );
    time += 60_000;
    vi.advanceTimersByTime(10);
    expect([count, wheel.pending]).toEqual([499, 0]);
  });

  it('stops at once when cleared', () => {
    const wheel = makeWheel();
    wheel.schedule(
      makeEntry(() => expect.unreachable()),
      10,
    );
    wheel.clear();
    advance(100);
    expect([wheel.pending, vi.getTimerCount()]).toEqual([0, 0]);
  });
});
