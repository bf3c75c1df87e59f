/**
 * How many bridged calls the media thread carries, each with two-way sound of 50 packets a second. The telephones are
 * one more process on the same machine, whose own work and delays are in the figures.
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { createMedia } from '../../src/adapters/rtp/media.ts';
import type { RtpMedia } from '../../src/adapters/rtp/media.ts';
import type { Log } from '../../src/ports/log.ts';
import type { GeneratorOrder, GeneratorReport } from '../media/generator.ts';

const FIRST_STEP = 200;
const STEP = 100;
const FINE_STEP = 25;
const MOST = 2_000;
const MEASURE_MS = 4_000;
const MAX_LOSS_PCT = 0.1;
const MAX_P99_MS = 10;
const DEADLINE_MS = 150_000;

/** What others may take of a processor, in per cent, before a level that failed is tried again. */
const CALM_PCT = 15;
const MAX_TRIES = 5;

/** Milliseconds that all processors together have worked. */
const machineBusyMs = (): number => cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);

const silent: Log = { log: () => undefined, child: () => silent };

interface Level {
  readonly calls: number;
  readonly lossPct: number;
  readonly p50: number;
  readonly p99: number;
  readonly cpuPct: number;
  /** What neither the appliance nor the telephones took of a processor. */
  readonly othersPct: number;
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
    const busy = machineBusyMs();
    const begun = performance.now();
    this.#order({ t: 'measure', durationMs: MEASURE_MS });
    const { sent, received, p50, p99, ownCpu } = await next(this.#telephones, 'measured');
    const used = process.cpuUsage(cpu);
    // The second of warming up is work too; the half second of waiting for the last packets is not.
    const busyMs = performance.now() - begun - 500;
    const cpuPct = (used.user + used.system) / 10 / busyMs;
    const othersPct = Math.max(0, (100 * (machineBusyMs() - busy)) / busyMs - cpuPct - 100 * ownCpu);
    const lossPct = (100 * (sent - received)) / sent;
    console.log(
      `${calls} calls: loss ${lossPct.toFixed(3)} %, delay p50 ${p50.toFixed(2)} p99 ${p99.toFixed(2)} ms, ` +
        `media ${cpuPct.toFixed(0)} % of a core, telephones ${(100 * ownCpu).toFixed(0)} %, others ${othersPct.toFixed(0)} %, ` +
        `${(sent / (MEASURE_MS / 1_000)).toFixed(0)} packets/s`,
    );
    return { calls, lossPct, p50, p99, cpuPct, othersPct };
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

/** A level that fails is measured again: once in any case, and as long as something else was at work on the machine. */
const measured = async (bench: Bench, calls: number, deadline: number): Promise<Level> => {
  for (let tries = 1; ; tries++) {
    const level = await bench.level(calls);
    if (holds(level) || tries === MAX_TRIES || (tries > 1 && level.othersPct < CALM_PCT) || performance.now() > deadline)
      return level;
  }
};

/** Up in great steps to the first level that does not hold, then up in small ones from the last that did. */
const search = async (bench: Bench): Promise<Level | null> => {
  const deadline = performance.now() + DEADLINE_MS;
  let best: Level | null = null;
  let step = STEP;
  for (let calls = FIRST_STEP; calls <= MOST && performance.now() < deadline; calls += step) {
    const level = await measured(bench, calls, deadline);
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
