import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Codec } from '../../src/media/g711.ts';
import { encode, FRAME_SAMPLES, STATIC_PAYLOAD_TYPE } from '../../src/media/g711.ts';
import { emptyHeader, parseRtp, sequenceDistance, writeRtp } from '../../src/media/rtp.ts';
import { eventPackets } from '../../src/media/telephone-event.ts';
import { synthesise } from '../../src/media/tones.ts';
import type { MediaAddress, RemoteStream } from '../../src/ports/media.ts';
import { decode, meanPower, tonePower } from '../support/sound.ts';
import { until } from '../support/wait.ts';

export interface HeardPacket {
  readonly payloadType: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly payload: Uint8Array;
}

interface Speech {
  readonly heardBy?: Telephone;
  readonly lose?: (frame: number) => boolean;
}

/** A far end on loopback: a real socket, what came to it, and how to speak. */
export class Telephone {
  readonly codec: Codec;
  readonly heard: HeardPacket[] = [];
  readonly #socket: Socket;
  /** Where it speaks to; a leg's address. */
  to: MediaAddress = { address: '127.0.0.1', port: 0 };
  sequence = 1;
  timestamp = 1_000;
  ssrc: number;

  private constructor(socket: Socket, codec: Codec) {
    this.#socket = socket;
    this.codec = codec;
    this.ssrc = socket.address().port;
    socket.on('error', () => undefined);
    socket.on('message', (packet) => {
      const header = emptyHeader();
      if (!parseRtp(packet, header)) return;
      const { payloadType, sequence, timestamp, ssrc } = header;
      this.heard.push({
        payloadType,
        sequence,
        timestamp,
        ssrc,
        payload: packet.subarray(header.payloadStart, header.payloadEnd),
      });
    });
  }

  static async create(codec: Codec = 'PCMA', port = 0): Promise<Telephone> {
    const socket = createSocket('udp4');
    const listening = once(socket, 'listening');
    socket.bind(port, '127.0.0.1');
    await listening;
    return new Telephone(socket, codec);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  /** How it is described to the media. */
  stream(change: Partial<RemoteStream> = {}): RemoteStream {
    const { codec, port } = this;
    const payloadType = STATIC_PAYLOAD_TYPE[codec];
    return { address: '127.0.0.1', port, codec, payloadType, telephoneEventType: 101, direction: 'sendrecv', ...change };
  }

  send(payload: Uint8Array, payloadType: number = STATIC_PAYLOAD_TYPE[this.codec], marker = false): void {
    const packet = new Uint8Array(12 + payload.length);
    writeRtp(packet, marker, payloadType, this.sequence, this.timestamp, this.ssrc);
    packet.set(payload, 12);
    this.#socket.send(packet, this.to.port, this.to.address);
    this.sequence = (this.sequence + 1) & 0xffff;
  }

  /**
   * Speaks a tone faster than time goes: a relay looks at no clock, and tests have none to waste. With `heardBy` it waits
   * for the other telephone every ten frames, so that no buffer overflows on a busy machine. `lose` leaves frames out.
   */
  async tone(frequency: number, frames: number, { heardBy, lose = () => false }: Speech = {}): Promise<void> {
    const samples = encode(this.codec, synthesise([{ frequencies: [frequency], durationMs: frames * 20 }]));
    const before = heardBy?.heard.length ?? 0;
    let sent = 0;
    for (let frame = 0; frame < frames; frame++) {
      if (lose(frame)) this.sequence = (this.sequence + 1) & 0xffff;
      else {
        this.send(samples.slice(frame * FRAME_SAMPLES, (frame + 1) * FRAME_SAMPLES));
        sent++;
      }
      this.timestamp = (this.timestamp + FRAME_SAMPLES) >>> 0;
      if (frame % 10 !== 9) continue;
      if (heardBy === undefined) await sleep(2);
      else await until('what was said to be heard', () => heardBy.heard.length >= before + sent, { everyMs: 2 });
    }
  }

  press(digit: string): void {
    for (const { payload, marker } of eventPackets(digit, 60) ?? []) this.send(payload, 101, marker);
    this.timestamp += 1_600;
  }

  /** Frames of sound in which a tone is what there is. */
  framesOf(frequency: number): number {
    return this.heard.filter(({ payload }) => {
      const samples = decode(this.codec, payload);
      const all = meanPower(samples);
      return all > 1e-4 && tonePower(samples, 8_000, frequency) > 0.7 * all;
    }).length;
  }

  /** Numbers that are missing or wrong in what was heard: 0 when every packet follows the one before. */
  get breaks(): number {
    return this.heard.filter((packet, i) => {
      const before = this.heard[i - 1];
      return before !== undefined && (packet.ssrc !== before.ssrc || sequenceDistance(packet.sequence, before.sequence) !== 1);
    }).length;
  }

  close(): void {
    this.#socket.close();
  }
}
