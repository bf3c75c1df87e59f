import type { TransportCounters } from './types.ts';

export const newCounters = (): TransportCounters => ({
  received: 0,
  sent: 0,
  retransmitted: 0,
  absorbed: 0,
  keepAlives: 0,
  connections: 0,
  failovers: 0,
  socketErrors: 0,
  dropped: { source: 0, 'too-large': 0, 'not-sip': 0, via: 0, unroutable: 0, framing: 0, overflow: 0, handler: 0 },
});
