import { createSocket, type Socket } from 'node:dgram';

/** One SIP message as text, with just enough understanding to script a conversation. */
export class Message {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  get startLine(): string {
    return this.text.slice(0, this.text.indexOf('\r\n'));
  }
  /** Method of a request, or of the request that a response answers. */
  get method(): string {
    return this.header('CSeq').split(' ')[1] ?? '';
  }
  get status(): number | null {
    return this.text.startsWith('SIP/2.0 ') ? Number(this.text.slice(8, 11)) : null;
  }
  get uri(): string {
    return this.startLine.split(' ')[1] ?? '';
  }
  get body(): string {
    return this.text.slice(this.text.indexOf('\r\n\r\n') + 4);
  }
  header(name: string): string {
    return this.all(name)[0] ?? '';
  }
  all(name: string): string[] {
    const head = this.text.slice(0, this.text.indexOf('\r\n\r\n'));
    return head
      .split('\r\n')
      .filter((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`))
      .map((line) => line.slice(name.length + 1).trim());
  }
  tag(name: 'From' | 'To'): string {
    return /;tag=([^;\s]+)/.exec(this.header(name))?.[1] ?? '';
  }
  get sequence(): number {
    return Number(this.header('CSeq').split(' ')[0]);
  }
}

export const sdp = (port: number, direction = 'sendrecv', address = '127.0.0.1', formats = '8 0 101'): string =>
  `v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 ${address}\r\nt=0 0\r\nm=audio ${port} RTP/AVP ${formats}\r\n` +
  `a=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=${direction}\r\n`;

interface Waiter {
  readonly matches: (message: Message) => boolean;
  readonly resolve: (message: Message) => void;
}

/** The far end of the lines, an IPBX of a few lines of test: it sends what it is told and hands out what it receives. */
export class Peer {
  readonly #socket: Socket;
  readonly #inbox: Message[] = [];
  readonly #waiters: Waiter[] = [];
  /** Answers given without being asked for, such as 200 to REGISTER; true: the message is not put into the inbox. */
  automatic: (message: Message, peer: Peer) => boolean = answerRegister;
  target = 0;
  /** Tests run with timers of 20 ms: on a busy machine everything is sent twice, letter for letter. */
  hidesRepetitions = true;
  readonly #seen = new Set<string>();
  #counter = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (data) => this.#receive(new Message(data.toString())));
  }

  static async open(address = '127.0.0.1'): Promise<Peer> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => {
      socket.bind(0, address, resolve);
    });
    return new Peer(socket);
  }

  get port(): number {
    return this.#socket.address().port;
  }
  get address(): string {
    return this.#socket.address().address;
  }
  /** Messages that nobody asked for yet. */
  get unread(): readonly Message[] {
    return this.#inbox;
  }

  close(): void {
    this.#socket.close();
  }

  send(text: string): void {
    this.#socket.send(text, this.target, '127.0.0.1');
  }

  #receive(message: Message): void {
    if (this.automatic(message, this)) return;
    if (this.hidesRepetitions && this.#seen.has(message.text)) return;
    this.#seen.add(message.text);
    const index = this.#waiters.findIndex((waiter) => waiter.matches(message));
    if (index < 0) this.#inbox.push(message);
    else this.#waiters.splice(index, 1)[0]?.resolve(message);
  }

  #next(matches: (message: Message) => boolean): Promise<Message> {
    const index = this.#inbox.findIndex(matches);
    const [found] = index < 0 ? [] : this.#inbox.splice(index, 1);
    if (found !== undefined) return Promise.resolve(found);
    return new Promise((resolve) => {
      this.#waiters.push({ matches, resolve });
    });
  }

  /** The next request of that method. */
  request(method: string, where: (message: Message) => boolean = () => true): Promise<Message> {
    return this.#next((message) => message.status === null && message.startLine.startsWith(`${method} `) && where(message));
  }

  /** The next response with that status to that method. */
  response(status: number, method = 'INVITE', where: (message: Message) => boolean = () => true): Promise<Message> {
    return this.#next((message) => message.status === status && message.method === method && where(message));
  }

  answer(
    request: Message,
    status: number,
    { tag = 'far', body = '', headers = [] as string[], contact = 'far', type = 'application/sdp' } = {},
  ): void {
    const to = request.tag('To') === '' && status > 100 ? `${request.header('To')};tag=${tag}` : request.header('To');
    const lines = [
      `SIP/2.0 ${status} Whatever`,
      ...request.all('Via').map((via) => `Via: ${via}`),
      `From: ${request.header('From')}`,
      `To: ${to}`,
      `Call-ID: ${request.header('Call-ID')}`,
      `CSeq: ${request.header('CSeq')}`,
      `Contact: <sip:${contact}@${this.address}:${this.port}>`,
      ...headers,
    ];
    this.send(withBody(lines, body, type));
  }

  /** A call from this side, with the state that its dialog needs. */
  call(options: CallOptions = {}): Call {
    return new Call(this, `call-${++this.#counter}-${Math.random().toString(36).slice(2)}`, options);
  }

  branch(): string {
    return `z9hG4bK${++this.#counter}${Math.random().toString(36).slice(2)}`;
  }
}

function withBody(lines: readonly string[], body: string, type = 'application/sdp'): string {
  const content = body === '' ? [] : [`Content-Type: ${type}`];
  return `${[...lines, ...content, `Content-Length: ${Buffer.byteLength(body)}`].join('\r\n')}\r\n\r\n${body}`;
}

function answerRegister(message: Message, peer: Peer): boolean {
  if (message.status !== null || !message.startLine.startsWith('REGISTER ')) return false;
  const contact = message.header('Contact');
  peer.answer(message, 200, { headers: contact === '' ? [] : [`Contact: ${contact}`] });
  return true;
}

interface CallOptions {
  readonly uri?: string;
  readonly from?: string;
  readonly to?: string;
}
interface RequestOptions {
  readonly body?: string;
  readonly type?: string;
  readonly headers?: readonly string[];
  readonly sequence?: number;
  readonly branch?: string;
}

/** A dialog as the peer sees it; both for calls it makes and, by `of`, for those it answers. */
export class Call {
  readonly peer: Peer;
  readonly id: string;
  uri: string;
  from: string;
  to: string;
  sequence = 1;
  /** Of the last request, for CANCEL and the ACK of a refusal. */
  branch = '';

  constructor(
    peer: Peer,
    id: string,
    { uri = 'sip:line@127.0.0.1', from = '<sip:1001@ipbx.test>', to = '<sip:8000@ipbx.test>' }: CallOptions,
  ) {
    this.peer = peer;
    this.id = id;
    this.uri = uri;
    this.from = `${from};tag=peer`;
    this.to = to;
  }

  /** The dialog of an INVITE received, once it was answered with `tag`. */
  static of(peer: Peer, invite: Message, tag = 'far'): Call {
    const call = new Call(peer, invite.header('Call-ID'), {});
    call.from = `${invite.header('To')};tag=${tag}`;
    call.to = invite.header('From');
    call.uri = /<([^>]+)>/.exec(invite.header('Contact'))?.[1] ?? '';
    call.sequence = 100;
    return call;
  }

  send(method: string, { body = '', type, headers = [], sequence, branch }: RequestOptions = {}): void {
    if (method !== 'ACK' && method !== 'CANCEL') this.sequence = sequence ?? this.sequence + 1;
    this.branch = branch ?? this.peer.branch();
    const lines = [
      `${method} ${this.uri} SIP/2.0`,
      `Via: SIP/2.0/UDP 127.0.0.1:${this.peer.port};rport;branch=${this.branch}`,
      'Max-Forwards: 70',
      `From: ${this.from}`,
      `To: ${this.to}`,
      `Call-ID: ${this.id}`,
      `CSeq: ${sequence ?? this.sequence} ${method}`,
      `Contact: <sip:peer@127.0.0.1:${this.peer.port}>`,
      ...headers,
    ];
    this.peer.send(withBody(lines, body, type));
  }

  mine = (message: Message): boolean => message.header('Call-ID') === this.id;

  /** The response to this dialog's request; its To tag makes the dialog. */
  async response(status: number, method = 'INVITE'): Promise<Message> {
    const message = await this.peer.response(status, method, this.mine);
    if (message.tag('To') !== '' && !this.to.includes(';tag=')) this.to = message.header('To');
    return message;
  }

  request(method: string): Promise<Message> {
    return this.peer.request(method, this.mine);
  }

  cancel(): void {
    this.send('CANCEL', { branch: this.branch });
  }
}
