import { systemClock } from '../../../src/adapters/clock/clock.ts';
import { createSipLines, type SipLines } from '../../../src/adapters/sip/lines.ts';
import type { SipLineOptions, SipLinesOptions } from '../../../src/adapters/sip/options.ts';
import type { LineEffect } from '../../../src/core/kernel/effects.ts';
import type { LineEvent } from '../../../src/core/kernel/events.ts';
import type { Log } from '../../../src/ports/log.ts';
import { FakeMedia } from './fake-media.ts';
import { Peer } from './peer.ts';

type Of<Type extends LineEvent['type']> = Extract<LineEvent, { type: Type }>;

/** The events of an adapter under test, to be waited for in any order. */
export class Events {
  readonly all: LineEvent[] = [];
  #unread: LineEvent[] = [];
  #waiters: { matches: (event: LineEvent) => boolean; resolve: (event: LineEvent) => void }[] = [];
  /** Sees each event first, as the core would. */
  react: (event: LineEvent) => void = () => {};

  push = (event: LineEvent): void => {
    this.all.push(event);
    const index = this.#waiters.findIndex((waiter) => waiter.matches(event));
    if (index < 0) this.#unread.push(event);
    else this.#waiters.splice(index, 1)[0]?.resolve(event);
    this.react(event);
  };

  next<Type extends LineEvent['type']>(type: Type, where: (event: Of<Type>) => boolean = () => true): Promise<Of<Type>> {
    const matches = (event: LineEvent): boolean => event.type === type && where(event as Of<Type>);
    const index = this.#unread.findIndex(matches);
    const [found] = index < 0 ? [] : this.#unread.splice(index, 1);
    if (found !== undefined) return Promise.resolve(found as Of<Type>);
    return new Promise((resolve) => {
      this.#waiters.push({ matches, resolve: (event) => resolve(event as Of<Type>) });
    });
  }

  of<Type extends LineEvent['type']>(type: Type): Of<Type>[] {
    return this.all.filter((event): event is Of<Type> => event.type === type);
  }
}

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export function memoryLog(lines: LogLine[]): Log {
  const log: Log = {
    log: (level, message, fields = {}) => void lines.push({ level, message, fields }),
    child: () => log,
  };
  return log;
}

export interface Rig {
  readonly lines: SipLines;
  readonly events: Events;
  readonly media: FakeMedia;
  readonly peer: Peer;
  readonly log: readonly LogLine[];
  order(effect: LineEffect): void;
  close(): Promise<void>;
}

/** Short timers: what RFC 3261 gives 32 s is over after 64 × 20 ms. */
export const QUICK = { t1Ms: 20, t2Ms: 80, t4Ms: 100 };

export const lineOptions = (changes: Partial<SipLineOptions> = {}): SipLineOptions => ({
  id: 'main',
  user: 'line',
  password: 'secret',
  channels: 1_000,
  register: true,
  ...changes,
});

export interface RigOptions extends Partial<SipLinesOptions> {
  readonly media?: FakeMedia;
  readonly peer?: Peer;
}

/** Lines that talk to a scripted peer on loopback. */
export async function rig({ media = new FakeMedia(), peer, ...changes }: RigOptions = {}): Promise<Rig> {
  const far = peer ?? (await Peer.open());
  const events = new Events();
  const log: LogLine[] = [];
  const lines = createSipLines(
    {
      protocol: 'UDP',
      listen: { address: '127.0.0.1', port: 0 },
      ipbx: [{ host: '127.0.0.1', port: far.port }],
      domain: 'ipbx.test',
      lines: [lineOptions()],
      timers: QUICK,
      auditIntervalMs: 60_000,
      ...changes,
    },
    { media, clock: systemClock(), log: memoryLog(log), randomness: Math.random },
  );
  await lines.start(events.push);
  far.target = lines.wire.local.port;
  return {
    lines,
    events,
    media,
    peer: far,
    log,
    order: (effect) => lines.perform(effect),
    close: async () => {
      // What is still open is let go of at once.
      far.automatic = (message) => {
        if (message.status === null && message.method !== 'ACK') far.answer(message, 200);
        return true;
      };
      await lines.stop();
      far.close();
    },
  };
}
