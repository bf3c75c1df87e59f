import { unreachable } from '../core/kernel/assert.ts';
import type { Effect } from '../core/kernel/effects.ts';
import type { Lines } from '../ports/lines.ts';
import type { Log } from '../ports/log.ts';
import type { Media } from '../ports/media.ts';
import type { Journal } from '../ports/store.ts';

/** Answer to an order; null: done. `detail` is the error's fields as JSON. */
export type ReplyError = { readonly code: string; readonly detail: string } | null;

export interface RunnerPorts {
  readonly lines: Pick<Lines, 'perform'>;
  readonly media: Pick<Media, 'perform'>;
  readonly journal: Pick<Journal, 'append' | 'flush'>;
  readonly log: Log;
  readonly reply: (reply: number, error: ReplyError) => void;
}

/**
 * Carries out effects in their order: the site puts what must be written before the orders that depend on it. An order of
 * a person is answered when what it changed is durable, in the database or in the node's spool.
 */
export function createRunner({ lines, media, journal, log, reply }: RunnerPorts): (effects: readonly Effect[]) => void {
  const perform = (effect: Effect): void => {
    switch (effect.type) {
      case 'record':
        return journal.append(effect.record);
      case 'reply':
        return void journal.flush().then(
          () => reply(effect.reply, effect.error),
          (error: unknown) => {
            log.log('error', 'An order could not be made durable', { error });
            reply(effect.reply, { code: 'STO_UNAVAILABLE', detail: '{"detail":"the order is in memory only"}' });
          },
        );
      case 'media.play':
      case 'media.bridge':
      case 'media.quiet':
        return media.perform(effect);
      case 'leg.ring':
      case 'leg.answer':
      case 'leg.refuse':
      case 'leg.call':
      case 'leg.hangup':
      case 'leg.transferOutcome':
      case 'leg.direct':
      case 'leg.relay':
      case 'leg.probe':
      case 'extension.probe':
        return lines.perform(effect);
      default:
        return unreachable(effect);
    }
  };
  return (effects) => {
    for (const effect of effects) {
      try {
        perform(effect);
      } catch (error) {
        log.log('error', 'An effect failed', { effect: effect.type, error });
      }
    }
  };
}
