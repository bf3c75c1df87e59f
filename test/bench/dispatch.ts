import { setTimeout as sleep } from 'node:timers/promises';
import { caller } from '../support/scenario.ts';
import { Sipp } from '../support/sipp.ts';
import { marks, percentile, rounded } from './figures.ts';
import { Load } from './load.ts';
import type { Options, Report } from './run.ts';

const EXTENSION = /sip:(1\d{3})@/;

/**
 * Agents that always have somebody waiting: how long from an agent's BYE to the next INVITE at the same telephone, and how many
 * calls a second that makes of the ideal. Options: agents, waiting, talk (seconds), seconds.
 */
export const run = async (options: Options, say: (line: string) => void): Promise<Report> => {
  const agents = options.get('agents') ?? 20;
  const waiting = options.get('waiting') ?? 40;
  const talkSeconds = options.get('talk') ?? 3;
  const seconds = options.get('seconds') ?? 60;
  const load = await Load.start({
    agents,
    behaviour: { does: 'answer', ringMs: 0, talkMs: talkSeconds * 1000, marked: true },
  });
  try {
    const callers = await Sipp.start({
      scenario: caller({ talkMs: 600_000 }),
      target: load.daemon.hostPort,
      service: '8000',
      // Twenty a second until all are there: the agents' conversations end one after the other, as in life, not in one volley.
      callsPerSecond: 20,
      limit: agents + waiting,
    });
    await load.daemon.until(
      'all agents to talk',
      ({ queues }) => queues[0]?.agentsTalking === agents && queues[0].waiting >= waiting - agents,
    );
    say(`${agents} agents talk, ${waiting} callers wait; measuring for ${seconds} s`);
    // The first round: everybody was called at the same moment.
    await sleep(talkSeconds * 1000);
    const seen = load.phones.result().log.length;
    await sleep(seconds * 1000);
    const found = marks(load.phones.result().log.slice(seen), EXTENSION);
    await callers.program.stop('SIGKILL');

    const left = new Map<string, number>();
    const gaps: number[] = [];
    const cycles: number[] = [];
    const ended = new Map<string, number>();
    for (const { kind, number, at } of found) {
      if (kind === 'bye') {
        left.set(number, at);
        const previous = ended.get(number);
        if (previous !== undefined) cycles.push(at - previous);
        ended.set(number, at);
      } else if (kind === 'offered') {
        const since = left.get(number);
        if (since !== undefined) gaps.push(at - since);
        left.delete(number);
      }
    }
    // From one BYE of an agent to the next: talk, gap and set-up. The ideal is talk alone.
    const perSecond = (agents * 1000 * cycles.length) / cycles.reduce((sum, cycle) => sum + cycle, 0);
    const ideal = agents / talkSeconds;
    return {
      gap_ms: {
        p50: rounded(percentile(gaps, 0.5)),
        p99: rounded(percentile(gaps, 0.99)),
        max: rounded(percentile(gaps, 1)),
      },
      calls_per_s: rounded(perSecond, 3),
      ideal_per_s: rounded(ideal, 3),
      share_of_ideal: rounded(perSecond / ideal, 4),
      calls: gaps.length,
    };
  } finally {
    await load.stop();
  }
};
