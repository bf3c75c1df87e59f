import dgram from 'node:dgram';
import { afterEach } from 'vitest';
import { SipTransport } from '../../../src/adapters/sip/wire/transport.ts';
import type { Endpoint, TransportOptions } from '../../../src/adapters/sip/wire/types.ts';
import { request, type RequestShape } from '../sipjs/support.ts';

/** Short, so that tests do not wait; long enough that a repetition is one. */
const TIMERS = { t1Ms: 20, t2Ms: 80, t4Ms: 100 };

const open: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.stop()));
});

export interface Opened {
  readonly transport: SipTransport;
  readonly messages: { readonly text: string; readonly source: Endpoint }[];
  readonly errors: unknown[];
  readonly targets: (Endpoint | null)[];
  readonly unreachable: string[];
}

/** A transport on a free port of loopback, stopped after the test. */
export async function openTransport(options: Partial<TransportOptions> = {}): Promise<Opened> {
  const transport = new SipTransport({
    protocol: 'UDP',
    listen: { address: '127.0.0.1', port: 0 },
    timers: TIMERS,
    failover: { deadAfterMs: 100, probeIntervalMs: 40 },
    ...options,
  });
  const opened: Opened = { transport, messages: [], errors: [], targets: [], unreachable: [] };
  transport.onMessage = (text, source) => void opened.messages.push({ text, source });
  transport.onError = (error) => void opened.errors.push(error);
  transport.onTargetChange = (current) => void opened.targets.push(current);
  transport.onUnreachable = (text) => void opened.unreachable.push(text);
  await transport.start();
  open.push(transport);
  return opened;
}

/** A plain UDP socket that plays an IPBX. */
export class Peer {
  readonly socket = dgram.createSocket('udp4');
  readonly received: string[] = [];
  /** Answers each message, or not. */
  answer: (text: string) => string | undefined = () => undefined;

  async open(port = 0): Promise<this> {
    await new Promise<void>((resolve) => this.socket.bind(port, '127.0.0.1', resolve));
    this.socket.on('message', (data, from) => {
      const text = data.toString();
      this.received.push(text);
      const answer = this.answer(text);
      if (answer !== undefined) this.socket.send(answer, from.port, from.address);
    });
    open.push(this);
    return this;
  }

  get port(): number {
    return this.socket.address().port;
  }
  get endpoint(): Endpoint {
    return { address: '127.0.0.1', port: this.port, protocol: 'UDP' };
  }
  /** What came with this start. */
  seen(start: string): string[] {
    return this.received.filter((text) => text.startsWith(start));
  }
  send(text: string | Buffer, to: SipTransport): void {
    this.socket.send(text, to.local.port, '127.0.0.1');
  }
  /** A request of this peer. */
  request(method: string, shape: RequestShape = {}): string {
    const { branch = 'z9hG4bKpeer1' } = shape;
    return request(method, { via: `SIP/2.0/UDP 127.0.0.1:${this.port};branch=${branch}`, ...shape });
  }
  stop(): Promise<void> {
    return new Promise((resolve) => {
      try {
        this.socket.close(() => resolve());
      } catch {
        // Closed by the test itself.
        resolve();
      }
    });
  }
}

/** A request of ours, as sip.js writes it. */
export function ours(transport: SipTransport, method: string, shape: RequestShape & { to?: Endpoint } = {}): string {
  const { branch = `z9hG4bK${Math.random().toString(36).slice(2)}`, to } = shape;
  const via = `SIP/2.0/${transport.protocol} 127.0.0.1:${transport.local.port};branch=${branch};rport`;
  return request(method, { via, ...(to === undefined ? {} : { uri: `sip:x@${to.address}:${to.port}` }), ...shape });
}
