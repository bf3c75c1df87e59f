import { InviteClientTransaction, type IncomingResponseMessage, type OutgoingRequestMessage } from 'sip.js/lib/core/index.js';
import { newBranch } from './identifiers.ts';
import { inviteClientInternals } from './internals.ts';

/** An ACK once sent: for its repetition the text is enough. */
class SentAck {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

/**
 * ACK of a 2xx (RFC 3261 §13.2.2.4), a transaction of its own: branch from our generator, and the credentials of its
 * INVITE (§22.1), which sip.js leaves out. sip.js keeps the whole request for 32 s in case the 2xx is repeated; the text does.
 */
function acknowledge(this: InviteClientTransaction, ack: OutgoingRequestMessage): void {
  const { ackRetransmissionCache, send } = inviteClientInternals(this);
  const tag = ack.toTag;
  if (!tag) throw new Error('An ACK without a To tag.');
  let sent = ackRetransmissionCache.get(tag);
  if (!(sent instanceof SentAck)) {
    for (const name of ['Authorization', 'Proxy-Authorization']) {
      const values = this.request.headers[name];
      if (values !== undefined) ack.headers[name] = values;
    }
    ack.setViaHeader(newBranch(), this.transport.protocol);
    sent = new SentAck(ack.toString());
    ackRetransmissionCache.set(tag, sent);
  }
  // Lost or refused by the network, it is the repetition of the 2xx that asks for another.
  send.call(this, sent.toString()).catch(() => {});
}

/**
 * ACK of a refusal (RFC 3261 §17.1.1.3): same Route header fields as the INVITE; sip.js copies only the first, and the
 * ACK then takes another way than its INVITE, or none. The Via and its branch are the INVITE's.
 */
function acknowledgeRefusal(this: InviteClientTransaction, response: IncomingResponseMessage): void {
  const { request } = this;
  const lines = [`ACK ${request.ruri.toRaw()} SIP/2.0`, `Via: ${request.getHeader('via')}`];
  for (const route of request.getHeaders('route')) lines.push(`Route: ${route}`);
  lines.push(
    'Max-Forwards: 70',
    `From: ${request.getHeader('from')}`,
    `To: ${response.getHeader('to')}`,
    `Call-ID: ${request.callId}`,
    `CSeq: ${request.cseq} ACK`,
    'Content-Length: 0\r\n\r\n',
  );
  // Completed for 32 s: the INVITE's body has done its service, unless a challenge makes it go out again.
  if (response.statusCode !== 401 && response.statusCode !== 407) request.body = undefined;
  inviteClientInternals(this)
    .send.call(this, lines.join('\r\n'))
    .catch(() => {});
}

export function installAcks(): void {
  Object.assign(InviteClientTransaction.prototype, { ack: acknowledgeRefusal, ackResponse: acknowledge });
}
