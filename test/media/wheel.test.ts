import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Timer, TimerWheel } from '../../src/media/wheel.ts';

describe('timer wheel', () => {
  it('runs every timer once, not before its time and at most a slot after, in any mixture', () => {
    const step = fc.record({
      after: fc.integer({ min: 0, max: 10_000 }),
      advance: fc.integer({ min: 0, max: 3_000 }),
      cancel: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let now = 1_000_003;
        const wheel = new TimerWheel(now);
        const ran: number[] = [];
        const due: { at: number; run: number }[] = [];
        for (const { after, advance, cancel } of steps) {
          const one = { at: now + after, run: 0 };
          const timer = new Timer((at) => {
            ran.push(at);
            one.run++;
            expect(at).toBeGreaterThanOrEqual(one.at);
          });
          wheel.schedule(timer, one.at);
          if (cancel) wheel.cancel(timer);
          else due.push(one);
          now += advance;
          wheel.advance(now);
          for (const other of due) expect(other.run).toBe(other.at + 5 <= now ? 1 : other.run);
        }
        wheel.advance(now + 20_000);
        expect(due.every((one) => one.run === 1)).toBe(true);
        expect(wheel.size).toBe(0);
      }),
    );
  });

  it('a timer may schedule itself and cancel another', () => {
    const wheel = new TimerWheel(0);
    let ran = 0;
    const victim = new Timer(() => expect.unreachable());
    const timer: Timer = new Timer((now) => {
      ran++;
      wheel.cancel(victim);
      if (ran < 5) wheel.schedule(timer, now);
    });
    wheel.schedule(timer, 10);
    wheel.schedule(victim, 10);
    for (let now = 0; now <= 100; now += 5) wheel.advance(now);
    expect(ran).toBe(5);
    expect(wheel.size).toBe(0);
  });
});
