import type { MediaAddress } from '../../ports/media.ts';

export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

export interface Format {
  readonly payloadType: number;
  /** Encoding name in upper case: PCMA, TELEPHONE-EVENT … */
  readonly encoding: string;
  readonly rate: number;
}

/** One `m=` section as far as an answer has to repeat it. */
interface Section {
  readonly kind: string;
  readonly port: number;
  readonly protocol: string;
  readonly formats: readonly string[];
  address: string | null;
  direction: Direction | null;
  readonly rtpmap: Map<number, Format>;
  /** Lines worth repeating to another far end: rtpmap, fmtp, ptime, maxptime. */
  readonly attributes: string[];
}

/** The audio stream of a session description, and the other sections that an answer must mirror (RFC 3264 §6). */
export interface AudioDescription extends MediaAddress {
  readonly protocol: string;
  /** As the far end wrote it, `sendonly` also for the old hold address 0.0.0.0. */
  readonly direction: Direction;
  readonly formats: readonly Format[];
  readonly attributes: readonly string[];
  readonly sections: readonly Pick<Section, 'kind' | 'protocol' | 'formats'>[];
  /** Which of `sections` is the audio stream. */
  readonly index: number;
}

/** A description of ours needs about twelve lines, a browser's about 120. */
const MAX_LINES = 500;
const MAX_SECTIONS = 16;

/** RFC 3551 table 4: the payload types that need no rtpmap. */
const STATIC: Readonly<Record<number, Format>> = {
  0: { payloadType: 0, encoding: 'PCMU', rate: 8000 },
  8: { payloadType: 8, encoding: 'PCMA', rate: 8000 },
  9: { payloadType: 9, encoding: 'G722', rate: 8000 },
  18: { payloadType: 18, encoding: 'G729', rate: 8000 },
};

const DIRECTIONS: ReadonlySet<string> = new Set(['sendrecv', 'sendonly', 'recvonly', 'inactive']);

/** `c=IN IP4 192.0.2.1` and IP6; a multicast suffix is not for us. */
function connectionAddress(value: string): string | null {
  const [network, family, address] = value.split(' ', 3);
  if (network !== 'IN' || (family !== 'IP4' && family !== 'IP6') || !address) return null;
  return /^[0-9A-Fa-f.:]{2,45}$/.test(address) || /^[A-Za-z0-9.-]{1,253}$/.test(address) ? address : null;
}

function openSection(value: string): Section | null {
  const [kind, port, protocol, ...formats] = value.trim().split(/ +/, 40);
  const number = Number.parseInt(port ?? '', 10);
  if (!kind || !protocol || !(number >= 0 && number <= 65_535)) return null;
  return { kind, port: number, protocol, formats, address: null, direction: null, rtpmap: new Map(), attributes: [] };
}

function takeRtpmap(section: Section, value: string): void {
  const space = value.indexOf(' ');
  const payloadType = Number.parseInt(value, 10);
  const [encoding, rate] = value.slice(space + 1).split('/', 2);
  if (space <= 0 || !(payloadType >= 0 && payloadType <= 127) || !encoding || section.rtpmap.size >= 64) return;
  section.rtpmap.set(payloadType, {
    payloadType,
    encoding: encoding.toUpperCase(),
    rate: Number.parseInt(rate ?? '', 10) || 8000,
  });
}

function takeAttribute(section: Section, value: string): void {
  const colon = value.indexOf(':');
  const name = colon < 0 ? value : value.slice(0, colon);
  if (DIRECTIONS.has(name)) section.direction = name as Direction;
  else if (name === 'rtpmap') takeRtpmap(section, value.slice(colon + 1));
  if (name === 'rtpmap' || name === 'fmtp' || name === 'ptime' || name === 'maxptime') {
    if (section.attributes.length < 64) section.attributes.push(`a=${value}`);
  }
}

const usable = (section: Section): boolean =>
  section.kind === 'audio' && section.port > 0 && (section.protocol === 'RTP/AVP' || section.protocol === 'RTP/AVPF');

function formatsOf(section: Section): Format[] {
  const formats: Format[] = [];
  for (const text of section.formats) {
    const payloadType = Number.parseInt(text, 10);
    const format = section.rtpmap.get(payloadType) ?? STATIC[payloadType];
    if (format !== undefined) formats.push(format);
  }
  return formats;
}

/** The first audio stream that RTP without encryption can serve; null when there is none, or the text is no description. */
export function parseSdp(text: string): AudioDescription | null {
  let sessionAddress: string | null = null;
  let sessionDirection: Direction = 'sendrecv';
  const sections: Section[] = [];
  let section: Section | null = null;
  const lines = text.split('\n', MAX_LINES);
  if (!lines[0]?.startsWith('v=')) return null;
  for (const written of lines) {
    const line = written.endsWith('\r') ? written.slice(0, -1) : written;
    if (line.charCodeAt(1) !== 61) continue;
    const value = line.slice(2);
    switch (line.charAt(0)) {
      case 'm':
        section = openSection(value);
        if (section === null || sections.length >= MAX_SECTIONS) return null;
        sections.push(section);
        break;
      case 'c':
        if (section === null) sessionAddress = connectionAddress(value);
        else section.address = connectionAddress(value);
        break;
      case 'a':
        if (section !== null) takeAttribute(section, value);
        else if (DIRECTIONS.has(value)) sessionDirection = value as Direction;
        break;
      default:
    }
  }
  const index = sections.findIndex(usable);
  const audio = sections[index];
  const address = audio?.address ?? sessionAddress;
  if (audio === undefined || address === null) return null;
  let direction = audio.direction ?? sessionDirection;
  // RFC 3264 §8.4: the hold of RFC 2543 gives no address to send to.
  if (address === '0.0.0.0' || address === '::')
    direction = direction === 'inactive' || direction === 'recvonly' ? 'inactive' : 'sendonly';
  return {
    address,
    port: audio.port,
    protocol: audio.protocol,
    direction,
    formats: formatsOf(audio),
    attributes: audio.attributes,
    sections,
    index,
  };
}

/** The same stream seen from the other side (RFC 3264 §6.1). */
export function mirrored(direction: Direction): Direction {
  if (direction === 'sendonly') return 'recvonly';
  return direction === 'recvonly' ? 'sendonly' : direction;
}

export const familyOf = (address: string): 'IP4' | 'IP6' => (address.includes(':') ? 'IP6' : 'IP4');

/** What follows the `o=` line, one audio stream alone. `attributes` are whole `a=` lines. */
export function audioBody(at: MediaAddress, payloadTypes: string, attributes: string, direction: Direction): string {
  return `s=-\r\nc=IN ${familyOf(at.address)} ${at.address}\r\nt=0 0\r\nm=audio ${at.port} RTP/AVP ${payloadTypes}\r\n${attributes}a=${direction}\r\n`;
}

/** The answer's body: our audio stream in its place, every other stream refused with port 0 (RFC 3264 §6). */
export function answerBody(
  offer: AudioDescription,
  at: MediaAddress,
  payloadTypes: string,
  attributes: string,
  direction: Direction,
): string {
  let body = `s=-\r\nc=IN ${familyOf(at.address)} ${at.address}\r\nt=0 0\r\n`;
  for (const [index, section] of offer.sections.entries()) {
    if (index === offer.index) body += `m=audio ${at.port} ${offer.protocol} ${payloadTypes}\r\n${attributes}a=${direction}\r\n`;
    else body += `m=${section.kind} 0 ${section.protocol} ${section.formats.join(' ') || '0'}\r\n`;
  }
  return body;
}
