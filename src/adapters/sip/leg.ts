import type { SessionDialog } from 'sip.js/lib/core/index.js';
import type { EndCause, FailureCause } from '../../core/kernel/events.ts';
import type { LegId } from '../../core/kernel/ids.ts';
import type { Duration } from '../../core/kernel/time.ts';
import { Conversation } from './conversation.ts';
import type { Host } from './host.ts';
import type { IncomingCall } from './incoming.ts';
import type { Line } from './line.ts';
import { Sound } from './sound.ts';

/**
 * `early`: invited, nobody has answered. `answered`: our 200 is out, the ACK is awaited. `over`: told to the core; what is
 * still owed to the far end (a CANCEL after its first response, a BYE after its ACK) is done without the core knowing.
 */
export type Phase = 'early' | 'answered' | 'established' | 'over';

/** One side of a call on a SIP line, whichever way it was set up. */
export class Leg {
  readonly id: LegId;
  readonly line: Line;
  readonly host: Host;
  /** Of the dialog; changes when another one takes its place. */
  callId: string;
  readonly outgoing: boolean;
  readonly sound: Sound;
  readonly conversation: Conversation;
  incoming: IncomingCall | null = null;
  session: SessionDialog | null = null;
  phase: Phase = 'early';
  /** Lets go of the far end in the words that the phase asks for: a refusal, a CANCEL, a BYE. */
  release: () => void = () => {};
  #timers: Set<() => void> | null = null;

  constructor(id: LegId, line: Line, host: Host, callId: string, outgoing: boolean) {
    this.id = id;
    this.line = line;
    this.host = host;
    this.callId = callId;
    this.outgoing = outgoing;
    this.sound = new Sound(host.media, id, host.settings.codecs, 1 + Math.floor(host.randomness() * 2_147_483_646));
    this.conversation = new Conversation(this);
  }

  get over(): boolean {
    return this.phase === 'over';
  }

  /** A timer that dies with the leg. */
  after(delay: Duration, action: () => void): () => void {
    this.#timers ??= new Set();
    const timers = this.#timers;
    const stop = this.host.clock.after(delay, () => {
      timers.delete(cancel);
      action();
    });
    const cancel = (): void => {
      timers.delete(cancel);
      stop();
    };
    timers.add(cancel);
    return cancel;
  }

  hangup(): void {
    if (this.over) return;
    const { release } = this;
    // Told first: whatever the far end says from now on finds the leg over, and no second event is sent.
    this.end('local');
    release();
  }

  /** An established or incoming leg is gone. */
  end(cause: EndCause): void {
    if (this.#close()) this.host.emit({ type: 'leg.ended', leg: this.id, cause });
  }

  /** An outgoing leg that never was answered is gone. */
  fail(cause: FailureCause, status: number | null): void {
    if (this.#close()) this.host.emit({ type: 'leg.failed', leg: this.id, cause, status });
  }

  #close(): boolean {
    if (this.over) return false;
    this.phase = 'over';
    for (const cancel of [...(this.#timers ?? [])]) cancel();
    this.host.remove(this);
    this.sound.close();
    return true;
  }
}
