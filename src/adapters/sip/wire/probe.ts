import { randomBytes } from 'node:crypto';
import type { Endpoint } from './types.ts';

const MARK = 'z9hG4bKprobe';

export const isProbe = (branch: string): boolean => branch.startsWith(MARK);

const hostOf = (address: string): string => (address.includes(':') ? `[${address}]` : address);

/** OPTIONS as RFC 3261 §11 means it: any answer shows that somebody is there. Outside any line, with nothing to authenticate. */
export function probeText(local: Endpoint, target: Endpoint): string {
  const random = randomBytes(12).toString('hex');
  const to = `${hostOf(target.address)}:${target.port}`;
  const from = `${hostOf(local.address)}:${local.port}`;
  return [
    `OPTIONS sip:${to} SIP/2.0`,
    `Via: SIP/2.0/${local.protocol} ${from};branch=${MARK}${random};rport`,
    'Max-Forwards: 70',
    `From: <sip:probe@${from}>;tag=${random.slice(0, 8)}`,
    `To: <sip:${to}>`,
    `Call-ID: ${random}`,
    'CSeq: 1 OPTIONS',
    'Content-Length: 0\r\n\r\n',
  ].join('\r\n');
}
