import { type IncomingResponseMessage, NameAddrHeader, type UserAgentCore } from 'sip.js/lib/core/index.js';
import type { HeaderEntry } from '../wire/message.ts';
import { dialogInternals, dialogOfResponse } from './internals.ts';

/**
 * Two things that sip.js gets wrong about the Contact of responses to INVITE.
 *
 * It throws away provisional responses without one, which RFC 3261 §20 table 3 allows and many exchanges send: nobody
 * would hear that the telephone rings, nor could the call be cancelled as ringing. They are lent the Request-URI.
 *
 * It keeps the target of the first provisional response for ever; but a 2xx to INVITE, re-INVITE or UPDATE refreshes it
 * (§12.2.1.2): ACK and BYE would go to the wrong place, here even to the lent one.
 */
export function prepareContact(core: UserAgentCore, message: IncomingResponseMessage): void {
  const status = message.statusCode ?? 0;
  if (status <= 100 || status >= 300 || (message.method !== 'INVITE' && message.method !== 'UPDATE')) return;
  const contact = message.headers.Contact?.[0]?.parsed as NameAddrHeader | undefined;
  if (contact === undefined) {
    const client = message.method === 'INVITE' ? core.userAgentClients.get(message.viaBranch + message.method) : undefined;
    if (client === undefined) return;
    const lent = new NameAddrHeader(client.message.ruri.clone(), '', {});
    message.headers.Contact = [{ raw: lent.toString(), parsed: lent } satisfies HeaderEntry];
    return;
  }
  if (status < 200) return;
  const dialog = message.toTag ? dialogOfResponse(core, message) : undefined;
  if (dialog !== undefined) dialogInternals(dialog).dialogState.remoteTarget = contact.uri;
}
