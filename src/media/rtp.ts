/** RTP packets, RFC 3550 §5.1. */

export const RTP_HEADER = 12;
/** What fits an Ethernet frame; G.711 never needs more, and anything longer is not worth relaying. */
const MAX_PACKET = 1_500;

/** A parsed header. One object is reused for every packet: a relay must not leave garbage at 50,000 packets a second. */
export interface RtpHeader {
  marker: boolean;
  payloadType: number;
  sequence: number;
  timestamp: number;
  ssrc: number;
  /** The payload is `[payloadStart, payloadEnd)`: after CSRCs and extension, before the padding. */
  payloadStart: number;
  payloadEnd: number;
  /** Neither CSRC, extension nor padding: the packet can be rewritten where it lies. */
  plain: boolean;
}

export const emptyHeader = (): RtpHeader => ({
  marker: false,
  payloadType: 0,
  sequence: 0,
  timestamp: 0,
  ssrc: 0,
  payloadStart: 0,
  payloadEnd: 0,
  plain: true,
});

const uint16 = (octets: Uint8Array, at: number): number => ((octets[at] as number) << 8) | (octets[at + 1] as number);

export const readUint32 = (octets: Uint8Array, at: number): number =>
  (((octets[at] as number) << 24) | ((octets[at + 1] as number) << 16) | uint16(octets, at + 2)) >>> 0;

export const writeUint16 = (octets: Uint8Array, at: number, value: number): void => {
  octets[at] = value >>> 8;
  octets[at + 1] = value;
};

export const writeUint32 = (octets: Uint8Array, at: number, value: number): void => {
  octets[at] = value >>> 24;
  octets[at + 1] = value >>> 16;
  octets[at + 2] = value >>> 8;
  octets[at + 3] = value;
};

/**
 * Reads a header into `header`. Total: false for whatever is not RTP of version 2 whose parts lie inside the packet
 * (RFC 3550 appendix A.1); `header` is then worthless.
 */
export function parseRtp(packet: Uint8Array, header: RtpHeader): boolean {
  const length = packet.length;
  if (length < RTP_HEADER || length > MAX_PACKET) return false;
  const first = packet[0] as number;
  if (first >> 6 !== 2) return false;
  const second = packet[1] as number;
  // RFC 5761 §4: with these values in the second octet it is RTCP that came to the wrong port.
  if (second >= 192 && second <= 223) return false;
  let start = RTP_HEADER + 4 * (first & 15);
  if ((first & 0x10) !== 0) {
    // RFC 3550 §5.3.1: four octets, of which the last two count the 32-bit words that follow.
    if (start + 4 > length) return false;
    start += 4 + 4 * uint16(packet, start + 2);
  }
  let end = length;
  if ((first & 0x20) !== 0) {
    const padding = packet[length - 1] as number;
    if (padding === 0) return false;
    end -= padding;
  }
  if (start > end) return false;
  header.marker = (second & 0x80) !== 0;
  header.payloadType = second & 0x7f;
  header.sequence = uint16(packet, 2);
  header.timestamp = readUint32(packet, 4);
  header.ssrc = readUint32(packet, 8);
  header.payloadStart = start;
  header.payloadEnd = end;
  header.plain = first === 0x80;
  return true;
}

/** Writes a plain header over the first 12 octets. */
export function writeRtp(
  packet: Uint8Array,
  marker: boolean,
  payloadType: number,
  sequence: number,
  timestamp: number,
  ssrc: number,
): void {
  packet[0] = 0x80;
  packet[1] = marker ? payloadType | 0x80 : payloadType;
  writeUint16(packet, 2, sequence);
  writeUint32(packet, 4, timestamp);
  writeUint32(packet, 8, ssrc);
}

/** `a − b` of two sequence numbers, from −32,768 to 32,767: positive when `a` is the later. */
export const sequenceDistance = (a: number, b: number): number => ((a - b) << 16) >> 16;

/** `a − b` of two timestamps, modulo 2³². */
export const timestampDistance = (a: number, b: number): number => (a - b) | 0;
