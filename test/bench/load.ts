import { readdirSync } from 'node:fs';
import { Daemon, extensions, simpleCentre } from '../support/daemon.ts';
import { Postgres } from '../support/postgres.ts';
import { agent, type AgentBehaviour } from '../support/scenario.ts';
import { Sipp } from '../support/sipp.ts';

/** The daemon on a trunk whose other end is SIPp: one process plays all the agents, others the callers. PostgreSQL as in production. */
export class Load {
  readonly postgres: Postgres;
  readonly phones: Sipp;
  readonly daemon: Daemon;

  private constructor(postgres: Postgres, phones: Sipp, daemon: Daemon) {
    this.postgres = postgres;
    this.phones = phones;
    this.daemon = daemon;
  }

  static async start(options: {
    readonly agents: number;
    readonly behaviour: AgentBehaviour;
    readonly newCallsPerSecond?: number;
    readonly queue?: Readonly<Record<string, unknown>>;
  }): Promise<Load> {
    const postgres = await Postgres.start(['fsync = on', 'shared_buffers = 128MB']);
    const phones = await Sipp.answering({ scenario: agent(options.behaviour) });
    const daemon = await Daemon.start({
      ipbx: phones.hostPort,
      databaseUrl: postgres.url,
      centre: simpleCentre(extensions(options.agents), options.queue),
      users: [],
      channels: 5_000,
      ...(options.newCallsPerSecond === undefined ? {} : { newCallsPerSecond: options.newCallsPerSecond }),
    });
    return new Load(postgres, phones, daemon);
  }

  /** Open files, sockets and pipes of the daemon. */
  handles(): number {
    return readdirSync(`/proc/${this.daemon.pid}/fd`).length;
  }

  async stop(): Promise<void> {
    await this.daemon.stop('SIGTERM', 40_000);
    await this.phones.stop();
    await this.postgres.stop();
  }
}
