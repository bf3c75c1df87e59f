import type { AgentView, QueueView, Totals } from '../../../src/core/kernel/view.ts';
import type { StatusDocument } from '../../../src/wire/control.ts';

const AT = 1_800_000_000_000;

const totals = (changes: Partial<Totals> = {}): Totals => ({
  offered: 0,
  answered: 0,
  abandoned: 0,
  overflowed: 0,
  deterred: 0,
  lost: 0,
  inProgress: 0,
  ...changes,
});

const agent = (id: string, changes: Partial<AgentView>): AgentView => ({
  agent: id,
  name: id,
  extension: '101',
  state: 'ready',
  reason: null,
  reachable: true,
  since: AT - 65_000,
  call: null,
  callsAnswered: 0,
  ringNoAnswers: 0,
  ...changes,
});

const queue = (id: string, changes: Partial<QueueView>): QueueView => ({
  queue: id,
  name: id,
  waiting: 0,
  ringing: 0,
  talking: 0,
  longestWaitMs: 0,
  estimatedWaitMs: null,
  agentsReady: 0,
  agentsTalking: 0,
  agentsPaused: 0,
  agentsSignedIn: 0,
  totals: totals(),
  serviceLevel: null,
  asaMs: null,
  ...changes,
});

/** A node in the middle of its day, with something of everything. */
export const aStatus = (changes: Partial<StatusDocument> = {}): StatusDocument => ({
  version: '1.2.3',
  node: 'srv1',
  pid: 4_242,
  startedAt: AT - 7_380_000,
  uptimeMs: 7_380_000,
  site: {
    at: AT,
    draining: false,
    queues: [
      queue('sales', {
        waiting: 2,
        ringing: 1,
        talking: 1,
        longestWaitMs: 42_300,
        estimatedWaitMs: 90_000,
        agentsReady: 1,
        agentsTalking: 1,
        agentsSignedIn: 3,
        totals: totals({ offered: 120, answered: 101, abandoned: 12, overflowed: 4, inProgress: 3 }),
        serviceLevel: 0.876,
        asaMs: 11_400,
      }),
      queue('support', {}),
    ],
    agents: [
      agent('bruno', { state: 'paused', reason: 'lunch' }),
      agent('anna', { state: 'talking', call: 'c-1', callsAnswered: 31 }),
      agent('chloe', { state: 'ready', reachable: false, ringNoAnswers: 2 }),
      agent('denis', { state: 'signed-out' }),
    ],
    calls: [
      {
        call: 'c-1',
        state: 'bridged',
        campaign: 'sales',
        queue: 'sales',
        position: null,
        agent: 'anna',
        line: 'main',
        caller: '0612345678',
        dialled: '0199000001',
        arrivedAt: AT - 60_000,
        since: AT - 50_000,
      },
      {
        call: 'c-2',
        state: 'queued',
        campaign: 'sales',
        queue: 'sales',
        position: 1,
        agent: null,
        line: 'main',
        caller: null,
        dialled: '0199000001',
        arrivedAt: AT - 42_300,
        since: AT - 42_300,
      },
    ],
    totals: totals({ offered: 120, answered: 101, abandoned: 12, overflowed: 4, inProgress: 3 }),
  },
  lines: [
    { line: 'main', kind: 'sip', registered: true, reason: null, channelsInUse: 4, channels: 30 },
    { line: 'spare', kind: 'sip', registered: false, reason: '403 Forbidden', channelsInUse: 0, channels: 10 },
  ],
  journal: { databaseReachable: false, queued: 0, spooled: 17, written: 900 },
  media: { streams: 4, portsFree: 196, bridges: 1 },
  ...changes,
});
