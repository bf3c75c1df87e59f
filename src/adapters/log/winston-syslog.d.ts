declare module 'winston-syslog' {
  import TransportStream from 'winston-transport';

  export interface SyslogOptions extends TransportStream.TransportStreamOptions {
    host?: string;
    port?: number;
    protocol?: string;
    app_name?: string;
    localhost?: string;
    facility?: string;
    type?: 'BSD' | '5424';
    eol?: string;
  }

  /** Without types of its own; these are the members that are used here. */
  export class Syslog extends TransportStream {
    constructor(options?: SyslogOptions);
    /** Messages not sent yet; the package itself sets no bound. */
    queue: string[];
    override log(info: unknown, next: () => void): void;
  }
}
