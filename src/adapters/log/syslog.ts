import { createRequire } from 'node:module';
import type { LoggerOptions } from 'winston';
import { line } from './formats.ts';

export interface SyslogServer {
  readonly host: string;
  readonly port: number;
  readonly protocol: 'udp4' | 'tcp4';
}

type Transport = Exclude<NonNullable<LoggerOptions['transports']>, readonly unknown[]>;

interface SyslogOptions {
  readonly host: string;
  readonly port: number;
  readonly protocol: string;
  readonly app_name: string;
  readonly localhost: string;
  readonly facility: string;
  readonly type: 'BSD' | '5424';
  readonly eol?: string;
  readonly format: typeof line;
}

/** What is used of winston-syslog, which has no types of its own. */
type SyslogTransport = Transport & {
  /** Messages not sent yet; the package itself sets no bound. */
  readonly queue: readonly string[];
  log(info: unknown, next: () => void): void;
};

const require = createRequire(import.meta.url);
const { Syslog } = require('winston-syslog') as { readonly Syslog: new (options: SyslogOptions) => SyslogTransport };

/** A syslog server that is away must not fill the memory: what is beyond is in the files. */
const MAX_QUEUE = 1_000;

class BoundedSyslog extends Syslog {
  override log(info: unknown, next: () => void): void {
    if (this.queue.length < MAX_QUEUE) super.log(info, next);
    else next();
  }
}

/** RFC 5424 messages of facility daemon; over TCP one a line. */
export const toSyslog = (node: string, { host, port, protocol }: SyslogServer): Transport => {
  const framing = protocol === 'tcp4' ? { eol: '\n' } : {};
  return new BoundedSyslog({
    host,
    port,
    protocol,
    app_name: 'bascule',
    localhost: node,
    facility: 'daemon',
    type: '5424',
    format: line,
    ...framing,
  });
};
