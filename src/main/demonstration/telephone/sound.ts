import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { once } from 'node:events';
import { SAMPLES_PER_SECOND, fromALaw, shareAt } from './voice.ts';
import type { MediaDescription } from './sdp.ts';
import { EVENT_PAYLOAD, PCMA_PAYLOAD } from './sdp.ts';

const FRAME_MS = 20;
const FRAME_SAMPLES = 160;
/** Frames sent at once after a pause of the process; what is older is skipped, as a telephone's clock would. */
const MAX_CATCH_UP = 5;
/** RFC 4733 §2.5.1: a key held 120 ms, its end told three times. */
const KEY_FRAMES = 6;
const KEY_END_REPEATS = 3;
const KEYS = '0123456789*#ABCD';
const MAX_KEYS_WAITING = 32;
/** Last second of what was heard. */
const EAR_SAMPLES = SAMPLES_PER_SECOND;

/** One timer for all the streams of all the telephones. */
class Pacer {
  readonly #streams = new Set<Sound>();
  #timer: NodeJS.Timeout | null = null;
  #sentUntil = 0;

  add(stream: Sound): void {
    this.#streams.add(stream);
    if (this.#timer !== null) return;
    this.#sentUntil = performance.now();
    this.#timer = setInterval(() => this.#tick(), FRAME_MS);
  }

  remove(stream: Sound): void {
    this.#streams.delete(stream);
    if (this.#streams.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  #tick(): void {
    const now = performance.now();
    const due = Math.floor((now - this.#sentUntil) / FRAME_MS);
    this.#sentUntil += due * FRAME_MS;
    for (let frame = 0; frame < Math.min(due, MAX_CATCH_UP); frame += 1) for (const stream of this.#streams) stream.sendFrame();
  }
}

const pacer = new Pacer();

export interface Heard {
  readonly packets: number;
  /** Keys pressed at the far end. */
  readonly keys: string;
}

/** One call's RTP: sends a voice in G.711 A-law every 20 ms, listens, presses keys (RFC 3550, RFC 4733). */
export class Sound {
  readonly #socket: Socket = createSocket('udp4');
  readonly #voice: Buffer;
  readonly #source = randomInt(2 ** 32);
  readonly #ear = new Int16Array(EAR_SAMPLES);
  readonly #keys: string[] = [];
  #remote: MediaDescription | null = null;
  #open = true;
  #sequence = 0;
  #timestamp = 0;
  #position = 0;
  #earPosition = 0;
  #packets = 0;
  #keysHeard = '';
  #lastEvent = -1;
  #key: { readonly code: number; readonly timestamp: number; frame: number } | null = null;

  constructor(voice: Buffer) {
    this.#voice = voice;
  }

  /** Takes a port and returns it. */
  async open(): Promise<number> {
    this.#socket.on('message', (packet) => this.#receive(packet));
    // The far end may close its port a moment before we hear of it.
    this.#socket.on('error', () => {});
    this.#socket.bind(0, '127.0.0.1');
    await once(this.#socket, 'listening');
    return this.#socket.address().port;
  }

  /** Sends there from now on; after a re-INVITE, elsewhere. Never beyond loopback. */
  connect(remote: MediaDescription): void {
    if (!remote.host.startsWith('127.') && remote.host !== '0.0.0.0') return;
    this.#remote = remote;
    if (this.#open) pacer.add(this);
  }

  press(key: string): void {
    if (KEYS.includes(key) && this.#keys.length < MAX_KEYS_WAITING) this.#keys.push(key);
  }

  get heard(): Heard {
    return { packets: this.#packets, keys: this.#keysHeard };
  }

  /** Whether the last second sounded like somebody of that pitch; see `shareAt`. */
  shareHeard(pitchHz: number): number {
    return shareAt(this.#ear, pitchHz);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    pacer.remove(this);
    this.#socket.close();
  }

  sendFrame(): void {
    const remote = this.#remote;
    this.#timestamp = (this.#timestamp + FRAME_SAMPLES) >>> 0;
    if (remote === null || remote.direction === 'inactive' || remote.direction === 'sendonly') return;
    if (this.#key === null && this.#keys.length > 0) {
      this.#key = { code: KEYS.indexOf(this.#keys.shift() ?? ''), timestamp: this.#timestamp, frame: 0 };
    }
    if (this.#key !== null && remote.events !== null) this.#sendKey(remote.events, this.#key);
    else {
      const start = this.#position;
      this.#position = (start + FRAME_SAMPLES) % this.#voice.length;
      this.#send(PCMA_PAYLOAD, this.#sequence === 0, this.#timestamp, this.#voice.subarray(start, start + FRAME_SAMPLES));
    }
  }

  #sendKey(payloadType: number, key: { readonly code: number; readonly timestamp: number; frame: number }): void {
    const ending = key.frame >= KEY_FRAMES;
    const duration = Math.min(key.frame + 1, KEY_FRAMES) * FRAME_SAMPLES;
    const event = Buffer.from([key.code, (ending ? 0x80 : 0) | 10, duration >> 8, duration & 0xff]);
    this.#send(payloadType, key.frame === 0, key.timestamp, event);
    key.frame += 1;
    if (key.frame >= KEY_FRAMES + KEY_END_REPEATS) this.#key = null;
  }

  #send(payloadType: number, marker: boolean, timestamp: number, payload: Buffer): void {
    if (!this.#open || this.#remote === null) return;
    const header = Buffer.alloc(12);
    header[0] = 0x80;
    header[1] = (marker ? 0x80 : 0) | payloadType;
    header.writeUInt16BE(this.#sequence & 0xffff, 2);
    header.writeUInt32BE(timestamp, 4);
    header.writeUInt32BE(this.#source, 8);
    this.#sequence += 1;
    this.#socket.send([header, payload], this.#remote.port, this.#remote.host);
  }

  #receive(packet: Buffer): void {
    if (packet.length < 12 || (packet.readUInt8(0) & 0xc0) !== 0x80) return;
    const payloadType = packet.readUInt8(1) & 0x7f;
    const start = 12 + 4 * (packet.readUInt8(0) & 0x0f);
    if (payloadType === PCMA_PAYLOAD) {
      this.#packets += 1;
      for (let index = start; index < packet.length; index += 1) {
        this.#ear[this.#earPosition] = fromALaw(packet.readUInt8(index));
        this.#earPosition = (this.#earPosition + 1) % EAR_SAMPLES;
      }
    } else if (payloadType === (this.#remote?.events ?? EVENT_PAYLOAD) && packet.length >= start + 4) {
      // One key is many packets of one timestamp.
      const timestamp = packet.readUInt32BE(4);
      if (timestamp === this.#lastEvent || this.#keysHeard.length >= MAX_KEYS_WAITING) return;
      this.#lastEvent = timestamp;
      this.#keysHeard += KEYS[packet.readUInt8(start)] ?? '';
    }
  }
}
