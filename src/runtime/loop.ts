import type { Effect } from '../core/kernel/effects.ts';
import type { SiteEvent } from '../core/kernel/events.ts';
import type { Duration } from '../core/kernel/time.ts';
import { nextDeadline, step } from '../core/site.ts';
import type { Site } from '../core/site.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';

/** Events that may wait; reaching it means that the process is far behind, and new calls have long been refused. */
const QUEUE_LIMIT = 100_000;
/** How long one turn may run before other work of the process (sockets, timers) gets its share. */
const TURN_MS: Duration = 8;
/** Longest sleep: a deadline is looked for again at least this often. */
const LONGEST_SLEEP: Duration = 60_000;

export interface LoopStatus {
  readonly queued: number;
  readonly processed: number;
  /** Steps that failed an assertion; each is in the log. */
  readonly failures: number;
  /** Events dropped because the queue was full. */
  readonly dropped: number;
}

export interface Loop {
  post(event: SiteEvent): void;
  /** Runs when nothing is queued any more. */
  idle(): Promise<void>;
  status(): LoopStatus;
  stop(): void;
}

export interface LoopOptions {
  readonly site: Site;
  readonly clock: Clock;
  readonly log: Log;
  /** Carries out the effects of one step, in order. Must not throw. */
  readonly run: (effects: readonly Effect[]) => void;
  /** After each turn, e.g. to see whether a drain is over. */
  readonly afterTurn: () => void;
}

/**
 * The one place where events meet the site. Events are queued and taken in turns outside the stack of whoever posts them,
 * so that an adapter is never re-entered. One timer serves all the site's deadlines.
 */
export function createLoop({ site, clock, log, run, afterTurn }: LoopOptions): Loop {
  let queue: SiteEvent[] = [];
  let head = 0;
  let scheduled = false;
  let stopped = false;
  let processed = 0;
  let failures = 0;
  let dropped = 0;
  let cancelTimer: (() => void) | null = null;
  let timerAt = Number.POSITIVE_INFINITY;
  const waiting: (() => void)[] = [];

  const schedule = (): void => {
    if (scheduled || stopped) return;
    scheduled = true;
    queueMicrotask(turn);
  };

  const one = (event: SiteEvent): void => {
    processed += 1;
    try {
      run(step(site, event, clock.now()));
    } catch (error) {
      // A step that fails is a bug. The calls it did not touch must go on: it is recorded, and the audit heals the rest.
      failures += 1;
      log.log('error', 'A step of the site failed', { event: event.type, error });
      run([...site.records, ...site.orders]);
      site.records = [];
      site.orders = [];
    }
  };

  const turn = (): void => {
    scheduled = false;
    const until = clock.now() + TURN_MS;
    while (head < queue.length && !stopped) {
      one(queue[head++]!);
      if ((head & 15) === 0 && clock.now() > until) break;
    }
    if (head < queue.length) {
      if (head > 1024) {
        queue = queue.slice(head);
        head = 0;
      }
      scheduled = true;
      clock.after(0, turn);
    } else {
      queue = [];
      head = 0;
      while (waiting.length > 0) waiting.shift()!();
    }
    armTimer();
    afterTurn();
  };

  const armTimer = (): void => {
    const now = clock.now();
    const at = Math.min(nextDeadline(site) ?? Number.POSITIVE_INFINITY, now + LONGEST_SLEEP);
    if (stopped || (at >= timerAt && timerAt >= now)) return;
    cancelTimer?.();
    timerAt = at;
    cancelTimer = clock.after(Math.max(0, at - now), () => {
      timerAt = Number.POSITIVE_INFINITY;
      cancelTimer = null;
      post({ type: 'tick' });
    });
  };

  const post = (event: SiteEvent): void => {
    if (stopped) return;
    if (queue.length - head >= QUEUE_LIMIT) {
      dropped += 1;
      return;
    }
    queue.push(event);
    schedule();
  };

  armTimer();
  return {
    post,
    idle: () =>
      new Promise((resolve) => {
        if (!scheduled && head >= queue.length) resolve();
        else waiting.push(resolve);
      }),
    status: () => ({ queued: queue.length - head, processed, failures, dropped }),
    stop: () => {
      stopped = true;
      cancelTimer?.();
      while (waiting.length > 0) waiting.shift()!();
    },
  };
}
