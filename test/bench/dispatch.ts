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
      arguments: ['-users', String(agents + waiting)],
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
    const ends: number[] = [];
    for (const { kind, number, at } of found) {
      if (kind === 'bye') {
        left.set(number, at);
        ends.push(at);
      } else if (kind === 'offered') {
        const since = left.get(number);
        if (since !== undefined) gaps.push(at - since);
        left.delete(number);
      }
    }
    const first = ends[0] ?? 0;
    const last = ends.at(-1) ?? 0;
    const perSecond = ((ends.length - 1) * 1000) / (last - first);
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
      calls: ends.length,
    };
  } finally {
    await load.stop();
  }
};
