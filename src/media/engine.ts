import type { Language } from '../core/kernel/centre.ts';
import type { PlayItem } from '../core/kernel/effects.ts';
import { FRAME_MS, FRAME_SAMPLES, transcode } from './g711.ts';
import type { Codec } from './g711.ts';
import type { SoundSource } from './play.ts';
import { copyNoise, Play } from './play.ts';
import { buildRtcp, parseRtcp } from './rtcp.ts';
import type { RtpHeader } from './rtp.ts';
import { emptyHeader, parseRtp, RTP_HEADER } from './rtp.ts';
import type { SourceLock } from './source-lock.ts';
import type { FarEnd, StreamPort, StreamQuality } from './stream.ts';
import { IDLE, QUIET, qualityOf, Stream } from './stream.ts';
import { Timer, TimerWheel } from './wheel.ts';

export type EngineEvent =
  | { readonly type: 'finished'; readonly stream: number; readonly play: number }
  | { readonly type: 'digit'; readonly stream: number; readonly digit: string }
  | { readonly type: 'silent'; readonly stream: number; readonly forMs: number };

export interface EngineOptions {
  /** Keys are also looked for in the sound of far ends that announced no telephone events. */
  readonly inbandDtmf: boolean;
  /** 32 random bits. */
  readonly random: () => number;
  readonly sounds: SoundSource;
  readonly emit: (event: EngineEvent) => void;
  /** ASCII name of this node in its RTCP reports. */
  readonly cname: string;
}

/** Frames sent at once to catch up after a late tick; what is beyond is left out, not heard in a rush. */
const MAX_BURST = 5;
/** RFC 3550 §6.2: five seconds, varied between half and one and a half. */
const REPORT_MS = 5_000;
const SWEEP_MS = 250;
/** A locked source silent for this long may have moved without a word: learn again, by the same rules. */
const RELEARN_MS = 3_000;
/** The payload type that our SDP gives to telephone events. */
const OWN_EVENT_TYPE = 101;
/** Packets being sent; a socket whose buffer is full reads its packet a little later, never 1,024 packets later. */
const PACKET_RING = 1_024;

/**
 * The data plane without its sockets: streams, what they hear, the clockwork. Instants are milliseconds since 1970 with
 * fractions, from a clock that never goes back; all comes in by parameters, so that a test runs an hour in a moment.
 */
export class MediaEngine {
  readonly wheel: TimerWheel;
  readonly #options: EngineOptions;
  readonly #streams = new Map<number, Stream>();
  readonly #header: RtpHeader = emptyHeader();
  readonly #packets = Array.from({ length: PACKET_RING }, () => new Uint8Array(RTP_HEADER + FRAME_SAMPLES));
  readonly #sweepTimer: Timer;
  #packet = 0;
  #silenceLimit = 0;

  constructor(options: EngineOptions, now: number) {
    this.#options = options;
    this.wheel = new TimerWheel(now);
    this.#sweepTimer = new Timer((at) => this.#sweep(at));
  }

  get size(): number {
    return this.#streams.size;
  }

  open(id: number, port: StreamPort, lock: SourceLock, now: number): Stream {
    const stream = new Stream(id, port, lock, this.#options.random, {
      frame: (of) => new Timer((at) => this.#sendFrames(of, at)),
      report: (of) => new Timer((at) => this.#report(of, at)),
    });
    this.#streams.set(id, stream);
    if (this.#streams.size === 1) this.wheel.schedule(this.#sweepTimer, now + SWEEP_MS);
    return stream;
  }

  connect(id: number, remote: FarEnd, now: number): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    const expectedBefore = stream.remote?.direction === 'sendrecv';
    const wasConnected = stream.remote !== null;
    stream.remote = remote;
    stream.lock.expect(remote.address, remote.port, now);
    stream.port.unlock();
    if (!expectedBefore) stream.heardAt = now;
    if (!wasConnected) {
      this.wheel.schedule(stream.reportTimer, now + this.#reportDelay());
      if (stream.activity.kind === 'play' || stream.activity.kind === 'quiet') this.#startFrames(stream, now);
    }
  }

  /** Null when there is no such stream. */
  close(id: number, now: number): StreamQuality | null {
    const stream = this.#streams.get(id);
    if (stream === undefined) return null;
    this.#leaveBridge(stream, now);
    // RFC 3550 §6.6: BYE, but not from who never said anything; nor to a far end that by now talks to another.
    if (stream.out.packets > 0 && stream.remote?.direction !== 'inactive') this.#sendReport(stream, true, now);
    this.wheel.cancel(stream.frameTimer);
    this.wheel.cancel(stream.reportTimer);
    this.#streams.delete(id);
    if (this.#streams.size === 0) this.wheel.cancel(this.#sweepTimer);
    stream.port.unlock();
    stream.lock.release(now);
    return qualityOf(stream);
  }

  play(id: number, number: number, language: Language, items: readonly PlayItem[], loop: boolean, now: number): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    this.#leaveBridge(stream, now);
    stream.activity = { kind: 'play', play: new Play(number, items, loop, language, this.#options.sounds) };
    this.#startFrames(stream, now);
  }

  quiet(id: number, now: number): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    this.#leaveBridge(stream, now);
    this.#beQuiet(stream, now);
  }

  bridge(first: number, second: number, now: number): void {
    const a = this.#streams.get(first);
    const b = this.#streams.get(second);
    if (a === undefined || b === undefined || a === b) return;
    if (a.activity.kind === 'bridge' && a.activity.peer === b) return;
    this.#leaveBridge(a, now);
    this.#leaveBridge(b, now);
    a.activity = { kind: 'bridge', peer: b };
    b.activity = { kind: 'bridge', peer: a };
    for (const stream of [a, b]) {
      this.wheel.cancel(stream.frameTimer);
      stream.out.breakRelay();
    }
  }

  /** Zero: never. */
  setSilenceLimit(limitMs: number): void {
    this.#silenceLimit = limitMs;
  }

  /** A packet from the stream's RTP socket. It is ours: rewritten where it lies and sent on. */
  receive(stream: Stream, packet: Uint8Array, address: string, port: number, now: number): void {
    const header = this.#header;
    if (!stream.mayReceive) return;
    if (!parseRtp(packet, header)) {
      stream.malformed++;
      return;
    }
    const wasLocked = stream.lock.locked;
    if (!stream.lock.accept(address, port, header.ssrc, header.sequence, now)) {
      stream.foreign++;
      return;
    }
    if (!wasLocked) stream.port.lock(address, port);
    stream.heardAt = now;
    stream.silentTold = false;
    const order = stream.reception.update(header.ssrc, header.sequence, header.timestamp, now);
    if (order === 'stray') return;
    if (order === 'fresh') {
      stream.forgetSource();
      if (stream.activity.kind === 'bridge') stream.activity.peer.out.breakRelay();
    }
    this.#dispatch(stream, stream.remote as FarEnd, packet, now);
  }

  /** A packet from the stream's RTCP socket. */
  receiveControl(stream: Stream, packet: Uint8Array, address: string, now: number): void {
    if (address !== stream.lock.address) return;
    const summary = parseRtcp(packet);
    if (summary === null) stream.malformed++;
    else if (summary.senderReport !== null) stream.senderReport = { ntp: summary.senderReport, at: now };
  }

  #dispatch(stream: Stream, remote: FarEnd, packet: Uint8Array, now: number): void {
    const header = this.#header;
    const type = header.payloadType;
    // The far end names its events as our SDP does, or (RFC 3264 §5.1 lets numbers differ) as its own.
    if (remote.telephoneEventType !== null && (type === remote.telephoneEventType || type === OWN_EVENT_TYPE)) {
      const digit = stream.events.receive(packet, header.payloadStart, header.payloadEnd, header.timestamp);
      if (digit !== null) this.#options.emit({ type: 'digit', stream: stream.id, digit });
      if (stream.activity.kind === 'bridge') this.#relayEvent(stream.activity.peer, packet, now);
      return;
    }
    // RFC 3551 §6: 0 and 8 mean the same whatever was negotiated, and far ends do change between the two.
    const codec: Codec | null = type === 0 ? 'PCMU' : type === 8 ? 'PCMA' : type === remote.payloadType ? remote.codec : null;
    // Comfort noise (RFC 3389, type 13) and the unknown: the other side did not agree to them.
    if (codec === null) return;
    if (this.#options.inbandDtmf && remote.telephoneEventType === null) {
      // A copy: the relay is going to rewrite the packet, and the detector may keep it for a while.
      const payload = packet.slice(header.payloadStart, header.payloadEnd);
      for (const digit of stream.detectKeys(codec, header.sequence, payload)) {
        this.#options.emit({ type: 'digit', stream: stream.id, digit });
      }
    }
    if (stream.activity.kind === 'bridge') this.#relayVoice(stream.activity.peer, codec, packet, now);
  }

  #relayVoice(to: Stream, codec: Codec, packet: Uint8Array, now: number): void {
    if (!to.maySend) return;
    const header = this.#header;
    const remote = to.remote as FarEnd;
    if (codec !== remote.codec) transcode(codec, packet, header.payloadStart, header.payloadEnd);
    this.#relay(to, remote.payloadType, header.payloadEnd - header.payloadStart, packet, now);
  }

  /** Without events on the other side the key stays with us: the sound that goes with it says nothing. */
  #relayEvent(to: Stream, packet: Uint8Array, now: number): void {
    if (!to.maySend || to.remote === null || to.remote.telephoneEventType === null) return;
    this.#relay(to, to.remote.telephoneEventType, 0, packet, now);
  }

  #relay(to: Stream, payloadType: number, samples: number, packet: Uint8Array, now: number): void {
    const header = this.#header;
    let outgoing = packet;
    if (!header.plain) {
      // CSRCs name sources of another session, extensions have numbers of another SDP (RFC 8285 §5): left behind.
      outgoing = new Uint8Array(RTP_HEADER + header.payloadEnd - header.payloadStart);
      outgoing.set(packet.subarray(header.payloadStart, header.payloadEnd), RTP_HEADER);
    }
    if (to.out.stampRelayed(outgoing, header, payloadType, samples, now)) to.port.send(outgoing, to.lock.address, to.lock.port);
  }

  /** The first frame goes out at once. A stream that has no far end yet begins when it is connected. */
  #startFrames(stream: Stream, now: number): void {
    if (stream.remote === null) return;
    stream.nextFrameAt = now;
    stream.out.beginFrames(now);
    this.#sendFrames(stream, now);
  }

  #sendFrames(stream: Stream, now: number): void {
    let due = Math.floor((now - stream.nextFrameAt) / FRAME_MS) + 1;
    if (due > MAX_BURST) {
      const skipped = due - MAX_BURST;
      stream.out.skipFrames(skipped);
      stream.nextFrameAt += skipped * FRAME_MS;
      due = MAX_BURST;
    }
    for (; due > 0; due--) {
      stream.nextFrameAt += FRAME_MS;
      if (!this.#sendFrame(stream, now)) return;
    }
    this.wheel.schedule(stream.frameTimer, stream.nextFrameAt);
  }

  /** False when the play ended and quiet took its place. */
  #sendFrame(stream: Stream, now: number): boolean {
    const remote = stream.remote as FarEnd;
    const packet = this.#packets[this.#packet++ % PACKET_RING] as Uint8Array;
    const activity = stream.activity;
    if (activity.kind !== 'play') copyNoise(remote.codec, stream.noiseFrame++, packet, RTP_HEADER);
    else if (!activity.play.next(remote.codec, packet, RTP_HEADER)) {
      // In this order: the event may bring a new order for the stream, which the quiet must not undo.
      this.#beQuiet(stream, now);
      this.#options.emit({ type: 'finished', stream: stream.id, play: activity.play.number });
      return false;
    }
    // On hold the play goes on unheard, so that it ends when it would have.
    if (!stream.maySend) {
      stream.out.skipFrames(1);
      return true;
    }
    stream.out.stampFrame(packet, remote.payloadType, now);
    stream.port.send(packet, stream.lock.address, stream.lock.port);
    return true;
  }

  #beQuiet(stream: Stream, now: number): void {
    if (stream.activity.kind === 'quiet') return;
    stream.activity = QUIET;
    this.#startFrames(stream, now);
  }

  /** The one left behind hears comfort noise. */
  #leaveBridge(stream: Stream, now: number): void {
    const activity = stream.activity;
    if (activity.kind !== 'bridge') return;
    stream.activity = IDLE;
    this.#beQuiet(activity.peer, now);
  }

  #sweep(now: number): void {
    this.wheel.schedule(this.#sweepTimer, now + SWEEP_MS);
    for (const stream of this.#streams.values()) {
      const silentMs = now - stream.heardAt;
      if (stream.lock.locked && silentMs >= RELEARN_MS) {
        stream.lock.relearn();
        stream.port.unlock();
      }
      const limit = this.#silenceLimit;
      if (limit === 0 || silentMs < limit || stream.silentTold || !stream.expectsPackets) continue;
      stream.silentTold = true;
      this.#options.emit({ type: 'silent', stream: stream.id, forMs: Math.round(silentMs) });
    }
  }

  #reportDelay(): number {
    return REPORT_MS * (0.5 + this.#options.random() / 2 ** 32);
  }

  #report(stream: Stream, now: number): void {
    this.wheel.schedule(stream.reportTimer, now + this.#reportDelay());
    if (stream.remote?.direction !== 'inactive') this.#sendReport(stream, false, now);
  }

  /** To the port after the far end's RTP (RFC 3550 §11). */
  #sendReport(stream: Stream, bye: boolean, now: number): void {
    const { address, port } = stream.lock;
    if (port === 0 || port === 65_535 || address === '0.0.0.0') return;
    const { out, reception, senderReport } = stream;
    const sender =
      out.packets === 0 ? null : { wallClock: now, timestamp: out.timestampAt(now), packets: out.packets, octets: out.octets };
    const block = reception.started
      ? {
          ...reception.report(),
          lastSenderReport: senderReport?.ntp ?? 0,
          delaySinceSenderReport: senderReport === null ? 0 : Math.round(((now - senderReport.at) * 65_536) / 1_000),
        }
      : null;
    stream.port.sendControl(buildRtcp(out.ssrc, this.#options.cname, sender, block, bye), address, port + 1);
  }
}
