import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BasculeError } from '../../src/core/kernel/errors.ts';
import { Resampler } from '../../src/media/resampler.ts';
import { parseWav, writeWav } from '../../src/media/wav.ts';
import { meanPower, tonePower } from '../support/sound.ts';

interface Shape {
  readonly kind: number;
  readonly bits: number;
  readonly rate: number;
  readonly channels: number;
}

/** A file written here, value by value, apart from the product's writer. Values −1 to 1, frame by frame. */
const file = (
  { kind, bits, rate, channels }: Shape,
  values: readonly number[],
  octet?: (value: number) => number,
): Uint8Array => {
  const width = bits / 8;
  const data = Buffer.alloc(values.length * width);
  for (const [i, value] of values.entries()) {
    const at = i * width;
    if (octet !== undefined) data[at] = octet(value);
    else if (kind === 3) data.writeFloatLE(value, at);
    else if (bits === 8) data[at] = Math.round(value * 127) + 128;
    else data.writeIntLE(Math.round(value * (2 ** (bits - 1) - 1)), at, width);
  }
  const head = Buffer.alloc(44 + 10);
  head.write('RIFF', 0);
  head.writeUInt32LE(46 + data.length, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(kind, 20);
  head.writeUInt16LE(channels, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate * channels * width, 28);
  head.writeUInt16LE(channels * width, 32);
  head.writeUInt16LE(bits, 34);
  // A chunk that nobody knows, of odd length: the reader passes over it and its padding.
  head.write('junk', 36);
  head.writeUInt32LE(1, 40);
  head.write('data', 46);
  head.writeUInt32LE(data.length, 50);
  return new Uint8Array(Buffer.concat([head, data]));
};

const sine = (frequency: number, rate: number, seconds: number, channels = 1): number[] =>
  Array.from({ length: Math.round(rate * seconds) }, (_, n) => 0.5 * Math.sin((2 * Math.PI * frequency * n) / rate)).flatMap(
    (value) => Array.from({ length: channels }, () => value),
  );

const convert = (bytes: Uint8Array): Float32Array => {
  const resampler = new Resampler(parseWav(bytes, 'test.wav'));
  while (!resampler.step(1_000));
  return Float32Array.from(resampler.samples, (value) => value / 32_768);
};

/** In dB under a sine of amplitude one half. */
const toneDb = (samples: Float32Array, frequency: number): number =>
  10 * Math.log10(tonePower(samples, 8_000, frequency) / 0.125 + 1e-12);

const shapes: readonly Shape[] = [8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000, 6_000].flatMap((rate) => [
  { kind: 1, bits: 16, rate, channels: 1 },
  { kind: 1, bits: 16, rate, channels: 2 },
]);

describe('WAV files', () => {
  it.each([
    ...shapes,
    { kind: 1, bits: 8, rate: 8_000, channels: 1 },
    { kind: 1, bits: 24, rate: 44_100, channels: 2 },
    { kind: 1, bits: 32, rate: 16_000, channels: 1 },
    { kind: 3, bits: 32, rate: 48_000, channels: 2 },
  ])('format $kind, $bits bits, $rate Hz, $channels channels: 1 kHz stays 1 kHz at its level', (shape) => {
    const samples = convert(file(shape, sine(1_000, shape.rate, 1, shape.channels)));
    expect(samples.length).toBe(8_000);
    // The ends, where the filter reaches beyond the sound, are left out.
    const middle = samples.subarray(800, 7_200);
    const all = meanPower(middle);
    expect(Math.abs(10 * Math.log10(all / 0.125))).toBeLessThan(shape.bits === 8 ? 0.1 : 0.02);
    expect(tonePower(middle, 8_000, 1_000) / all).toBeGreaterThan(shape.bits === 8 ? 0.999 : 0.9999);
  });

  it.each([16_000, 44_100, 48_000])('from %i Hz, what 8 kHz cannot hold is filtered away, not folded', (rate) => {
    const samples = convert(file({ kind: 1, bits: 16, rate, channels: 1 }, sine(5_000, rate, 1)));
    expect(toneDb(samples.subarray(800, 7_200), 3_000)).toBeLessThan(-60);
    const high = convert(file({ kind: 1, bits: 16, rate, channels: 1 }, sine(3_400, rate, 1)));
    expect(10 * Math.log10(meanPower(high.subarray(800, 7_200)) / 0.125)).toBeGreaterThan(-1);
  });

  it('the mean of two channels is heard', () => {
    const left = sine(500, 8_000, 1);
    const opposed = left.flatMap((value) => [value, -value]);
    expect(meanPower(convert(file({ kind: 1, bits: 16, rate: 8_000, channels: 2 }, opposed)))).toBeLessThan(1e-8);
  });

  it.each([null, 'PCMA', 'PCMU'] as const)('what is written (%s) is read back', (codec) => {
    const samples = Int16Array.from(sine(700, 8_000, 0.5), (value) => Math.round(value * 32_000));
    const again = convert(writeWav(samples, codec));
    const error = Float32Array.from(samples, (value, i) => value / 32_768 - (again[i] as number));
    expect(again.length).toBe(samples.length);
    expect(10 * Math.log10(meanPower(error) / meanPower(again) + 1e-12)).toBeLessThan(codec === null ? -100 : -36);
  });

  it('converts in slices to the same', () => {
    const bytes = file({ kind: 1, bits: 16, rate: 22_050, channels: 1 }, sine(440, 22_050, 0.2));
    const resampler = new Resampler(parseWav(bytes, 'test.wav'));
    while (!resampler.step(7));
    expect(Float32Array.from(resampler.samples, (value) => value / 32_768)).toEqual(convert(bytes));
  });

  const good = file({ kind: 1, bits: 16, rate: 8_000, channels: 1 }, sine(440, 8_000, 0.1));
  const changed = (at: number, ...values: number[]): Uint8Array => {
    const bytes = good.slice();
    bytes.set(values, at);
    return bytes;
  };
  it.each([
    ['empty', new Uint8Array(0), 'it is not a WAV file'],
    ['an MP3', Uint8Array.from(Buffer.from('ID3 something else')), 'it is not a WAV file'],
    ['without data', good.slice(0, 40), 'it has no data chunk'],
    ['of six channels', changed(22, 6), 'it has 6 channels'],
    ['at 1 Hz', changed(24, 1, 0, 0, 0), 'its rate is 1 Hz'],
    ['of an unknown coding', changed(20, 85), 'its coding (format 85, 16 bits) is not known'],
    ['of 12 bits', changed(34, 12), 'its coding (format 1, 12 bits) is not known'],
    ['without a format', changed(12, 0x78), 'its format chunk is missing'],
  ])('a file %s is refused with its reason', (_, bytes, detail) => {
    expect(() => parseWav(bytes, 'x.wav')).toThrow(new BasculeError('MED_WAV', { file: 'x.wav', detail }));
  });

  it('a data chunk that promises more than there is counts for what is there', () => {
    expect(parseWav(changed(50, 255, 255, 255, 255), 'x.wav').length).toBe(800);
  });

  it('any octets at all are read or refused with MED_WAV', () => {
    const hostile = fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 5 }).map((changes) => {
      const bytes = good.slice(0, 80);
      for (const [at, value] of changes) bytes[at] = value;
      return bytes;
    });
    fc.assert(
      fc.property(hostile, (bytes) => {
        try {
          const wav = parseWav(bytes, 'x.wav');
          for (let i = 0; i < wav.length; i++) expect(Math.abs(wav.sample(i))).toBeLessThanOrEqual(1);
        } catch (error) {
          if (!(error instanceof BasculeError)) throw error;
          expect(error.code).toBe('MED_WAV');
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
