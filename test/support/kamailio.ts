import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { temporaryFolder } from './folder.ts';
import { freePorts } from './ports.ts';
import { execute, Program } from './process.ts';
import { probe } from './sip-probe.ts';

export interface IpbxOptions {
  /** Silence, in ms, after which a destination counts as dead. */
  readonly silenceMs?: number;
  readonly ringMs?: number;
  readonly tls?: boolean;
  /** `host:port` of the telephones that never registered: one SIPp that answers for all. */
  readonly agents?: string;
  /** `host:port` of the outside world. */
  readonly carrier?: string;
  readonly trustService?: boolean;
  readonly keepNumber?: boolean;
  readonly port?: number;
  readonly children?: number;
}

export interface Binding {
  readonly contact: string;
  readonly expiresIn: number;
}

export const DOMAIN = 'ipbx.test';

/** Password of one of the IPBX's users, by the rule of kamailio.cfg. */
export const passwordOf = (user: string): string => (user.startsWith('svc') ? `${user}-secret` : `pw${user}`);

/** A real IPBX on loopback. */
export class Ipbx {
  readonly address = '127.0.0.1';
  readonly port: number;
  readonly tlsPort: number;
  readonly #folder: string;
  readonly #options: IpbxOptions;
  #program: Program | null = null;

  private constructor(port: number, folder: string, options: IpbxOptions) {
    this.port = port;
    this.tlsPort = port + 1;
    this.#folder = folder;
    this.#options = options;
  }

  static async start(options: IpbxOptions = {}): Promise<Ipbx> {
    const ipbx = new Ipbx(options.port ?? (await freePorts(2)), temporaryFolder('ipbx'), options);
    if (options.tls === true) await ipbx.#makeCertificate();
    await ipbx.start();
    return ipbx;
  }

  get hostPort(): string {
    return `${this.address}:${this.port}`;
  }

  /** A certificate for this host, trusted because it is its own authority; the daemon may show it too. */
  get certificate(): { readonly certFile: string; readonly keyFile: string } {
    return { certFile: join(this.#folder, 'certificate.pem'), keyFile: join(this.#folder, 'key.pem') };
  }

  get log(): string {
    return this.#program?.output ?? '';
  }

  /** Also after `stop` or `kill`: like a switch that restarts, it comes back without any binding. */
  async start(): Promise<void> {
    const define = (name: string, value: string): string[] => ['-A', `${name}=${value}`];
    const { silenceMs, ringMs, agents, carrier, children } = this.#options;
    const program = new Program(
      '/usr/sbin/kamailio',
      [
        ...['-f', join(import.meta.dirname, 'ipbx/kamailio.cfg'), '-Y', this.#folder, '-P', join(this.#folder, 'pid')],
        ...['-m', '128', '-M', '8', '-DD', '-E'],
        ...define('IPBX_IP', this.address),
        ...define('IPBX_PORT', String(this.port)),
        ...define('IPBX_TLS', String(this.tlsPort)),
        ...define('IPBX_CTL', `"unix:${this.#control}"`),
        ...(silenceMs === undefined ? [] : define('T_FR', String(silenceMs))),
        ...(ringMs === undefined ? [] : define('T_ANS', String(ringMs))),
        ...(children === undefined ? [] : define('CHILDREN', String(children))),
        ...(agents === undefined ? [] : define('AGENTS', `"${agents}"`)),
        ...(carrier === undefined ? [] : define('CARRIER', `"${carrier}"`)),
        ...(this.#options.trustService === true ? ['-A', 'TRUST_SERVICE'] : []),
        ...(this.#options.keepNumber === true ? ['-A', 'KEEP_NUMBER'] : []),
        ...(this.#options.tls === true ? ['-A', 'WITH_TLS', ...define('IPBX_TLSCFG', `"${join(this.#folder, 'tls.cfg')}"`)] : []),
      ],
      { name: 'kamailio' },
    );
    this.#program = program;
    await program.until('the IPBX to answer OPTIONS', async () => (await probe(this.address, this.port)) === 200);
  }

  /** Contacts that a user has registered now. */
  async bindings(user: string): Promise<readonly Binding[]> {
    const dump = await this.command('ul.dump');
    const found: Binding[] = [];
    let current = '';
    let contact = '';
    for (const line of dump.split('\n')) {
      const [, key, value] = /^\s*(\w+): (.*)$/.exec(line) ?? [];
      if (key === 'AoR') current = value ?? '';
      else if (key === 'Address') contact = value ?? '';
      else if (key === 'Expires' && current === user) found.push({ contact, expiresIn: Number(value) });
    }
    return found;
  }

  /** Waits until a user is registered. */
  async registered(user: string, limitMs = 20_000): Promise<Binding> {
    return await this.#running.until(`${user} to register`, async () => (await this.bindings(user))[0], limitMs);
  }

  async unregistered(user: string, limitMs = 20_000): Promise<void> {
    await this.#running.until(`${user} to be gone`, async () => (await this.bindings(user)).length === 0, limitMs);
  }

  async command(...args: string[]): Promise<string> {
    return await execute('/usr/sbin/kamcmd', ['-s', `unix:${this.#control}`, ...args]);
  }

  async stop(): Promise<void> {
    await this.#program?.stop();
    this.#program = null;
  }

  async kill(): Promise<void> {
    await this.#program?.stop('SIGKILL');
    this.#program = null;
  }

  get #control(): string {
    return join(this.#folder, 'ctl');
  }

  get #running(): Program {
    if (this.#program === null) throw new Error('The IPBX is stopped.');
    return this.#program;
  }

  async #makeCertificate(): Promise<void> {
    const { certFile, keyFile } = this.certificate;
    await execute('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30'],
      ...['-subj', `/CN=${DOMAIN}`, '-addext', `subjectAltName=DNS:${DOMAIN},IP:${this.address}`],
      ...['-keyout', keyFile, '-out', certFile],
    ]);
    writeFileSync(
      join(this.#folder, 'tls.cfg'),
      [
        '[server:default]',
        'method = TLSv1.2+',
        'verify_certificate = no',
        'require_certificate = no',
        `private_key = ${keyFile}`,
        `certificate = ${certFile}`,
        '[client:default]',
        'method = TLSv1.2+',
        'verify_certificate = no',
        '',
      ].join('\n'),
    );
  }
}
