import { BasculeError } from '../core/kernel/errors.ts';
import { decode, encode, SAMPLE_RATE } from './g711.ts';
import type { Codec } from './g711.ts';

/** RIFF WAVE files: PCM of 8 to 32 bits, IEEE float of 32 bits, G.711 of either law; one or two channels. */

/** Ten minutes of 48 kHz stereo at 16 bits fit; a whole album in a prompts folder does not. */
export const MAX_WAV_BYTES = 128 * 1024 * 1024;
/** Fifteen minutes. */
const MAX_SECONDS = 900;
const MIN_RATE = 4_000;
const MAX_RATE = 192_000;
const MAX_CHUNKS = 64;

const PCM = 1;
const FLOAT = 3;
const ALAW = 6;
const ULAW = 7;
const EXTENSIBLE = 0xfffe;

export interface Wav {
  readonly rate: number;
  readonly length: number;
  /** Sample `index` of the channels' mean, −1 to 1. */
  readonly sample: (index: number) => number;
}

interface Format {
  readonly kind: number;
  readonly channels: number;
  readonly rate: number;
  readonly bits: number;
}

const fail = (file: string, detail: string): never => {
  throw new BasculeError('MED_WAV', { file, detail });
};

const tag = (view: DataView, at: number): string =>
  String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3));

const readFormat = (view: DataView, at: number, size: number, file: string): Format => {
  if (size < 16) return fail(file, 'its format chunk is too short');
  const kind = view.getUint16(at, true);
  // WAVE_FORMAT_EXTENSIBLE: the true kind begins the sub-format's GUID.
  const extended = kind === EXTENSIBLE && size >= 40;
  const format: Format = {
    kind: extended ? view.getUint16(at + 24, true) : kind,
    channels: view.getUint16(at + 2, true),
    rate: view.getUint32(at + 4, true),
    bits: view.getUint16(at + 14, true),
  };
  if (format.channels < 1 || format.channels > 2) return fail(file, `it has ${format.channels} channels`);
  if (format.rate < MIN_RATE || format.rate > MAX_RATE) return fail(file, `its rate is ${format.rate} Hz`);
  return format;
};

/** How to read one value at an octet, and its width. */
const reader = (
  view: DataView,
  format: Format,
  file: string,
): { readonly width: number; readonly read: (at: number) => number } => {
  const { kind, bits } = format;
  if ((kind === ALAW || kind === ULAW) && bits === 8) {
    const octets = Uint8Array.from({ length: 256 }, (_, octet) => octet);
    const values = Float64Array.from(decode(kind === ALAW ? 'PCMA' : 'PCMU', octets), (value) => value / 32_768);
    return { width: 1, read: (at) => values[view.getUint8(at)] as number };
  }
  if (kind === FLOAT && bits === 32) {
    return { width: 4, read: (at) => Math.max(-1, Math.min(1, view.getFloat32(at, true) || 0)) };
  }
  if (kind === PCM && bits === 8) return { width: 1, read: (at) => (view.getUint8(at) - 128) / 128 };
  if (kind === PCM && bits === 16) return { width: 2, read: (at) => view.getInt16(at, true) / 32_768 };
  if (kind === PCM && bits === 24) {
    return { width: 3, read: (at) => ((view.getInt8(at + 2) << 16) | view.getUint16(at, true)) / 8_388_608 };
  }
  if (kind === PCM && bits === 32) return { width: 4, read: (at) => view.getInt32(at, true) / 2_147_483_648 };
  return fail(file, `its coding (format ${kind}, ${bits} bits) is not known`);
};

/** Reads the headers; samples are converted when asked for. Throws MED_WAV; `file` is for its message only. */
export function parseWav(bytes: Uint8Array, file: string): Wav {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length > MAX_WAV_BYTES) return fail(file, `it is larger than ${MAX_WAV_BYTES} bytes`);
  if (bytes.length < 12 || tag(view, 0) !== 'RIFF' || tag(view, 8) !== 'WAVE') return fail(file, 'it is not a WAV file');
  let format: Format | null = null;
  let at = 12;
  for (let chunk = 0; chunk < MAX_CHUNKS && at + 8 <= bytes.length; chunk++) {
    const name = tag(view, at);
    const start = at + 8;
    // A file still being written, or streamed, has a data size of 0xFFFFFFFF or none: what is there counts.
    const size = Math.min(view.getUint32(at + 4, true), bytes.length - start);
    if (name === 'fmt ') format = readFormat(view, start, size, file);
    if (name === 'data') return toWav(view, format ?? fail(file, 'its format chunk is missing'), start, size, file);
    at = start + size + (size % 2);
  }
  return fail(file, 'it has no data chunk');
}

const toWav = (view: DataView, format: Format, start: number, size: number, file: string): Wav => {
  const { width, read } = reader(view, format, file);
  const step = width * format.channels;
  const length = Math.floor(size / step);
  if (length > MAX_SECONDS * format.rate) return fail(file, `it lasts longer than ${MAX_SECONDS} s`);
  const sample =
    format.channels === 1
      ? (index: number) => read(start + index * step)
      : (index: number) => (read(start + index * step) + read(start + index * step + width)) / 2;
  return { rate: format.rate, length, sample };
};

/** A mono file at 8 kHz, 16-bit PCM or, with `codec`, G.711. */
export function writeWav(samples: Int16Array, codec: Codec | null): Uint8Array<ArrayBuffer> {
  const width = codec === null ? 2 : 1;
  const size = samples.length * width;
  // G.711 wants the extension's size (zero) in its format chunk and a fact chunk.
  const head = codec === null ? 44 : 58;
  const out = new Uint8Array(head + size + (size % 2));
  const view = new DataView(out.buffer);
  const text = (at: number, value: string): void => {
    for (let i = 0; i < 4; i++) out[at + i] = value.charCodeAt(i);
  };
  text(0, 'RIFF');
  view.setUint32(4, out.length - 8, true);
  text(8, 'WAVE');
  text(12, 'fmt ');
  view.setUint32(16, codec === null ? 16 : 18, true);
  view.setUint16(20, codec === null ? PCM : codec === 'PCMA' ? ALAW : ULAW, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, SAMPLE_RATE, true);
  view.setUint32(28, SAMPLE_RATE * width, true);
  view.setUint16(32, width, true);
  view.setUint16(34, 8 * width, true);
  if (codec !== null) {
    text(38, 'fact');
    view.setUint32(42, 4, true);
    view.setUint32(46, samples.length, true);
  }
  text(head - 8, 'data');
  view.setUint32(head - 4, size, true);
  if (codec !== null) out.set(encode(codec, samples), head);
  else for (let i = 0; i < samples.length; i++) view.setInt16(head + 2 * i, samples[i] as number, true);
  return out;
}
