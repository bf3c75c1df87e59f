import type { Codec } from './g711.ts';
import { decode } from './g711.ts';
import { DtmfDetector } from './dtmf-detector.ts';
import { JitterBuffer } from './jitter-buffer.ts';
import { Outgoing } from './outgoing.ts';
import type { Play } from './play.ts';
import { Reception } from './reception.ts';
import type { SourceLock } from './source-lock.ts';
import { EventReceiver } from './telephone-event.ts';
import type { Timer } from './wheel.ts';

export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

/** The far end's side of a stream, as negotiated. Direction is seen from us. */
export interface FarEnd {
  readonly address: string;
  readonly port: number;
  readonly codec: Codec;
  readonly payloadType: number;
  readonly telephoneEventType: number | null;
  readonly direction: Direction;
}

/** A pair of sockets, RTP and RTCP. Sending never throws and never waits. */
export interface StreamPort {
  send(packet: Uint8Array, address: string, port: number): void;
  sendControl(packet: Uint8Array, address: string, port: number): void;
  /** From now on only this source is of interest, and everything goes to it. */
  lock(address: string, port: number): void;
  unlock(): void;
}

/** What a leg hears. `idle`: nothing was ordered yet, nothing is sent. */
export type Activity =
  | { readonly kind: 'idle' | 'quiet' }
  | { readonly kind: 'play'; readonly play: Play }
  | { readonly kind: 'bridge'; readonly peer: Stream };

export const IDLE: Activity = { kind: 'idle' };
export const QUIET: Activity = { kind: 'quiet' };

/** Packets that a key's tone may wait for one before it: 60 ms. */
const DETECTION_DEPTH = 3;

/** One leg's stream: all that the data plane remembers of it. */
export class Stream {
  readonly id: number;
  readonly port: StreamPort;
  readonly lock: SourceLock;
  readonly out: Outgoing;
  readonly reception = new Reception();
  readonly events = new EventReceiver();
  readonly frameTimer: Timer;
  readonly reportTimer: Timer;
  remote: FarEnd | null = null;
  activity: Activity = IDLE;
  nextFrameAt = 0;
  /** Counts the frames of comfort noise, so that it goes on where it stopped. */
  noiseFrame = 0;
  /** Last packet of the far end, or the instant from which packets were to be expected. */
  heardAt = 0;
  silentTold = false;
  foreign = 0;
  malformed = 0;
  /** What the far end's last sender report said, for our LSR and DLSR. */
  senderReport: { readonly ntp: number; readonly at: number } | null = null;
  #detection: { readonly buffer: JitterBuffer; readonly detector: DtmfDetector } | null = null;

  constructor(
    id: number,
    port: StreamPort,
    lock: SourceLock,
    random: () => number,
    timers: { readonly frame: (stream: Stream) => Timer; readonly report: (stream: Stream) => Timer },
  ) {
    this.id = id;
    this.port = port;
    this.lock = lock;
    this.out = new Outgoing(random);
    this.frameTimer = timers.frame(this);
    this.reportTimer = timers.report(this);
  }

  /** Address 0.0.0.0 is the hold of RFC 2543 (RFC 3264 §8.4), port 0 a stream refused (§6): nobody to send to. */
  get maySend(): boolean {
    const remote = this.remote;
    if (remote === null || this.lock.port === 0 || this.lock.address === '0.0.0.0') return false;
    return remote.direction === 'sendrecv' || remote.direction === 'sendonly';
  }

  get mayReceive(): boolean {
    return this.remote !== null && (this.remote.direction === 'sendrecv' || this.remote.direction === 'recvonly');
  }

  /** A far end that holds (`sendonly` there, `recvonly` here) may send music or nothing: its silence means nothing. */
  get expectsPackets(): boolean {
    return this.remote?.direction === 'sendrecv' && (this.activity.kind === 'play' || this.activity.kind === 'bridge');
  }

  /** Keys heard in the sound: packets put in order, decoded, listened to. */
  detectKeys(codec: Codec, sequence: number, payload: Uint8Array): string {
    this.#detection ??= { buffer: new JitterBuffer(DETECTION_DEPTH), detector: new DtmfDetector() };
    const { buffer, detector } = this.#detection;
    buffer.put(sequence, payload);
    let keys = '';
    for (let taken = buffer.take(); taken !== null; taken = buffer.take()) {
      // A hole of one packet would part a key in two: the silence is shorter than the detector's own patience.
      keys += detector.push(taken === 'lost' ? new Int16Array(160) : decode(codec, taken));
    }
    return keys;
  }

  /** The far end's clock starts anew. */
  forgetSource(): void {
    this.events.reset();
    this.#detection = null;
  }
}

/** What is handed over when a stream has ended or is asked about. */
export interface StreamQuality {
  readonly received: number;
  readonly sent: number;
  readonly lost: number;
  readonly jitterMs: number;
  /** Packets of others than the far end. */
  readonly foreign: number;
  readonly malformed: number;
}

export const qualityOf = (stream: Stream): StreamQuality => ({
  received: stream.reception.receivedTotal,
  sent: stream.out.packets,
  lost: stream.reception.lostTotal,
  jitterMs: Math.round(stream.reception.jitterMs * 10) / 10,
  foreign: stream.foreign,
  malformed: stream.malformed,
});
