import type { LegId } from '../../core/kernel/ids.ts';
import type { Codec, Media, MediaAddress, RemoteStream } from '../../ports/media.ts';
import {
  answerBody,
  type AudioDescription,
  audioBody,
  type Direction,
  familyOf,
  type Format,
  mirrored,
  parseSdp,
} from './sdp.ts';

/** What we offer for key presses; any dynamic number would do (RFC 4733 §7.1), 101 is what telephones expect. */
const EVENT_TYPE = 101;
const PAYLOAD: Readonly<Record<Codec, number>> = { PCMU: 0, PCMA: 8 };
/** RFC 4733 §3.2: the sixteen keys. 20 ms is the only packet time that the media worker sends. */
const eventLines = (type: number): string => `a=rtpmap:${type} telephone-event/8000\r\na=fmtp:${type} 0-15\r\n`;
const PTIME = 'a=ptime:20\r\n';

interface Agreed {
  readonly codec: Codec;
  readonly payloadType: number;
  readonly telephoneEventType: number | null;
}

export interface SavedSound {
  readonly sessionId: number;
  readonly version: number;
  readonly remote: string | null;
  readonly held: boolean;
}

/**
 * One leg's offers and answers (RFC 3264) and the media stream they steer. It knows nothing of SIP messages: texts come
 * in, texts go out, and the stream is connected whenever both sides have spoken.
 */
export class Sound {
  readonly #media: Media;
  readonly #leg: LegId;
  readonly #codecs: readonly Codec[];
  #sessionId: number;
  #version = 0;
  #body = '';
  #local = '';
  #at: MediaAddress | null = null;
  #agreed: Agreed | null = null;
  #remote: AudioDescription | null = null;
  #remoteText: string | null = null;
  #closed = false;
  /** The far end sends its sound elsewhere, by our own offer. */
  direct = false;

  constructor(media: Media, leg: LegId, codecs: readonly Codec[], sessionId: number) {
    this.#media = media;
    this.#leg = leg;
    this.#codecs = codecs;
    this.#sessionId = sessionId;
  }

  /** The far end does not want to hear us. */
  get held(): boolean {
    return this.#remote !== null && (this.#remote.direction === 'sendonly' || this.#remote.direction === 'inactive');
  }
  /** What we last sent; a session refresh sends it again unchanged (RFC 4028 §7.4). */
  get local(): string {
    return this.#local;
  }
  get remote(): AudioDescription | null {
    return this.#remote;
  }

  /** Our own stream, every codec we know, the agreed one first. Throws MED_PORTS. */
  offer(): string {
    this.direct = false;
    const agreed = this.#agreed;
    const codecs = agreed === null ? this.#codecs : [agreed.codec, ...this.#codecs.filter((codec) => codec !== agreed.codec)];
    const eventType = agreed?.telephoneEventType ?? EVENT_TYPE;
    let types = '';
    let attributes = '';
    for (const codec of codecs) {
      const type = codec === agreed?.codec ? agreed.payloadType : PAYLOAD[codec];
      types += `${type} `;
      attributes += `a=rtpmap:${type} ${codec}/8000\r\n`;
    }
    return this.#write(audioBody(this.#open(), `${types}${eventType}`, attributes + eventLines(eventType) + PTIME, 'sendrecv'));
  }

  /** Another far end's stream in our name, so that the sound goes straight there. */
  offerOf(other: AudioDescription): string {
    const types = other.sections[other.index]?.formats.join(' ') ?? '';
    const attributes = other.attributes.map((line) => `${line}\r\n`).join('');
    return this.#write(audioBody(other, types, attributes, 'sendrecv'));
  }

  /** Answers an offer and connects the stream; null when nothing in it suits us (488). Throws MED_PORTS. */
  answer(text: string): string | null {
    const offer = parseSdp(text);
    const agreed = offer && this.#choose(offer.formats);
    if (!offer || !agreed) return null;
    this.direct = false;
    const at = this.#open();
    const type = agreed.telephoneEventType;
    const types = type === null ? `${agreed.payloadType}` : `${agreed.payloadType} ${type}`;
    const attributes = `a=rtpmap:${agreed.payloadType} ${agreed.codec}/8000\r\n${type === null ? '' : eventLines(type)}${PTIME}`;
    const local = this.#write(answerBody(offer, at, types, attributes, mirrored(offer.direction)));
    this.#connect(offer, text, agreed);
    return local;
  }

  /** Takes the answer to our offer and connects the stream; false when it accepts nothing. */
  accepted(text: string): boolean {
    const answer = parseSdp(text);
    const agreed = answer && this.#choose(answer.formats);
    if (!answer || !agreed) return false;
    this.#connect(answer, text, agreed);
    return true;
  }

  /** The sound now goes past us: remember where the far end listens, and expect no packets. */
  passedBy(text: string): AudioDescription | null {
    const answer = parseSdp(text);
    if (answer === null) return null;
    this.direct = true;
    this.#remote = answer;
    this.#remoteText = text;
    if (this.#agreed !== null) this.#media.connect(this.#leg, this.#stream(answer, this.#agreed, 'inactive'));
    return answer;
  }

  /** For good: what still arrives for a leg that is over must not take a port again. */
  close(): void {
    if (this.#at !== null) this.#media.close(this.#leg);
    this.#at = null;
    this.#closed = true;
  }

  save(): SavedSound {
    return { sessionId: this.#sessionId, version: this.#version, remote: this.#remoteText, held: this.held };
  }

  /** Goes on where another node stopped: same session, a later version, our own address (RFC 3264 §8). */
  restore(saved: SavedSound): void {
    this.#sessionId = saved.sessionId;
    this.#version = saved.version + 1;
    const remote = saved.remote === null ? null : parseSdp(saved.remote);
    const agreed = remote && this.#choose(remote.formats);
    this.#open();
    if (remote && agreed && saved.remote !== null) this.#connect(remote, saved.remote, agreed);
  }

  #open(): MediaAddress {
    if (this.#closed) throw new Error('The leg is over.');
    this.#at ??= this.#media.open(this.#leg);
    return this.#at;
  }

  #connect(remote: AudioDescription, text: string, agreed: Agreed): void {
    this.#remote = remote;
    this.#remoteText = text;
    this.#agreed = agreed;
    this.#media.connect(this.#leg, this.#stream(remote, agreed, mirrored(remote.direction)));
  }

  #stream(remote: MediaAddress, agreed: Agreed, direction: Direction): RemoteStream {
    return { ...agreed, address: remote.address, port: remote.port, direction };
  }

  /** RFC 3264 §6.1: the offerer's order of preference is followed. */
  #choose(formats: readonly Format[]): Agreed | null {
    let chosen: Format | undefined;
    let event: number | null = null;
    for (const format of formats) {
      if (format.rate !== 8000) continue;
      if (format.encoding === 'TELEPHONE-EVENT') event ??= format.payloadType;
      else if (chosen === undefined && (this.#codecs as readonly string[]).includes(format.encoding)) chosen = format;
    }
    return chosen === undefined
      ? null
      : { codec: chosen.encoding as Codec, payloadType: chosen.payloadType, telephoneEventType: event };
  }

  /** RFC 3264 §8: the same session id for ever, the version one higher whenever anything else changed. */
  #write(body: string): string {
    if (body !== this.#body) {
      this.#version++;
      this.#body = body;
      const address = this.#at?.address ?? '0.0.0.0';
      this.#local = `v=0\r\no=- ${this.#sessionId} ${this.#version} IN ${familyOf(address)} ${address}\r\n${body}`;
    }
    return this.#local;
  }
}

/** Whether the offer holds a stream that we could answer; asked before a call exists. */
export function acceptable(text: string, codecs: readonly Codec[]): boolean {
  const offer = parseSdp(text);
  return (
    offer !== null &&
    offer.formats.some((format) => format.rate === 8000 && (codecs as readonly string[]).includes(format.encoding))
  );
}
