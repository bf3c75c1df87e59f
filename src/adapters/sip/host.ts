import type { URI } from 'sip.js/lib/core/index.js';
import type { LineEvent } from '../../core/kernel/events.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { Media } from '../../ports/media.ts';
import type { Leg } from './leg.ts';
import type { Randomness } from './options.ts';
import type { Settings } from './settings.ts';
import type { UserAgent } from './sipjs/types.ts';

/** What one leg asks of the adapter around it. */
export interface Host {
  readonly settings: Settings;
  readonly userAgent: UserAgent;
  readonly media: Media;
  readonly clock: Clock;
  readonly log: Log;
  readonly randomness: Randomness;
  emit(event: LineEvent): void;
  findCall(callId: string): Leg | undefined;
  add(leg: Leg): void;
  remove(leg: Leg): void;
  /** The leg goes on in a dialog of another Call-ID. */
  rename(leg: Leg, callId: string): void;
  /** Counts a request that `stop` waits for; call the result once it is answered. */
  pending(): () => void;
  /** Whether the URI names someone of our IPBX, so that its user part alone says where to call. */
  isLocal(uri: URI): boolean;
}
