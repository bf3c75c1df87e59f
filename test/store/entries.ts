import type { CallRow, JournalEntry, LiveCall } from '../../src/core/kernel/journal.ts';
import type { Log } from '../../src/ports/log.ts';

export const silentLog: Log = { log: () => undefined, child: () => silentLog };

/** Everything that one answered call writes, in order: about what the daemon writes, 14 entries. */
export const callEntries = (call: string, at: number): readonly JournalEntry[] => {
  const arrival: CallRow = {
    call,
    campaign: 'sales',
    queue: null,
    agent: null,
    line: 'main',
    caller: '0600000000',
    dialled: '100',
    arrivedAt: at,
    answeredAt: null,
    queuedAt: null,
    bridgedAt: null,
    endedAt: null,
    outcome: null,
    stage: null,
    endedBy: null,
    waitMs: null,
    talkMs: null,
    holdMs: null,
    transfers: 0,
  };
  const live: LiveCall = {
    call,
    campaign: 'sales',
    state: 'queued',
    callerLeg: `${call}-a`,
    agentLeg: null,
    agent: null,
    queue: 'sales',
    place: at,
    priority: 0,
    caller: '0600000000',
    dialled: '100',
    line: 'main',
    arrivedAt: at,
    queuedAt: at + 5,
    bridgedAt: null,
  };
  const event = (sequence: number, name: 'offered' | 'queued' | 'agent-offered' | 'bridged' | 'ended'): JournalEntry => ({
    kind: 'call-event',
    call,
    sequence,
    at: at + sequence,
    event: name,
    queue: 'sales',
    agent: sequence > 2 ? 'ada' : null,
    leg: `${call}-a`,
    detail: null,
  });
  const action = (counter: number, name: 'ringing' | 'talking' | 'ready'): JournalEntry => ({
    kind: 'agent-action',
    action: `1-${call}-${counter}`,
    agent: 'ada',
    at: at + counter,
    event: name,
    reason: null,
    call,
    by: 'system',
  });
  return [
    { kind: 'call', row: arrival },
    event(1, 'offered'),
    event(2, 'queued'),
    { kind: 'live-call', live },
    event(3, 'agent-offered'),
    action(1, 'ringing'),
    { kind: 'live-call', live: { ...live, state: 'offered', agent: 'ada', agentLeg: `${call}-b` } },
    event(4, 'bridged'),
    action(2, 'talking'),
    { kind: 'live-call', live: { ...live, state: 'bridged', agent: 'ada', agentLeg: `${call}-b`, bridgedAt: at + 9 } },
    event(5, 'ended'),
    action(3, 'ready'),
    {
      kind: 'call',
      row: {
        ...arrival,
        queue: 'sales',
        agent: 'ada',
        answeredAt: at + 1,
        queuedAt: at + 5,
        bridgedAt: at + 9,
        endedAt: at + 1_009,
        outcome: 'answered',
        stage: 'conversation',
        endedBy: 'caller',
        waitMs: 4,
        talkMs: 1_000,
        holdMs: 0,
      },
    },
    { kind: 'live-call-ended', call },
  ];
};
