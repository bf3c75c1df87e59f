import type { Duration } from '../../core/kernel/time.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Lines } from '../../ports/lines.ts';

/** Why new calls are refused; they are taken while there is no reason. */
export type RefusalReason = 'draining' | 'late' | 'full';

export interface Admission {
  set(reason: RefusalReason, on: boolean): void;
  reasons(): readonly RefusalReason[];
}

/** Several watch over what comes in; one reason is enough to refuse. */
export function createAdmission(
  lines: Pick<Lines, 'refuseNewCalls'>,
  told: (reasons: readonly RefusalReason[]) => void,
): Admission {
  const reasons = new Set<RefusalReason>();
  return {
    reasons: () => [...reasons],
    set(reason, on) {
      if (reasons.has(reason) === on) return;
      if (on) reasons.add(reason);
      else reasons.delete(reason);
      lines.refuseNewCalls(reasons.size > 0);
      told([...reasons]);
    },
  };
}

/** Resolves when `done` becomes true (looked at by `check`, after each turn of the loop), or after `timeoutMs`. */
export function createWait(clock: Clock): { check(): void; until(done: () => boolean, timeoutMs: Duration): Promise<boolean> } {
  const waiting = new Set<{ readonly done: () => boolean; readonly resolve: (reached: boolean) => void }>();
  return {
    check() {
      for (const one of waiting) if (one.done()) one.resolve(true);
    },
    until(done, timeoutMs) {
      if (done()) return Promise.resolve(true);
      return new Promise((resolve) => {
        const one = {
          done,
          resolve(reached: boolean) {
            waiting.delete(one);
            cancel();
            resolve(reached);
          },
        };
        const cancel = clock.after(timeoutMs, () => one.resolve(false));
        waiting.add(one);
      });
    },
  };
}
