import type { ReceptionReport } from './reception.ts';
import { readUint32, writeUint16, writeUint32 } from './rtp.ts';

/** RTCP, RFC 3550 §6: SR, RR, SDES with a CNAME, BYE. */

const SR = 200;
const RR = 201;
const SDES = 202;
const BYE = 203;
const MAX_RTCP = 1_500;

/** 1900 to 1970 in seconds: NTP's era against the instants of this program. */
const NTP_OFFSET = 2_208_988_800;

export interface SenderInfo {
  /** Milliseconds since 1970. */
  readonly wallClock: number;
  readonly timestamp: number;
  readonly packets: number;
  readonly octets: number;
}

/** A report block, with the echo of the other's last SR (RFC 3550 §6.4.1: LSR and DLSR, 1/65,536 s). */
export interface ReportBlock extends ReceptionReport {
  readonly lastSenderReport: number;
  readonly delaySinceSenderReport: number;
}

export interface RtcpSummary {
  /** The sender report's middle 32 bits of NTP time; null: none in the packet. */
  readonly senderReport: number | null;
  readonly blocks: readonly ReportBlock[];
  readonly bye: boolean;
}

const writeBlock = (out: Uint8Array, at: number, block: ReportBlock): void => {
  writeUint32(out, at, block.ssrc);
  // 24 bits, signed: held at its ends rather than wrapped (RFC 3550 appendix A.3).
  const lost = Math.max(-0x80_0000, Math.min(0x7f_ffff, block.lost));
  writeUint32(out, at + 4, ((block.fractionLost << 24) | (lost & 0xff_ffff)) >>> 0);
  writeUint32(out, at + 8, block.highestSequence);
  writeUint32(out, at + 12, block.jitter);
  writeUint32(out, at + 16, block.lastSenderReport);
  writeUint32(out, at + 20, block.delaySinceSenderReport);
};

const writeHead = (out: Uint8Array, at: number, type: number, count: number, length: number): void => {
  out[at] = 0x80 | count;
  out[at + 1] = type;
  writeUint16(out, at + 2, length / 4 - 1);
};

/**
 * A compound packet (RFC 3550 §6.1: a report first, then SDES, then BYE): SR when `sender` is given, else RR.
 * `cname` is ASCII, at most 255 characters.
 */
export function buildRtcp(
  ssrc: number,
  cname: string,
  sender: SenderInfo | null,
  block: ReportBlock | null,
  bye: boolean,
): Uint8Array<ArrayBuffer> {
  const reportLength = 8 + (sender === null ? 0 : 20) + (block === null ? 0 : 24);
  // Chunk: SSRC, item type and length, text, at least one zero, filled to 32 bits (RFC 3550 §6.5).
  const sdesLength = 4 + 4 * Math.ceil((4 + 2 + cname.length + 1) / 4);
  const out = new Uint8Array(reportLength + sdesLength + (bye ? 8 : 0));
  writeHead(out, 0, sender === null ? RR : SR, block === null ? 0 : 1, reportLength);
  writeUint32(out, 4, ssrc);
  let at = 8;
  if (sender !== null) {
    const seconds = sender.wallClock / 1_000 + NTP_OFFSET;
    writeUint32(out, 8, Math.floor(seconds));
    writeUint32(out, 12, Math.floor((seconds % 1) * 4_294_967_296));
    writeUint32(out, 16, sender.timestamp);
    writeUint32(out, 20, sender.packets);
    writeUint32(out, 24, sender.octets);
    at = 28;
  }
  if (block !== null) writeBlock(out, at, block);
  writeHead(out, reportLength, SDES, 1, sdesLength);
  writeUint32(out, reportLength + 4, ssrc);
  out[reportLength + 8] = 1;
  out[reportLength + 9] = cname.length;
  for (let i = 0; i < cname.length; i++) out[reportLength + 10 + i] = cname.charCodeAt(i);
  if (bye) {
    writeHead(out, reportLength + sdesLength, BYE, 1, 8);
    writeUint32(out, reportLength + sdesLength + 4, ssrc);
  }
  return out;
}

const readBlock = (packet: Uint8Array, at: number): ReportBlock => {
  const lost = readUint32(packet, at + 4);
  return {
    ssrc: readUint32(packet, at),
    fractionLost: lost >>> 24,
    lost: (lost << 8) >> 8,
    highestSequence: readUint32(packet, at + 8),
    jitter: readUint32(packet, at + 12),
    lastSenderReport: readUint32(packet, at + 16),
    delaySinceSenderReport: readUint32(packet, at + 20),
  };
};

/** Total: null for whatever RFC 3550 appendix A.2 would not take. */
export function parseRtcp(packet: Uint8Array): RtcpSummary | null {
  if (packet.length < 8 || packet.length > MAX_RTCP || packet.length % 4 !== 0) return null;
  let senderReport: number | null = null;
  let bye = false;
  const blocks: ReportBlock[] = [];
  for (let at = 0; at < packet.length; ) {
    const first = packet[at] as number;
    const type = packet[at + 1] as number;
    const length = 4 + 4 * (((packet[at + 2] as number) << 8) | (packet[at + 3] as number));
    if (first >> 6 !== 2 || at + length > packet.length) return null;
    if (at === 0 && ((type !== SR && type !== RR) || (first & 0x20) !== 0)) return null;
    if (type === SR || type === RR) {
      const head = type === SR ? 28 : 8;
      if (length < head + 24 * (first & 31)) return null;
      if (type === SR) senderReport = ((readUint32(packet, at + 8) << 16) | (readUint32(packet, at + 12) >>> 16)) >>> 0;
      for (let i = 0; i < (first & 31); i++) blocks.push(readBlock(packet, at + head + 24 * i));
    } else if (type === BYE) bye = true;
    at += length;
  }
  return { senderReport, blocks, bye };
}
