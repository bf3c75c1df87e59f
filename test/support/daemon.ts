import { connect } from 'node:net';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentView, CallView, SiteView } from '../../src/core/kernel/view.ts';
import type { FieldsGiven, Operation, Results, StatusDocument } from '../../src/wire/control.ts';
import { temporaryFolder } from './folder.ts';
import { passwordOf } from './kamailio.ts';
import { freePorts, portRange } from './ports.ts';
import { type Exit, Program } from './process.ts';
import { until } from './wait.ts';

const root = join(import.meta.dirname, '../..');

type Document = Readonly<Record<string, unknown>>;
export interface CentreDocuments {
  readonly [kind: string]: Readonly<Record<string, Document>>;
}

export interface DaemonOptions {
  /** `host:port` of the switch. */
  readonly ipbx: string;
  readonly databaseUrl: string;
  readonly centre: CentreDocuments;
  /** Lines that register; none: a trunk that the switch knows by address. */
  readonly users?: readonly string[];
  readonly protocol?: 'udp' | 'tcp' | 'tls';
  /** For TLS: its own, and the only authority it trusts. */
  readonly certificate?: { readonly certFile: string; readonly keyFile: string };
  readonly channels?: number;
  readonly expiresSeconds?: number;
  readonly newCallsPerSecond?: number;
  readonly codecs?: readonly ('PCMA' | 'PCMU')[];
  readonly promptsDir?: string;
  readonly calls?: number;
  /** Merged over the rest of the node's file, section by section. */
  readonly file?: Readonly<Record<string, Document>>;
}

/** Agents 1, 2, … with the extensions given, each with the same skills. */
export const agentsAt = (extensions: readonly string[], more: Document = {}): Readonly<Record<string, Document>> =>
  Object.fromEntries(extensions.map((extension) => [`agent-${extension}`, { extension, ...more }]));

/** Extensions 1001, 1002 … */
export const extensions = (count: number, first = 1001): string[] =>
  Array.from({ length: count }, (_, index) => String(first + index));

/** The appliance itself, as its users start it, with a configuration and folders of its own. */
export class Daemon {
  readonly port: number;
  readonly metricsPort: number;
  readonly folder: string;
  readonly #config: string;
  readonly #options: DaemonOptions;
  #program: Program | null = null;
  #requests = 0;

  private constructor(port: number, folder: string, options: DaemonOptions) {
    this.port = port;
    this.metricsPort = port + 1;
    this.folder = folder;
    this.#options = options;
    this.#config = join(folder, 'bascule.yaml');
  }

  /** Up, its lines registered, its centre imported, every agent signed in unless told otherwise. */
  static async start(options: DaemonOptions, { signIn = true }: { signIn?: boolean } = {}): Promise<Daemon> {
    const daemon = new Daemon(await freePorts(2), temporaryFolder('daemon'), options);
    daemon.#writeConfig();
    await daemon.start();
    const changes = Object.entries(options.centre).flatMap(([kind, documents]) =>
      Object.entries(documents).map(([id, document]) => ({ kind, id, document })),
    );
    await daemon.request('centre.import', { changes, replace: true } as FieldsGiven<'centre.import'>);
    if (signIn) await daemon.signIn(Object.keys(options.centre['agent'] ?? {}));
    return daemon;
  }

  async start(): Promise<void> {
    const program = new Program(
      process.env['BASCULE_BIN'] ?? join(root, 'scripts/bascule'),
      ['start', '--config', this.#config],
      {
        name: 'bascule',
        cwd: this.folder,
        env: { BASCULE_DATA_DIR: join(this.folder, 'data'), NO_COLOR: '1' },
      },
    );
    this.#program = program;
    await program.until(
      'the daemon to be in service',
      async () => {
        const status = await this.status().catch(() => null);
        return status?.lines.every(({ registered }) => registered) === true;
      },
      60_000,
    );
  }

  get pid(): number {
    return this.#running.pid;
  }

  get hostPort(): string {
    return `127.0.0.1:${this.port}`;
  }

  get log(): string {
    return this.#program?.output ?? '';
  }

  get ended(): Exit | null {
    return this.#program?.ended ?? null;
  }

  /** One order on the local socket, as every `bascule` command gives it. */
  request<Op extends Operation>(op: Op, fields: FieldsGiven<Op>): Promise<Results[Op]> {
    const socket = connect(join(this.folder, 'control.sock'));
    const id = ++this.#requests;
    return new Promise((resolve, reject) => {
      let text = '';
      socket.setTimeout(30_000, () => socket.destroy(new Error(`${op}: no answer in 30 s`)));
      socket.on('error', reject);
      socket.on('close', () => reject(new Error(`${op}: the connection was closed`)));
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString('utf8');
        const end = text.indexOf('\n');
        if (end === -1) return;
        const answer = JSON.parse(text.slice(0, end)) as {
          kind: string;
          result?: Results[Op];
          error?: { code: string; message: string };
        };
        if (answer.kind === 'result') resolve(answer.result as Results[Op]);
        else reject(new Error(`${op}: ${answer.error?.code} ${answer.error?.message}`));
        socket.destroy();
      });
      socket.write(`${JSON.stringify({ v: 1, id, op, by: 'test', fields })}\n`);
    });
  }

  status(): Promise<StatusDocument> {
    return this.request('status', {});
  }

  async site(): Promise<SiteView> {
    return (await this.status()).site;
  }

  async agent(id: string): Promise<AgentView> {
    const found = (await this.site()).agents.find(({ agent }) => agent === id);
    if (found === undefined) throw new Error(`There is no agent ${id}.`);
    return found;
  }

  async calls(): Promise<readonly CallView[]> {
    return (await this.site()).calls;
  }

  async signIn(agents: readonly string[]): Promise<void> {
    for (const agent of agents) await this.request('order', { order: { kind: 'agent.signIn', agent } });
  }

  async signOut(agents: readonly string[]): Promise<void> {
    for (const agent of agents) await this.request('order', { order: { kind: 'agent.signOut', agent } });
  }

  async set(kind: string, id: string, document: Document): Promise<void> {
    await this.request('centre.set', { kind, id, document } as FieldsGiven<'centre.set'>);
  }

  /** Waits until the site looks as described. */
  async until<T>(what: string, look: (site: SiteView) => T, limitMs = 30_000): Promise<NonNullable<Exclude<T, false>>> {
    return await this.#running.until<T>(what, async () => look(await this.site()), limitMs);
  }

  /** Until no call is left and every record is in the database. */
  async settled(limitMs = 60_000): Promise<StatusDocument> {
    return await this.#running.until(
      'every call to end and every record to be written',
      async () => {
        const status = await this.status();
        const { queued, spooled } = status.journal;
        return status.site.totals.inProgress === 0 && queued === 0 && spooled === 0 ? status : null;
      },
      limitMs,
    );
  }

  /** Changes the node's file and has it re-read. */
  async reload(file: Readonly<Record<string, Document>>): Promise<void> {
    this.#writeConfig(file);
    await this.request('reload', {});
  }

  /** As a service manager does it. */
  async stop(signal: NodeJS.Signals = 'SIGTERM', graceMs = 30_000): Promise<Exit | null> {
    const exit = (await this.#program?.stop(signal, graceMs)) ?? null;
    this.#program = null;
    return exit;
  }

  async kill(): Promise<void> {
    await this.stop('SIGKILL');
  }

  /** Sends a signal without waiting for what comes of it. */
  signal(name: NodeJS.Signals): void {
    this.#running.signal(name);
  }

  async exited(limitMs = 30_000): Promise<Exit> {
    const program = this.#running;
    return await until('the daemon to end', () => program.ended, { limitMs });
  }

  /** Processor time used so far, user and system, in milliseconds; threads included. */
  cpuMs(): number {
    // The name in brackets may hold anything: fields are counted after it. Clock ticks are 10 ms on Linux.
    const fields = readFileSync(`/proc/${this.pid}/stat`, 'latin1')
      .replace(/^.*\) /, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  }

  residentMb(): number {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.pid}/status`, 'latin1'))?.[1]) / 1024;
  }

  get #running(): Program {
    if (this.#program === null) throw new Error('The daemon is stopped.');
    return this.#program;
  }

  #writeConfig(changes: Readonly<Record<string, Document>> = {}): void {
    const { ipbx, databaseUrl, users, protocol, certificate, newCallsPerSecond, codecs } = this.#options;
    const channels = this.#options.channels ?? 500;
    const lines = (users ?? ['svc']).map((user) => ({
      id: user,
      user,
      ...(users !== undefined && users.length === 0 ? {} : { password: passwordOf(user) }),
      channels,
      ...(this.#options.expiresSeconds === undefined ? {} : { expiresSeconds: this.#options.expiresSeconds }),
    }));
    const trunk = [{ id: 'trunk', user: 'svc', register: false, channels }];
    const sections: Record<string, Document> = {
      sip: {
        listen: { address: '127.0.0.1', port: this.port, protocol: protocol ?? 'udp' },
        ipbx: { addresses: [ipbx], domain: 'ipbx.test' },
        lines: users !== undefined && users.length === 0 ? trunk : lines,
        newCallsPerSecond: newCallsPerSecond ?? 10_000,
        ...(codecs === undefined ? {} : { codecs }),
        ...(certificate === undefined ? {} : { tls: { ...certificate, caFile: certificate.certFile } }),
      },
      media: {
        address: '127.0.0.1',
        // Two ports for each of a call's two legs.
        ports: portRange(channels * 4),
        ...(this.#options.promptsDir === undefined ? {} : { promptsDir: this.#options.promptsDir }),
      },
      database: { url: databaseUrl },
      control: { socket: join(this.folder, 'control.sock') },
      metrics: { enabled: true, port: this.metricsPort },
      log: { dir: join(this.folder, 'log') },
      drain: { timeoutMs: 20_000 },
      limits: { calls: this.#options.calls ?? 10_000 },
    };
    for (const [section, document] of [...Object.entries(this.#options.file ?? {}), ...Object.entries(changes)]) {
      sections[section] = { ...sections[section], ...document };
    }
    mkdirSync(join(this.folder, 'data'), { recursive: true });
    // JSON is YAML. Passwords are within: mode 0600, as the daemon asks.
    writeFileSync(this.#config, JSON.stringify({ node: 'test', language: 'en', ...sections }, null, 2), { mode: 0o600 });
  }
}

/** A centre with one queue, reached by 8000, nothing played before an agent is sought. */
export const simpleCentre = (agents: readonly string[], queue: Document = {}, campaign: Document = {}): CentreDocuments => ({
  queue: { main: { wrapUpMs: 0, announceEveryMs: null, ...queue } },
  agent: agentsAt(agents),
  campaign: { line: { numbers: ['*'], language: 'en', greeting: null, target: { to: 'queue', queue: 'main' }, ...campaign } },
});
