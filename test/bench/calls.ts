import { caller } from '../support/scenario.ts';
import { call, type SippResult } from '../support/sipp.ts';
import { marks, rounded, spread } from './figures.ts';
import { Load } from './load.ts';
import type { Options, Report } from './run.ts';

const TALK_MS = 1_000;
// Apart from any tag that happens to hold the same digits.
const NUMBER = /(?:caller |sip:)(06\d+)/;

interface Step {
  readonly rate: number;
  /** What SIPp really offered: it is a program too, and a full machine slows it. */
  readonly offered: number;
  readonly result: SippResult;
  readonly cpuMsPerCall: number;
  readonly residentMb: number;
  readonly connectMs: readonly number[];
}

/** Offered beyond the limit, in calls/s, and for how long: what is refused must be refused at once, the rest served. */
const SHED = { limit: 300, offered: 450, seconds: 10 };

const shedding = async (agents: number): Promise<Report> => {
  const load = await Load.start({
    agents,
    behaviour: { does: 'answer', ringMs: 0, talkMs: null },
    newCallsPerSecond: SHED.limit,
  });
  try {
    const calls = SHED.offered * SHED.seconds;
    const { successful, failed, log } = await call({
      scenario: caller({ talkMs: TALK_MS, mayBeShed: true }),
      target: load.daemon.hostPort,
      service: '8000',
      calls,
      callsPerSecond: SHED.offered,
      limitSeconds: SHED.seconds + 40,
    });
    const refused = log.filter((line) => line.includes('shed')).length;
    return { limit_cps: SHED.limit, offered_cps: SHED.offered, answered: successful - refused, refused, failed };
  } finally {
    await load.stop();
  }
};

/**
 * SIPp callers → daemon → queue → SIPp agents, 1 s of talk, the rate raised until a call fails. There are 200 agents up to
 * 150 calls/s; above, a third more than the rate, since an agent who talks for a second takes no more than one call a second.
 * Options: from, to, step (calls/s), seconds (of each rate), agents.
 */
export const run = async (options: Options, say: (line: string) => void): Promise<Report> => {
  const from = options.get('from') ?? 100;
  const to = options.get('to') ?? 500;
  const by = options.get('step') ?? 50;
  const seconds = options.get('seconds') ?? 15;
  const agents = options.get('agents') ?? Math.min(900, Math.max(200, Math.ceil((to * 4) / 3)));
  const load = await Load.start({
    agents,
    behaviour: { does: 'answer', ringMs: 0, talkMs: null, traced: true },
    newCallsPerSecond: 100_000,
  });
  const { daemon } = load;
  let stopped = false;
  const stop = async (): Promise<void> => {
    if (!stopped) await load.stop();
    stopped = true;
  };

  const attempt = async (rate: number, calls: number): Promise<Step> => {
    const seen = load.phones.result().log.length;
    const cpu = daemon.cpuMs();
    const result = await call({
      scenario: caller({ talkMs: TALK_MS, traced: true }),
      target: daemon.hostPort,
      service: '8000',
      calls,
      callsPerSecond: rate,
      limitSeconds: Math.ceil(calls / rate) + 40,
    });
    await daemon.settled();
    const answered = new Map(marks(load.phones.result().log.slice(seen), NUMBER).map(({ number, at }) => [number, at]));
    const begun = marks(result.log, NUMBER);
    const offered = ((begun.length - 1) * 1000) / ((begun.at(-1)?.at ?? 0) - (begun[0]?.at ?? 0));
    const connectMs = begun.flatMap(({ number, at }) => {
      const end = answered.get(number);
      return end === undefined ? [] : [end - at];
    });
    return { rate, offered, result, cpuMsPerCall: (daemon.cpuMs() - cpu) / calls, residentMb: daemon.residentMb(), connectMs };
  };

  try {
    // The first calls pay for compilation.
    await attempt(100, 500);
    let best: Step | null = null;
    for (let rate = from; rate <= to; rate += by) {
      const step = await attempt(rate, rate * seconds);
      const { failed, successful } = step.result;
      const ok = failed === 0 && successful === rate * seconds && step.connectMs.length === successful;
      if (step.connectMs.length !== successful) say(`${successful - step.connectMs.length} callers never reached an agent`);
      const { p50, p99 } = spread(step.connectMs);
      say(
        `${rate} calls/s: ${failed} failed of ${rate * seconds}, ${rounded(step.cpuMsPerCall)} ms of processor a call, connect ${p50} ms (p99 ${p99})`,
      );
      if (step.offered < rate * 0.98) {
        say('The generator could not keep the rate: the machine is the limit.');
        break;
      }
      if (!ok) {
        if (step.result.errors !== '') say(step.result.errors.slice(0, 400));
        break;
      }
      best = step;
    }
    if (best === null) throw new Error(`Calls failed at ${from} calls/s already.`);
    await stop();
    const shed = await shedding(agents);
    return {
      sustained_cps: best.rate,
      failed: best.result.failed,
      cpu_ms_per_call: rounded(best.cpuMsPerCall),
      connect_ms: spread(best.connectMs),
      rss_mb: Math.round(best.residentMb),
      agents,
      talk_s: TALK_MS / 1000,
      shedding: shed,
    };
  } finally {
    await stop();
  }
};
