import { FRAME_SAMPLES } from './g711.ts';
import { timestampDistance, writeUint16 } from './rtp.ts';

/** DTMF as telephone events, RFC 4733 §2. */

/** Events 0 to 15, RFC 4733 §3.2 table 3. */
const DIGITS = '0123456789*#ABCD';

/** `duration` in timestamp units. */
export interface TelephoneEvent {
  readonly digit: string;
  readonly end: boolean;
  readonly volume: number;
  readonly duration: number;
}

/** Reads a payload `[from, to)`; null for what is not a DTMF event. */
export function parseEvent(packet: Uint8Array, from: number, to: number): TelephoneEvent | null {
  if (to - from < 4) return null;
  const digit = DIGITS[packet[from] as number];
  if (digit === undefined) return null;
  const flags = packet[from + 1] as number;
  return {
    digit,
    end: (flags & 0x80) !== 0,
    volume: flags & 0x3f,
    duration: ((packet[from + 2] as number) << 8) | (packet[from + 3] as number),
  };
}

/**
 * Makes one digit of the many packets of an event. The event's timestamp is its name (RFC 4733 §2.5.1.2: it stays the
 * same in all updates and in the three end packets), so whichever packet comes first tells the digit, at once, and all
 * others of that timestamp and those of older events that come late are silent: loss of the first packet, of the marker
 * or of the end bits changes nothing.
 */
export class EventReceiver {
  #digit: string | null = null;
  #timestamp = 0;
  #duration = 0;

  /** The digit when this packet is the first seen of its event, else null. */
  receive(packet: Uint8Array, from: number, to: number, timestamp: number): string | null {
    const event = parseEvent(packet, from, to);
    if (event === null) return null;
    if (this.#digit !== null) {
      const later = timestampDistance(timestamp, this.#timestamp);
      if (later < 0) return null;
      if (later === 0) {
        this.#duration = Math.max(this.#duration, event.duration);
        return null;
      }
    }
    const segment = this.#continues(event.digit, timestamp);
    this.#digit = event.digit;
    this.#timestamp = timestamp;
    this.#duration = event.duration;
    return segment ? null : event.digit;
  }

  /** The far end restarted its clock: older and newer no longer mean anything. */
  reset(): void {
    this.#digit = null;
  }

  /** RFC 4733 §2.5.1.3: a key held beyond 0xFFFF units (8 s) goes on in a segment that starts where the full one ends. */
  #continues(digit: string, timestamp: number): boolean {
    return digit === this.#digit && this.#duration === 0xffff && timestampDistance(timestamp, this.#timestamp) === 0xffff;
  }
}

/** One packet's worth of an event that is being sent. */
export interface EventPacket {
  readonly payload: Uint8Array<ArrayBuffer>;
  readonly marker: boolean;
  /** After the packet before, in milliseconds; the retransmitted ends go together. */
  readonly afterMs: number;
}

/** −10 dBm0, in the middle of what RFC 4733 §2.3.3 wants accepted. */
const VOLUME = 10;

/**
 * The packets of one digit held for `durationMs` (RFC 4733 §2.5.1): an update every 20 ms, the last one three times with
 * the end bit. All carry the timestamp of the event's start; sequence numbers go on. Null when it is no DTMF digit.
 */
export function eventPackets(digit: string, durationMs: number): readonly EventPacket[] | null {
  const code = digit.length === 1 ? DIGITS.indexOf(digit) : -1;
  if (code < 0) return null;
  const updates = Math.min(Math.max(Math.ceil(durationMs / 20), 2), 400);
  return Array.from({ length: updates + 2 }, (_, i) => {
    const payload = new Uint8Array(4);
    payload[0] = code;
    payload[1] = (i >= updates - 1 ? 0x80 : 0) | VOLUME;
    writeUint16(payload, 2, Math.min(i + 1, updates) * FRAME_SAMPLES);
    return { payload, marker: i === 0, afterMs: i === 0 || i >= updates ? 0 : 20 };
  });
}
