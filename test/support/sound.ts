import { readFileSync, writeFileSync } from 'node:fs';

export interface Sound {
  readonly rate: number;
  /** One channel, −1 to 1. */
  readonly samples: Float32Array;
}

const PCM = 1;
const A_LAW = 6;
const U_LAW = 7;

/** A 16-bit mono WAV file: the sum of the given tones, with a short fade so that nothing clicks. */
export const writeTone = (path: string, frequencies: readonly number[], seconds: number, rate = 8000): void => {
  const count = Math.round(seconds * rate);
  const data = Buffer.alloc(count * 2);
  const level = 0.5 / frequencies.length;
  for (let index = 0; index < count; index++) {
    let value = 0;
    for (const frequency of frequencies) value += level * Math.sin((2 * Math.PI * frequency * index) / rate);
    data.writeInt16LE(Math.round(value * Math.min(1, index / 80, (count - index) / 80) * 32_767), index * 2);
  }
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(36 + data.length, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(PCM, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(rate, 24);
  header.writeUInt32LE(rate * 2, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36);
  header.writeUInt32LE(data.length, 40);
  writeFileSync(path, Buffer.concat([header, data]));
};

// ITU-T G.711, written apart from the product's own so that one judges the other.
const fromALaw = (code: number): number => {
  const inverted = code ^ 0x55;
  const exponent = (inverted >> 4) & 7;
  const mantissa = ((inverted & 15) << 4) + 8;
  const magnitude = exponent === 0 ? mantissa : (mantissa + 0x100) << (exponent - 1);
  return (inverted & 0x80 ? magnitude : -magnitude) / 32_768;
};

const fromULaw = (code: number): number => {
  const inverted = ~code & 0xff;
  const magnitude = ((((inverted & 15) << 3) + 0x84) << ((inverted >> 4) & 7)) - 0x84;
  return (inverted & 0x80 ? -magnitude : magnitude) / 32_768;
};

/** Decodes a stretch of G.711 payload. */
export const decode = (codec: 'PCMA' | 'PCMU', payload: Uint8Array): Float32Array =>
  Float32Array.from(payload, codec === 'PCMA' ? fromALaw : fromULaw);

/** Reads a WAV file, even one whose writer was stopped before it could write the lengths. First channel only. */
export const readWav = (path: string): Sound => {
  const file = readFileSync(path);
  let rate = 0;
  let format = 0;
  let channels = 1;
  let bits = 16;
  for (let at = 12; at + 8 <= file.length; ) {
    const kind = file.toString('latin1', at, at + 4);
    const length = file.readUInt32LE(at + 4);
    const body = at + 8;
    if (kind === 'fmt ') {
      format = file.readUInt16LE(body);
      channels = file.readUInt16LE(body + 2);
      rate = file.readUInt32LE(body + 4);
      bits = file.readUInt16LE(body + 14);
    } else if (kind === 'data') {
      // A length of nothing or too much: the header was never finished.
      const end = length === 0 || body + length > file.length ? file.length : body + length;
      const step = (channels * bits) / 8;
      const samples = new Float32Array(Math.floor((end - body) / step));
      for (let index = 0; index < samples.length; index++) {
        const where = body + index * step;
        if (format === A_LAW) samples[index] = fromALaw(file.readUInt8(where));
        else if (format === U_LAW) samples[index] = fromULaw(file.readUInt8(where));
        else samples[index] = file.readInt16LE(where) / 32_768;
      }
      return { rate, samples };
    }
    at = body + length + (length % 2);
  }
  return { rate, samples: new Float32Array(0) };
};

/** Mean power of one frequency in a stretch of sound (Goertzel), on the scale where a full sine is 0.5. */
export const tonePower = (samples: Float32Array, rate: number, frequency: number): number => {
  const factor = 2 * Math.cos((2 * Math.PI * frequency) / rate);
  let before = 0;
  let last = 0;
  for (const sample of samples) {
    const now = sample + factor * last - before;
    before = last;
    last = now;
  }
  const power = last * last + before * before - factor * last * before;
  return (2 * power) / (samples.length * samples.length);
};

export const meanPower = (samples: Float32Array): number => {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return samples.length === 0 ? 0 : sum / samples.length;
};

/**
 * For how many milliseconds, in all, a tone was what was heard: windows of 50 ms in which it carries most of the sound and the
 * sound is not silence.
 */
export const heardMs = ({ samples, rate }: Sound, frequency: number, share = 0.6): number => {
  const windowMs = 50;
  const size = Math.round((rate * windowMs) / 1000);
  let heard = 0;
  for (let at = 0; at + size <= samples.length; at += size) {
    const window = samples.subarray(at, at + size);
    const all = meanPower(window);
    if (all > 1e-4 && tonePower(window, rate, frequency) > share * all) heard += windowMs;
  }
  return heard;
};
