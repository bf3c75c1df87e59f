import { createHash } from 'node:crypto';
import type { IncomingRequestMessage } from 'sip.js/lib/core/index.js';
import type { Via } from '../wire/via.ts';

/**
 * The name under which sip.js files a server transaction. It uses the branch alone, so that two telephones behind a
 * proxy that reuses branches, or an OPTIONS with the branch of an INVITE, swallow one another.
 *
 * RFC 3261 §17.2.3: branch, sent-by and method must agree; ACK and CANCEL belong to the INVITE (CANCEL by §9.2).
 * Without the magic cookie (RFC 2543): Request-URI, From tag, Call-ID, CSeq number and topmost Via must agree; an ACK is
 * matched without the To tag, which the INVITE did not have.
 */
export function transactionId(message: IncomingRequestMessage): string {
  const via = message.via as unknown as Via;
  const method = message.method === 'ACK' || message.method === 'CANCEL' ? 'INVITE' : message.method;
  if (via.branch?.startsWith('z9hG4bK')) return `${via.branch}|${via.host}:${via.port ?? ''}|${method}`;
  const parts = [message.callId, message.fromTag, message.cseq, message.getHeader('via'), message.ruri?.toString(), method];
  return `2543|${createHash('sha1').update(parts.join('|')).digest('base64url')}`;
}
