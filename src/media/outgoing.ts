import { FRAME_SAMPLES } from './g711.ts';
import type { RtpHeader } from './rtp.ts';
import { sequenceDistance, writeRtp } from './rtp.ts';

/** Packets after which nothing from before the relay's first can still come; far below half a turn of the numbers. */
const YOUNG = 1_000;

/**
 * What we send on one leg: one RTP source for the whole call (RFC 3550 §5.1), whatever it carries in turn. Prompts,
 * music and the relayed far ends follow one another with sequence numbers without a hole and timestamps that run with
 * the clock, so that the receiver never sees a new source and never throws its jitter buffer away.
 */
export class Outgoing {
  readonly ssrc: number;
  packets = 0;
  octets = 0;
  /** Last sent. */
  sequence: number;
  timestamp: number;
  #sentAt = 0;
  /** Samples in the packet sent last: the least that the next timestamp is ahead. */
  #span = 0;
  #marker = true;
  #nextTimestamp = 0;
  /** From the relayed source's numbers to ours; null: to be made from the next packet. */
  #mapping: { readonly sequence: number; readonly timestamp: number; readonly first: number; relayed: number } | null = null;

  /** Random beginnings, RFC 3550 §5.1: `random` gives 32 bits. */
  constructor(random: () => number) {
    this.ssrc = random();
    this.sequence = random() & 0xffff;
    this.timestamp = random();
  }

  /** Own frames begin: the next one's timestamp is the clock's. */
  beginFrames(now: number): void {
    this.#nextTimestamp = this.#timestampAt(now);
    this.#marker = true;
  }

  /** Writes the header of a 20 ms frame of ours. */
  stampFrame(packet: Uint8Array, payloadType: number, now: number): void {
    this.sequence = (this.sequence + 1) & 0xffff;
    this.#count(this.#nextTimestamp, FRAME_SAMPLES, now);
    this.#nextTimestamp = (this.#nextTimestamp + FRAME_SAMPLES) >>> 0;
    // RFC 3551 §4.1: the marker opens a talkspurt.
    writeRtp(packet, this.#marker, payloadType, this.sequence, this.timestamp, this.ssrc);
    this.#marker = false;
  }

  /** Frames that were not sent in time and never will be: the clock went on without them. */
  skipFrames(count: number): void {
    this.#nextTimestamp = (this.#nextTimestamp + count * FRAME_SAMPLES) >>> 0;
    this.#marker = true;
  }

  /** The relayed source changes: its next packet is fitted to ours. */
  breakRelay(): void {
    this.#mapping = null;
  }

  /**
   * Writes our header over a relayed packet's. Holes and disorder of the source stay as they are: the receiver is to
   * measure the loss it has. False for a late packet of before the relay began: its number is already taken.
   */
  stampRelayed(packet: Uint8Array, header: RtpHeader, payloadType: number, samples: number, now: number): boolean {
    let marker = header.marker;
    if (this.#mapping === null) {
      this.#mapping = {
        sequence: this.sequence + 1 - header.sequence,
        timestamp: this.#timestampAt(now) - header.timestamp,
        first: header.sequence,
        relayed: 0,
      };
      marker = true;
    } else if (this.#mapping.relayed < YOUNG && sequenceDistance(header.sequence, this.#mapping.first) < 0) return false;
    this.#mapping.relayed++;
    const sequence = (header.sequence + this.#mapping.sequence) & 0xffff;
    const timestamp = (header.timestamp + this.#mapping.timestamp) >>> 0;
    if (sequenceDistance(sequence, this.sequence) > 0) {
      this.sequence = sequence;
      this.#count(timestamp, samples, now);
    } else {
      this.packets++;
      this.octets += samples;
    }
    writeRtp(packet, marker, payloadType, sequence, timestamp, this.ssrc);
    return true;
  }

  /** The timestamp that goes with the instant: RFC 3550 §6.4.1 wants it in the sender report. */
  timestampAt(now: number): number {
    return (this.timestamp + Math.round((now - this.#sentAt) * 8)) >>> 0;
  }

  #timestampAt(now: number): number {
    if (this.packets === 0) return this.timestamp;
    return (this.timestamp + Math.max(this.#span, Math.round((now - this.#sentAt) * 8))) >>> 0;
  }

  #count(timestamp: number, samples: number, now: number): void {
    this.timestamp = timestamp;
    this.#sentAt = now;
    this.#span = samples;
    this.packets++;
    this.octets += samples;
  }
}
