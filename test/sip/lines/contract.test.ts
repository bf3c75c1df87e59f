import { type FarCall, linesContract, type LinesBench } from '../../contract/lines.ts';
import { Call, type Message, type Peer, sdp } from './peer.ts';
import { lineOptions, rig } from './rig.ts';

const CHANNELS = 3;

/** A caller behind the IPBX. Its own messages are answered as they come, so that the suite need not know SIP. */
class Caller implements FarCall {
  readonly #call: Call;
  #answered = false;

  constructor(peer: Peer) {
    this.#call = peer.call();
    this.#call.send('INVITE', { body: sdp(50_000) });
  }

  async rings(): Promise<void> {
    await this.#call.response(180);
  }
  async answered(): Promise<void> {
    await this.#call.response(200);
    this.#answered = true;
    this.#call.send('ACK');
  }
  async ended(): Promise<void> {
    if (this.#answered) return this.#call.peer.answer(await this.#call.request('BYE'), 200);
    await Promise.race([480, 486, 503].map((status) => this.#call.response(status)));
  }
  ring(): void {}
  answer(): Promise<void> {
    return Promise.resolve();
  }
  refuseBusy(): void {}
  hangUp(): void {
    if (this.#answered) this.#call.send('BYE');
    else this.#call.cancel();
  }
}

/** A telephone behind the IPBX. */
class Telephone implements FarCall {
  readonly #peer: Peer;
  readonly #invite: Message;
  #call: Call | null = null;

  constructor(peer: Peer, invite: Message) {
    this.#peer = peer;
    this.#invite = invite;
  }

  rings(): Promise<void> {
    return Promise.resolve();
  }
  answered(): Promise<void> {
    return Promise.resolve();
  }
  async ended(): Promise<void> {
    if (this.#call !== null) return this.#peer.answer(await this.#call.request('BYE'), 200);
    this.#peer.answer(await this.#peer.request('CANCEL'), 200);
    this.#peer.answer(this.#invite, 487);
  }
  ring(): void {
    this.#peer.answer(this.#invite, 180);
  }
  async answer(): Promise<void> {
    this.#peer.answer(this.#invite, 200, { body: sdp(50_002) });
    this.#call = Call.of(this.#peer, this.#invite);
    await this.#peer.request('ACK');
  }
  refuseBusy(): void {
    this.#peer.answer(this.#invite, 486);
  }
  hangUp(): void {
    this.#call?.send('BYE');
  }
}

async function open(): Promise<LinesBench> {
  const { lines, events, media, peer, close } = await rig({ lines: [lineOptions({ channels: CHANNELS })] });
  const seen = new Set<string>();
  return {
    lines,
    line: 'main',
    channels: CHANNELS,
    next: (type, where) => events.next(type, where),
    seen: () => events.all,
    streams: () => media.open_.size,
    callsIn: () => new Caller(peer),
    arrives: async () => {
      // Without a 100 the wire sends the INVITE again, as it must.
      const invite = await peer.request('INVITE', (message) => !seen.has(message.header('Call-ID')));
      seen.add(invite.header('Call-ID'));
      return new Telephone(peer, invite);
    },
    close,
  };
}

linesContract('SIP over UDP', open);
