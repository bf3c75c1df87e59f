import { Timers } from 'sip.js/lib/core/index.js';
import type { TransactionTimers } from '../wire/types.ts';

/**
 * sip.js sets D, I, J and K to zero, their value on reliable transports (RFC 3261 §17, table 4).
 *
 * D and K get what UDP needs; on a stream they only keep a little memory a little longer, and sip.js has one set for all
 * transports. I and J stay at zero on purpose: absorbing retransmitted requests is done by the wire's table of last
 * responses (`wire/answered.ts`), which keeps one text where sip.js would keep the request, its dialog and its closures.
 */
export function installTimers({ t1Ms, t2Ms, t4Ms }: TransactionTimers): void {
  Object.assign(Timers, {
    T1: t1Ms,
    T2: t2Ms,
    T4: t4Ms,
    TIMER_B: 64 * t1Ms,
    TIMER_D: 64 * t1Ms,
    TIMER_F: 64 * t1Ms,
    TIMER_H: 64 * t1Ms,
    TIMER_I: 0,
    TIMER_J: 0,
    TIMER_K: t4Ms,
    TIMER_L: 64 * t1Ms,
    TIMER_M: 64 * t1Ms,
    TIMER_N: 64 * t1Ms,
  });
}
