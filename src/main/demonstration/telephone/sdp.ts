/** The little of SDP (RFC 8866, RFC 3264) that a telephone with one codec needs. */

export const PCMA_PAYLOAD = 8;
export const EVENT_PAYLOAD = 101;

export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

/** The far end's audio stream, as the far end sees it. */
export interface MediaDescription {
  readonly host: string;
  readonly port: number;
  readonly direction: Direction;
  /** Payload type that the far end takes for keys; null: none. */
  readonly events: number | null;
}

const DIRECTIONS: readonly Direction[] = ['sendrecv', 'sendonly', 'recvonly', 'inactive'];

/** What we write; `version` rises with each change (RFC 3264 §8). */
export function describe(port: number, direction: Direction, version: number, events: number | null = EVENT_PAYLOAD): string {
  const lines = [
    'v=0',
    `o=- 1 ${version} IN IP4 127.0.0.1`,
    's=-',
    'c=IN IP4 127.0.0.1',
    't=0 0',
    `m=audio ${port} RTP/AVP ${PCMA_PAYLOAD}${events === null ? '' : ` ${events}`}`,
    `a=rtpmap:${PCMA_PAYLOAD} PCMA/8000`,
    ...(events === null ? [] : [`a=rtpmap:${events} telephone-event/8000`, `a=fmtp:${events} 0-15`]),
    'a=ptime:20',
    `a=${direction}`,
  ];
  return `${lines.join('\r\n')}\r\n`;
}

/** `null`: no audio that we understand. */
export function readDescription(body: string): MediaDescription | null {
  const lines = body.split(/\r?\n/);
  const media = /^m=audio (\d+) RTP\/AVP ([\d ]+)$/.exec(lines.find((line) => line.startsWith('m=audio')) ?? '');
  if (media === null || !(media[2] ?? '').split(' ').includes(String(PCMA_PAYLOAD))) return null;
  const host =
    lines
      .findLast((line) => line.startsWith('c=IN IP4 '))
      ?.slice(9)
      .split('/')[0]
      ?.trim() ?? '';
  const events = /^a=rtpmap:(\d+) telephone-event\/8000/i.exec(
    lines.find((line) => /^a=rtpmap:\d+ telephone-event/i.test(line)) ?? '',
  );
  const direction = DIRECTIONS.find((name) => lines.includes(`a=${name}`)) ?? 'sendrecv';
  // A held stream of old telephones: address zero (RFC 3264 §8.4).
  const held = host === '0.0.0.0' && direction === 'sendrecv' ? 'inactive' : direction;
  return { host, port: Number(media[1]), direction: held, events: events === null ? null : Number(events[1]) };
}

/** Our side of an answer to `offered`, when we ourselves would like `wanted` (RFC 3264 §6.1). */
export function answering(offered: Direction, wanted: Direction): Direction {
  const send = (offered === 'sendrecv' || offered === 'recvonly') && (wanted === 'sendrecv' || wanted === 'sendonly');
  const receive = (offered === 'sendrecv' || offered === 'sendonly') && (wanted === 'sendrecv' || wanted === 'recvonly');
  if (send) return receive ? 'sendrecv' : 'sendonly';
  return receive ? 'recvonly' : 'inactive';
}
