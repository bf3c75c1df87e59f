/**
 * How many bridged calls the media thread carries, each with two-way sound of 50 packets a second. The telephones are
 * one more process on the same machine, whose own work and delays are in the figures.
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createMedia } from '../../src/adapters/rtp/media.ts';
import type { RtpMedia } from '../../src/adapters/rtp/media.ts';
import type { Log } from '../../src/ports/log.ts';
import type { GeneratorOrder, GeneratorReport } from '../media/generator.ts';

const FIRST_STEP = 200;
const STEP = 100;
const FINE_STEP = 25;
const MOST = 2_000;
const MEASURE_MS = 5_000;
const MAX_LOSS_PCT = 0.1;
const MAX_P99_MS = 10;
const DEADLINE_MS = 150_000;

const silent: Log = { log: () => undefined, child: () => silent };

interface Level {
  readonly calls: number;
  readonly lossPct: number;
  readonly p50: number;
  readonly p99: number;
  readonly cpuPct: number;
}

type Report<T extends GeneratorReport['t']> = Extract<GeneratorReport, { t: T }>;

const next = async <T extends GeneratorReport['t']>(child: ChildProcess, type: T): Promise<Report<T>> => {
  for (;;) {
    const [report] = (await once(child, 'message')) as [GeneratorReport];
    if (report.t === type) return report as Report<T>;
  }
};

class Bench {
  readonly #media: RtpMedia;
  readonly #telephones: ChildProcess;
  readonly #farPorts: readonly number[];
  readonly #legPorts: number[] = [];

  constructor(media: RtpMedia, telephones: ChildProcess, farPorts: readonly number[]) {
    this.#media = media;
    this.#telephones = telephones;
    this.#farPorts = farPorts;
  }

  /** Adds calls, never takes any away: the search only goes up, and back by leaving the last ones out. */
  async level(calls: number): Promise<Level> {
    for (let call = this.#legPorts.length / 2; call < calls; call++) {
      for (const leg of [2 * call, 2 * call + 1]) await this.#openLeg(leg);
      this.#media.perform({ type: 'media.bridge', first: `${2 * call}`, second: `${2 * call + 1}` });
    }
    this.#order({ t: 'legs', ports: this.#legPorts.slice(0, 2 * calls) });
    const cpu = process.cpuUsage();
    const begun = performance.now();
    this.#order({ t: 'measure', durationMs: MEASURE_MS });
    const { sent, received, p50, p99, ownCpu } = await next(this.#telephones, 'measured');
    const used = process.cpuUsage(cpu);
    // The second of warming up is work too; the half second of waiting for the last packets is not.
    const busyMs = performance.now() - begun - 500;
    const cpuPct = (used.user + used.system) / 10 / busyMs;
    const lossPct = (100 * (sent - received)) / sent;
    console.log(
      `${calls} calls: loss ${lossPct.toFixed(3)} %, delay p50 ${p50.toFixed(2)} p99 ${p99.toFixed(2)} ms, ` +
        `media ${cpuPct.toFixed(0)} % of a core, telephones ${(100 * ownCpu).toFixed(0)} %, ` +
        `${(sent / (MEASURE_MS / 1_000)).toFixed(0)} packets/s`,
    );
    return { calls, lossPct, p50, p99, cpuPct };
  }

  async #openLeg(leg: number): Promise<void> {
    // The pool binds ahead of need, not ahead of a thousand calls in one turn of the loop.
    for (let attempt = 0; ; attempt++) {
      try {
        this.#legPorts.push(this.#media.open(`${leg}`).port);
        break;
      } catch (error) {
        if (attempt === 200) throw error;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    }
    this.#media.connect(`${leg}`, {
      address: '127.0.0.1',
      port: this.#farPorts[leg % this.#farPorts.length] as number,
      codec: 'PCMA',
      payloadType: 8,
      telephoneEventType: 101,
      direction: 'sendrecv',
    });
  }

  #order(order: GeneratorOrder): void {
    this.#telephones.send(order);
  }
}

const holds = (level: Level): boolean => level.lossPct < MAX_LOSS_PCT && level.p99 <= MAX_P99_MS;

/** Up in great steps to the first level that does not hold, then up in small ones from the last that did. */
const search = async (bench: Bench): Promise<Level | null> => {
  const deadline = performance.now() + DEADLINE_MS;
  let best: Level | null = null;
  let step = STEP;
  for (let calls = FIRST_STEP; calls <= MOST && performance.now() < deadline; calls += step) {
    let level = await bench.level(calls);
    // Once more before giving up: a neighbour's burst on a shared machine is not our limit.
    if (!holds(level)) level = await bench.level(calls);
    if (holds(level)) best = level;
    else if (step === STEP && best !== null) {
      step = FINE_STEP;
      calls = best.calls;
    } else break;
  }
  return best;
};

const round = (value: number): number => Math.round(value * 1_000) / 1_000;

export async function run(): Promise<object> {
  const media = createMedia({ address: '127.0.0.1', ports: { first: 34_000, last: 34_000 + 4 * MOST + 1 } }, { log: silent });
  const telephones = fork(fileURLToPath(new URL('../media/generator.ts', import.meta.url)), { execArgv: [], stdio: 'inherit' });
  try {
    const listening = next(telephones, 'listening');
    await media.start(() => undefined);
    const best = await search(new Bench(media, telephones, (await listening).ports));
    if (best === null) throw new Error(`Not even ${FIRST_STEP} calls hold on this machine.`);
    return {
      bench: 'media',
      calls: best.calls,
      loss_pct: round(best.lossPct),
      added_delay_ms: { p50: round(best.p50), p99: round(best.p99) },
      cpu_pct_per_call: round(best.cpuPct / best.calls),
    };
  } finally {
    await media.stop();
    telephones.disconnect();
  }
}
