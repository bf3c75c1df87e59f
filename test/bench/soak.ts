import { caller } from '../support/scenario.ts';
import { call } from '../support/sipp.ts';
import { Load } from './load.ts';
import type { Options, Report } from './run.ts';

/** Many calls at a steady rate: what the daemon holds after a quarter of them and after all. Options: calls, rate. */
export const run = async (options: Options, say: (line: string) => void): Promise<Report> => {
  const calls = options.get('calls') ?? 20_000;
  const rate = options.get('rate') ?? 100;
  const load = await Load.start({
    agents: Math.ceil(rate * 1.5),
    behaviour: { does: 'answer', ringMs: 0, talkMs: null },
    newCallsPerSecond: 100_000,
  });
  const { daemon } = load;
  const states: { share: number; rss_mb: number; handles: number }[] = [];
  let failed = 0;
  try {
    let done = 0;
    for (const share of [0.25, 0.5, 0.75, 1]) {
      const part = Math.round(calls * share) - done;
      const result = await call({
        scenario: caller({ talkMs: 1_000 }),
        target: daemon.hostPort,
        service: '8000',
        calls: part,
        callsPerSecond: rate,
        limitSeconds: Math.ceil(part / rate) + 60,
      });
      done += part;
      failed += part - result.successful;
      await daemon.settled();
      const state = { share, rss_mb: Math.round(daemon.residentMb()), handles: load.handles() };
      states.push(state);
      say(`${done} calls: ${state.rss_mb} MB resident, ${state.handles} open handles, ${failed} failed`);
    }
    const at = (share: number) => states.find((state) => state.share === share);
    return {
      calls,
      failed,
      rss_mb: { at25: at(0.25)?.rss_mb, at100: at(1)?.rss_mb },
      handles: { at25: at(0.25)?.handles, at100: at(1)?.handles },
      calls_per_s: rate,
    };
  } finally {
    await load.stop();
  }
};
