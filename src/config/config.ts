import type { Secret } from './secret.ts';
import type { NodeFile } from './schema.ts';

/** A line of the IPBX with its password read. */
export interface LineConfig extends Omit<NodeFile['sip']['lines'][number], 'password' | 'passwordFile' | 'authUser'> {
  readonly authUser: string;
  readonly password: Secret | null;
}

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** The node's configuration as the daemon uses it: paths absolute, secrets read, what was left out decided. */
export interface Config {
  /** The file it came from. */
  readonly file: string;
  readonly node: string;
  readonly dataDir: string;
  readonly language: 'fr' | 'en';
  readonly zone: string;
  readonly sip: Omit<NodeFile['sip'], 'lines' | 'ipbx'> & {
    readonly ipbx: { readonly addresses: readonly HostPort[]; readonly domain: string };
    readonly lines: readonly LineConfig[];
  };
  readonly media: NodeFile['media'];
  readonly database: {
    /** null: the embedded one. */
    readonly url: string | null;
    readonly password: Secret | null;
    readonly spoolLimit: number;
  };
  readonly control: { readonly socket: string; readonly group: boolean };
  readonly metrics: NodeFile['metrics'];
  readonly log: Omit<NodeFile['log'], 'dir'> & { readonly dir: string };
  readonly drain: NodeFile['drain'];
  readonly limits: NodeFile['limits'];
}
