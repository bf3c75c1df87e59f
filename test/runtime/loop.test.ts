import { describe, expect, it } from 'vitest';
import type { Effect } from '../../src/core/kernel/effects.ts';
import { createSite } from '../../src/core/site.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Log } from '../../src/ports/log.ts';
import { createRunner } from '../../src/runtime/effects.ts';
import { createLoop } from '../../src/runtime/loop.ts';
import { guardAgainstOverload } from '../../src/runtime/overload.ts';
import { agent, campaign, centre, queue } from '../core/support/centre.ts';

/** A clock moved by hand. */
class HandClock implements Clock {
  time = 1_000;
  #timers: { at: number; action: () => void }[] = [];
  now(): number {
    return this.time;
  }
  after(delay: number, action: () => void): () => void {
    const timer = { at: this.time + delay, action };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer);
    };
  }
  async advance(ms: number): Promise<void> {
    const end = this.time + ms;
    for (;;) {
      const due = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#timers = this.#timers.filter((one) => one !== due);
      this.time = Math.max(this.time, due.at);
      due.action();
      await Promise.resolve();
    }
    this.time = end;
  }
}

const silent: Log = { log: () => {}, child: () => silent };
const site = () =>
  createSite({
    centre: centre({ queues: [queue('q')], agents: [agent('a1')], campaigns: [campaign('c', 'q')] }),
    prefix: 't',
    seed: 1,
    now: 0,
    agents: [{ agent: 'a1', state: 'ready', reason: null, extension: '101', since: 0 }],
  });

const incoming = (leg: string) =>
  ({ type: 'leg.incoming', leg, line: 'main', caller: null, callerName: null, dialled: '8000', diverted: null }) as const;

describe('the loop', () => {
  it('never re-enters who posts: effects that cause events are taken in their turn', async () => {
    const clock = new HandClock();
    const order: string[] = [];
    const loop = createLoop({
      site: site(),
      clock,
      log: silent,
      afterTurn: () => {},
      run: (effects) => {
        for (const effect of effects) {
          order.push(effect.type);
          if (effect.type === 'leg.answer') {
            loop.post({ type: 'leg.answered', leg: effect.leg });
            order.push('posted');
          }
        }
      },
    });
    loop.post(incoming('c1'));
    expect(order).toEqual([]);
    await loop.idle();
    expect(order.indexOf('posted')).toBeLessThan(order.indexOf('leg.call'));
    loop.stop();
  });

  it('one timer serves the site’s deadlines', async () => {
    const clock = new HandClock();
    const seen: Effect[] = [];
    const loop = createLoop({
      site: site(),
      clock,
      log: silent,
      afterTurn: () => {},
      run: (effects) => void seen.push(...effects),
    });
    loop.post(incoming('c1'));
    loop.post({ type: 'leg.answered', leg: 'c1' });
    await loop.idle();
    const call = seen.find((effect) => effect.type === 'leg.call');
    expect(call).toBeDefined();
    await clock.advance(20_000);
    await loop.idle();
    expect(seen.filter((effect) => effect.type === 'leg.hangup')).toMatchObject([
      { leg: call?.type === 'leg.call' ? call.leg : '' },
    ]);
    loop.stop();
  });

  it('a failing step is contained and counted, the next event is served', async () => {
    const clock = new HandClock();
    const loop = createLoop({ site: site(), clock, log: silent, afterTurn: () => {}, run: () => {} });
    loop.post({ type: 'nonsense' } as never);
    loop.post(incoming('c1'));
    await loop.idle();
    expect(loop.status()).toMatchObject({ failures: 1, processed: 2, queued: 0 });
    loop.stop();
  });
});

describe('the runner', () => {
  it('answers an order only when it is durable', async () => {
    const log: string[] = [];
    let durable: () => void = () => {};
    const run = createRunner({
      lines: { perform: () => log.push('line') },
      media: { perform: () => log.push('media') },
      journal: {
        append: () => log.push('append'),
        flush: () => new Promise((resolve) => (durable = resolve)),
      },
      log: silent,
      reply: () => log.push('reply'),
    });
    run([
      { type: 'record', record: { kind: 'live-call-ended', call: 'c' } },
      { type: 'leg.hangup', leg: 'x' },
      { type: 'reply', reply: 1, error: null },
    ]);
    expect(log).toEqual(['append', 'line']);
    durable();
    await Promise.resolve();
    await Promise.resolve();
    expect(log).toEqual(['append', 'line', 'reply']);
  });

  it('one failing effect does not keep back the others', () => {
    const done: string[] = [];
    const run = createRunner({
      lines: {
        perform: () => {
          throw new Error('broken');
        },
      },
      media: { perform: () => done.push('media') },
      journal: { append: () => {}, flush: () => Promise.resolve() },
      log: silent,
      reply: () => {},
    });
    run([
      { type: 'leg.hangup', leg: 'x' },
      { type: 'media.quiet', leg: 'x' },
    ]);
    expect(done).toEqual(['media']);
  });
});

describe('the overload guard', () => {
  it('refuses while the process is late, and takes calls again after', async () => {
    const clock = new HandClock();
    const told: boolean[] = [];
    const guard = guardAgainstOverload(clock, (on) => told.push(on));
    await clock.advance(500);
    expect(told).toEqual([]);
    for (let i = 0; i < 4; i++) {
      clock.time += 400;
      await clock.advance(0);
    }
    expect(told).toEqual([true]);
    await clock.advance(1_000);
    expect(told).toEqual([true, false]);
    guard.stop();
  });
});
