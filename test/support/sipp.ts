import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './folder.ts';
import { freePorts } from './ports.ts';
import { Program } from './process.ts';
import { registration } from './scenario.ts';
import { passwordOf, type Ipbx } from './kamailio.ts';

export interface SippOptions {
  readonly scenario: string;
  /** `host:port` that calls go to; absent for one that only answers. */
  readonly target?: string;
  /** The number called, `[service]` of the scenario. */
  readonly service?: string;
  /** Calls after which it ends by itself. */
  readonly calls?: number;
  readonly callsPerSecond?: number;
  /** At most so many calls at a time. */
  readonly limit?: number;
  /** The whole run is given up, as failed, after this. */
  readonly limitSeconds?: number;
  readonly port?: number;
  readonly transport?: 'u1' | 't1';
  /** Sends received sound back. */
  readonly echo?: boolean;
  /** Rows for `[field0]`… */
  readonly rows?: readonly string[];
  readonly arguments?: readonly string[];
}

export interface SippResult {
  readonly successful: number;
  readonly failed: number;
  /** Each call's time from INVITE to 200, ms, in no order. */
  readonly answerMs: readonly number[];
  /** What SIPp complained about. */
  readonly errors: string;
  /** What the scenario's `log` wrote. */
  readonly log: readonly string[];
}

const read = (path: string): string => (existsSync(path) ? readFileSync(path, 'latin1') : '');

/** SIPp, as callers or as telephones. */
export class Sipp {
  readonly port: number;
  readonly program: Program;
  readonly #folder: string;

  private constructor(port: number, folder: string, program: Program) {
    this.port = port;
    this.#folder = folder;
    this.program = program;
  }

  static async start(options: SippOptions): Promise<Sipp> {
    const folder = temporaryFolder('sipp');
    const port = options.port ?? (await freePorts(1));
    // RTP, RTCP and SIPp's second stream.
    const media = await freePorts(4);
    writeFileSync(join(folder, 'scenario.xml'), options.scenario);
    const given: (string | number)[] = [
      ...(options.target === undefined ? [] : [options.target]),
      ...['-sf', join(folder, 'scenario.xml'), '-i', '127.0.0.1', '-mi', '127.0.0.1', '-p', port, '-mp', media],
      ...['-t', options.transport ?? 'u1', '-nostdin', '-skip_rlimit', '-buff_size', 4_194_304],
      ...['-deadcall_wait', 5000, '-max_socket', 60_000],
      ...['-trace_err', '-error_file', join(folder, 'errors'), '-trace_logs', '-log_file', join(folder, 'log')],
      ...['-trace_stat', '-stf', join(folder, 'stat.csv'), '-fd', 1],
      ...(options.service === undefined ? [] : ['-s', options.service]),
      ...(options.calls === undefined ? [] : ['-m', options.calls]),
      ...(options.callsPerSecond === undefined ? [] : ['-r', options.callsPerSecond]),
      ...(options.limit === undefined ? ['-l', 60_000] : ['-l', options.limit]),
      ...(options.limitSeconds === undefined ? [] : ['-timeout', options.limitSeconds, '-timeout_error']),
      ...(options.echo === true ? ['-rtp_echo'] : []),
      ...(options.arguments ?? []),
    ];
    if (options.rows !== undefined) {
      writeFileSync(join(folder, 'rows.csv'), ['SEQUENTIAL', ...options.rows, ''].join('\n'));
      given.push('-inf', join(folder, 'rows.csv'));
    }
    if (options.target !== undefined) given.push('-trace_rtt', '-rtt_freq', 1);
    const program = new Program('/usr/bin/sipp', given.map(String), { cwd: folder, name: 'sipp' });
    return new Sipp(port, folder, program);
  }

  /** Telephones: up when they answer OPTIONS in whatever way. */
  static async answering(options: SippOptions): Promise<Sipp> {
    const sipp = await Sipp.start(options);
    const socketOpen = (): boolean => /\d/.test(read(join(sipp.#folder, 'stat.csv')));
    await sipp.program.until('SIPp to listen', socketOpen);
    return sipp;
  }

  get hostPort(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Waits for the end of a run that has one. */
  async finished(): Promise<SippResult> {
    await this.program.exited;
    return this.result();
  }

  async stop(): Promise<SippResult> {
    await this.program.stop('SIGUSR1', 500);
    return this.result();
  }

  /** What it counted so far; complete only once it ended. */
  result(): SippResult {
    const [head, ...lines] = read(join(this.#folder, 'stat.csv')).trim().split('\n');
    const names = (head ?? '').split(';');
    const last = (lines.at(-1) ?? '').split(';');
    const count = (name: string): number => Number(last[names.indexOf(name)] ?? 0);
    return {
      successful: count('SuccessfulCall(C)'),
      failed: count('FailedCall(C)'),
      answerMs: this.#answerTimes(),
      // Jumps of the scenarios that a limit is meant to cause are no errors.
      errors: read(join(this.#folder, 'errors'))
        .replaceAll(/[^\n]*receive timeout on message[^\n]*jumping to label \d+?(?=\d{4}-|\n|$)/g, '')
        .replace('The following events occurred:\n', '')
        .slice(0, 20_000),
      log: read(join(this.#folder, 'log'))
        .split('\n')
        .filter((line) => line !== ''),
    };
  }

  #answerTimes(): number[] {
    const path = join(this.#folder, `scenario_${this.program.pid}_rtt.csv`);
    return read(path)
      .split('\n')
      .slice(1)
      .map((line) => Number(line.split(';')[1]))
      .filter((time) => !Number.isNaN(time));
  }
}

/** Runs calls to their end. */
export const call = async (options: SippOptions & { readonly target: string }): Promise<SippResult> => {
  const sipp = await Sipp.start({ calls: 1, limitSeconds: 60, ...options });
  return await sipp.finished();
};

/** Registers extensions at the IPBX, all on the address of one SIPp. */
export const register = async (ipbx: Ipbx, users: readonly string[], contact: string, expires = 3600): Promise<void> => {
  const result = await call({
    scenario: registration(expires),
    target: ipbx.hostPort,
    calls: users.length,
    callsPerSecond: 200,
    limitSeconds: 30,
    rows: users.map((user) => `${user};${contact};[authentication username=${user} password=${passwordOf(user)}]`),
  });
  if (result.failed > 0 || result.successful !== users.length) throw new Error(`Not registered: ${result.errors}`);
};
