import { type Body, type OutgoingRequestMessage, URI, UserAgentCore, type UserAgentCoreDelegate } from 'sip.js/lib/core/index.js';
import { SilentLoggerFactory } from '../../../src/adapters/sip/sipjs/silence.ts';
import type { UserAgent, UserAgentCoreOptions } from '../../../src/adapters/sip/sipjs/types.ts';
import { createUserAgentCore } from '../../../src/adapters/sip/sipjs/user-agent.ts';
import { newCounters } from '../../../src/adapters/sip/wire/counters.ts';
import { parseMessage } from '../../../src/adapters/sip/wire/parser.ts';
import { findHeader } from '../../../src/adapters/sip/wire/scan.ts';
import type { Endpoint, MessageHandler, Protocol, Wire } from '../../../src/adapters/sip/wire/types.ts';

const IPBX: Endpoint = { address: '192.0.2.5', port: 5060, protocol: 'UDP' };

/** A wire that ends in an array. */
export class FakeWire implements Wire {
  readonly protocol: Protocol = 'UDP';
  readonly local: Endpoint = { address: '192.0.2.9', port: 5062, protocol: 'UDP' };
  readonly counters = newCounters();
  readonly sent: string[] = [];
  onMessage: MessageHandler = () => {};
  onError: (error: unknown) => void = () => {};
  onTargetChange: (current: Endpoint | null) => void = () => {};
  onUnreachable: (text: string, target: Endpoint) => void = () => {};

  start(): Promise<void> {
    return Promise.resolve();
  }
  stop(): Promise<void> {
    return Promise.resolve();
  }
  send(text: string): Promise<void> {
    this.sent.push(text);
    return Promise.resolve();
  }
  sendTo(text: string): Promise<void> {
    return this.send(text);
  }
  targets(): [] {
    return [];
  }

  /** A message from the IPBX. */
  deliver(text: string): void {
    this.onMessage(text, IPBX);
  }
  /** The messages sent since the last call. */
  take(): string[] {
    return this.sent.splice(0);
  }
  /** Start lines of what was sent since the last call. */
  lines(): string[] {
    return this.take().map((text) => text.slice(0, text.indexOf('\r\n')));
  }
}

export const SDP = 'v=0\r\no=- 1 1 IN IP4 192.0.2.5\r\ns=-\r\nc=IN IP4 192.0.2.5\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8\r\n';
export const session = (content = SDP): Body => ({ contentDisposition: 'session', contentType: 'application/sdp', content });

export interface Joined {
  readonly wire: FakeWire;
  readonly userAgent: UserAgent;
  readonly errors: unknown[];
}

/** The product's user agent on a fake wire. */
export function join(delegate: UserAgentCoreDelegate = {}, options: Partial<UserAgentCoreOptions> = {}): Joined {
  const wire = new FakeWire();
  const errors: unknown[] = [];
  const userAgent = createUserAgentCore({
    user: 'service',
    domain: 'ipbx.example',
    transport: wire,
    credentials: () => null,
    delegate,
    onError: (error) => errors.push(error),
    ...options,
  });
  return { wire, userAgent, errors };
}

/** sip.js as it comes, with our parser only, so that a test can show what an adaptation is for. */
export function stock(delegate: UserAgentCoreDelegate = {}): { wire: FakeWire; core: UserAgentCore } {
  const wire = new FakeWire();
  const uri = new URI('sip', 'service', '192.0.2.9', 5062);
  const core = new UserAgentCore(
    {
      aor: uri,
      contact: { uri, pubGruu: undefined, tempGruu: undefined, toString: () => `<${uri.toString()}>` },
      displayName: '',
      loggerFactory: new SilentLoggerFactory(),
      hackViaTcp: false,
      routeSet: [],
      sipjsId: 'stock',
      supportedOptionTags: [],
      supportedOptionTagsResponse: [],
      userAgentHeaderFieldValue: 'stock',
      viaForceRport: true,
      viaHost: '192.0.2.9:5062',
      authenticationFactory: () => undefined,
      transportAccessor: () => wire,
    },
    delegate,
  );
  wire.onMessage = (text) => {
    const result = parseMessage(text);
    if (!result.ok) return;
    if ('statusCode' in result.message) core.receiveIncomingResponseFromTransport(result.message);
    else core.receiveIncomingRequestFromTransport(result.message);
  };
  return { wire, core };
}

export interface RequestShape {
  readonly branch?: string;
  readonly callId?: string;
  readonly sequence?: number;
  readonly uri?: string;
  readonly fromTag?: string;
  readonly toTag?: string;
  readonly from?: string;
  readonly headers?: readonly string[];
  readonly contact?: string | null;
  readonly via?: string;
  readonly body?: string;
  readonly type?: string;
}

/** A request as an IPBX sends it. */
export function request(method: string, shape: RequestShape = {}): string {
  const {
    branch = 'z9hG4bKpeer1',
    callId = 'call-1@ipbx',
    sequence = 1,
    uri = 'sip:service@192.0.2.9:5062',
    fromTag = 'theirs',
  } = shape;
  const { toTag, headers = [], contact = '<sip:100@192.0.2.5:5060>', body = '', type = 'application/sdp' } = shape;
  return [
    `${method} ${uri} SIP/2.0`,
    `Via: ${shape.via ?? `SIP/2.0/UDP 192.0.2.5:5060${branch === '' ? '' : `;branch=${branch}`}`}`,
    'Max-Forwards: 70',
    `From: ${shape.from ?? '<sip:100@ipbx.example>'};tag=${fromTag}`,
    `To: <sip:service@ipbx.example>${toTag === undefined ? '' : `;tag=${toTag}`}`,
    `Call-ID: ${callId}`,
    `CSeq: ${sequence} ${method}`,
    ...(contact === null ? [] : [`Contact: ${contact}`]),
    ...headers,
    ...(body === '' ? [] : [`Content-Type: ${type}`]),
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}

/** The value of a header of a message. */
export function header(text: string | undefined, name: string): string {
  const span = text === undefined ? undefined : findHeader(text, name.toLowerCase());
  return span === undefined ? '' : (text as string).slice(span.start, span.end).trim();
}

/** The values of all header fields of one name. */
export const headers = (text: string | undefined, name: string): string[] =>
  [...(text ?? '').matchAll(new RegExp(`^${name}: (.*)$`, 'gim'))].map((match) => match[1]?.trim() as string);

export const tagOf = (text: string | undefined, name: 'From' | 'To'): string =>
  /;tag=([^;\s]+)/.exec(header(text, name))?.[1] ?? '';

export interface ResponseShape {
  readonly toTag?: string;
  readonly headers?: readonly string[];
  readonly contact?: string | null;
  readonly body?: string;
}

/** The IPBX's answer to one of our requests. */
export function response(to: string | undefined, status: number, shape: ResponseShape = {}): string {
  const { toTag = 'theirs', headers: extra = [], contact = '<sip:200@192.0.2.7:5070>', body = '' } = shape;
  const written = header(to, 'To');
  return [
    `SIP/2.0 ${status} Any`,
    `Via: ${header(to, 'Via')}`,
    `From: ${header(to, 'From')}`,
    `To: ${written}${written.includes(';tag=') || toTag === '' ? '' : `;tag=${toTag}`}`,
    `Call-ID: ${header(to, 'Call-ID')}`,
    `CSeq: ${header(to, 'CSeq')}`,
    ...(contact === null ? [] : [`Contact: ${contact}`]),
    ...extra,
    ...(body === '' ? [] : ['Content-Type: application/sdp']),
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n');
}

/** An INVITE of ours, ready to be sent. */
export function outgoingInvite(
  core: UserAgentCore,
  options: { routeSet?: string[]; method?: string } = {},
): OutgoingRequestMessage {
  const uri = new URI('sip', '200', 'ipbx.example');
  const from = new URI('sip', 'service', 'ipbx.example');
  const { method = 'INVITE', routeSet = [] } = options;
  const contact = 'Contact: <sip:service@192.0.2.9:5062>';
  return core.makeOutgoingRequestMessage(
    method,
    uri,
    from,
    uri,
    { routeSet },
    [contact],
    method === 'INVITE' ? session() : undefined,
  );
}
