import { connect, type Socket } from 'node:net';
import { globSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './folder.ts';
import { freePorts } from './ports.ts';
import { Program } from './process.ts';
import { readWav, writeTone, type Sound } from './sound.ts';
import { DOMAIN, type Ipbx, passwordOf } from './kamailio.ts';
import { until } from './wait.ts';

export interface PhoneOptions {
  readonly user: string;
  /** What it says: a sine of this many hertz. */
  readonly toneHz: number;
  readonly transport?: 'udp' | 'tcp' | 'tls';
  /** Takes calls by itself. */
  readonly answers?: boolean;
  /** An outside caller of the trunk: does not register. */
  readonly outside?: boolean;
  /** More of baresip's account parameters, such as `;mediaenc=srtp-mand`. */
  readonly account?: string;
  readonly codecs?: string;
}

export interface PhoneEvent {
  readonly type: string;
  readonly param?: string;
  readonly peeruri?: string;
  readonly peerdisplayname?: string;
}

interface Reply {
  readonly token: string;
  readonly ok: boolean;
  readonly data: string;
}

/** A real telephone whose voice is a tone and whose heard sound can be measured. */
export class Phone {
  readonly user: string;
  readonly toneHz: number;
  readonly events: PhoneEvent[] = [];
  readonly #folder: string;
  readonly #program: Program;
  readonly #control: Socket;
  readonly #replies = new Map<string, (reply: Reply) => void>();
  #pending = Buffer.alloc(0);
  #token = 0;

  private constructor(options: PhoneOptions, folder: string, program: Program, control: Socket) {
    this.user = options.user;
    this.toneHz = options.toneHz;
    this.#folder = folder;
    this.#program = program;
    this.#control = control;
    control.on('data', (chunk: Buffer) => this.#take(chunk));
    control.on('error', () => {});
  }

  static async start(ipbx: Ipbx, options: PhoneOptions): Promise<Phone> {
    const folder = temporaryFolder('phone');
    // It takes the SIP port and the next for TLS, and RTP from a range of its own.
    const port = await freePorts(20);
    const control = port + 2;
    const transport = options.transport ?? 'udp';
    writeTone(join(folder, 'tone.wav'), [options.toneHz], 60);
    writeFileSync(
      join(folder, 'config'),
      [
        'poll_method epoll',
        `sip_listen 127.0.0.1:${port}`,
        `sip_trans_def ${transport}`,
        'call_local_timeout 120',
        'call_max_calls 4',
        'audio_player aubridge,player',
        `audio_source aufile,${join(folder, 'tone.wav')}`,
        'audio_alert aubridge,alert',
        ...['ausrc_srate 8000', 'auplay_srate 8000', 'ausrc_channels 1', 'auplay_channels 1'],
        `rtp_ports ${port + 4}-${port + 18}`,
        'rtcp_mux no',
        'jitter_buffer_delay 1-5',
        'module_path /usr/lib/baresip/modules',
        ...['g711', 'aufile', 'aubridge', 'sndfile', 'srtp', 'uuid'].map((name) => `module ${name}.so`),
        ...['account', 'menu', 'ctrl_tcp'].map((name) => `module_app ${name}.so`),
        `ctrl_tcp_listen 127.0.0.1:${control}`,
        `snd_path ${folder}`,
        '',
      ].join('\n'),
    );
    const proxyPort = transport === 'tls' ? ipbx.tlsPort : ipbx.port;
    const codecs = `;audio_codecs=${options.codecs ?? 'pcma,pcmu'}`;
    const answers = options.answers === true ? ';answermode=auto' : '';
    const domain = options.outside === true ? 'trunk.example' : DOMAIN;
    const registers = options.outside === true ? ';regint=0' : ';regint=60';
    const proxy = `;outbound="sip:${ipbx.address}:${proxyPort};transport=${transport}"`;
    writeFileSync(
      join(folder, 'accounts'),
      `<sip:${options.user}@${domain};transport=${transport}>;auth_user=${options.user};auth_pass=${passwordOf(options.user)}` +
        `${proxy}${registers}${codecs}${answers}${options.account ?? ''}\n`,
    );
    writeFileSync(join(folder, 'contacts'), '');
    // SIGPIPE ignored: a control connection that closes would end it.
    const program = new Program('/bin/sh', ['-c', `trap '' PIPE; exec baresip -f ${folder}`], {
      name: `telephone ${options.user}`,
      cwd: folder,
    });
    const socket = await program.until('the telephone’s control socket', () => attempt(control));
    const phone = new Phone(options, folder, program, socket);
    // Its own event may have come before anybody listened to it.
    if (options.outside !== true) await ipbx.registered(options.user);
    return phone;
  }

  /** Runs one of baresip's commands (`dial`, `accept`, `hangup`, `hold`, `resume`, `sndcode`, `transfer`, …). */
  async command(command: string, params = ''): Promise<string> {
    const token = String(++this.#token);
    const body = JSON.stringify({ command, params, token });
    const reply = new Promise<Reply>((resolve) => this.#replies.set(token, resolve));
    this.#control.write(`${Buffer.byteLength(body)}:${body},`);
    const timer = setTimeout(() => this.#replies.get(token)?.({ token, ok: false, data: 'no reply' }), 5_000);
    const { ok, data } = await reply;
    clearTimeout(timer);
    this.#replies.delete(token);
    if (!ok) throw new Error(`Telephone ${this.user}: ${command} ${params}: ${data}\n${this.#program.output.slice(-2000)}`);
    return data;
  }

  async dial(number: string): Promise<void> {
    await this.command('dial', `sip:${number}@${DOMAIN}`);
  }

  /** Waits for the next event of a kind after those in `events.slice(0, since)`. */
  async event(type: string, since = 0, limitMs = 20_000): Promise<PhoneEvent> {
    const look = (): PhoneEvent | undefined => this.events.slice(since).find((event) => event.type === type);
    return await this.#program.until(`telephone ${this.user} to see ${type}`, look, limitMs);
  }

  /** What it heard in all its calls so far, oldest first. */
  heard(): readonly Sound[] {
    return globSync('dump-*-dec.wav', { cwd: this.#folder })
      .sort()
      .map((name) => readWav(join(this.#folder, name)));
  }

  /** Waits until it has heard at least so much in its latest call: sound in milliseconds, not time on the clock. */
  async hearing(milliseconds: number, limitMs = 20_000): Promise<Sound> {
    return await until(
      `telephone ${this.user} to hear ${milliseconds} ms`,
      () => {
        const latest = globSync('dump-*-dec.wav', { cwd: this.#folder }).sort().at(-1);
        if (latest === undefined) return undefined;
        const path = join(this.#folder, latest);
        // 16 bits at 8 kHz.
        return statSync(path).size > milliseconds * 16 ? readWav(path) : undefined;
      },
      { limitMs },
    );
  }

  get log(): string {
    return this.#program.output;
  }

  async stop(): Promise<void> {
    this.#control.destroy();
    await this.#program.stop('SIGTERM', 3_000);
  }

  /** As when its plug is pulled: nobody is told. */
  async unplug(): Promise<void> {
    this.#control.destroy();
    await this.#program.stop('SIGKILL');
  }

  /** Netstrings: `LENGTH:JSON,`. */
  #take(chunk: Buffer): void {
    this.#pending = Buffer.concat([this.#pending, chunk]);
    for (;;) {
      const colon = this.#pending.indexOf(0x3a);
      if (colon === -1) return;
      const length = Number(this.#pending.toString('latin1', 0, colon));
      if (this.#pending.length < colon + 1 + length + 1) return;
      const parsed = JSON.parse(this.#pending.toString('utf8', colon + 1, colon + 1 + length)) as Record<string, unknown>;
      this.#pending = this.#pending.subarray(colon + length + 2);
      if (parsed['response'] === true) this.#replies.get(String(parsed['token']))?.(parsed as unknown as Reply);
      else if (parsed['event'] === true) this.events.push(parsed as unknown as PhoneEvent);
    }
  }
}

const attempt = (port: number): Promise<Socket | null> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
    socket.once('error', () => resolve(null));
  });
