import { describe, expect, it } from 'vitest';
import type { Codec } from '../../src/media/g711.ts';
import { decode, encode, transcode } from '../../src/media/g711.ts';
import { decode as reference } from '../support/sound.ts';

/**
 * Decision values of G.711, from its tables' column 1 to 5: number of intervals and their size in each segment. The
 * product computes with shifts; here they are counted out, so that one judges the other.
 */
const decisions = (segments: readonly (readonly [number, number])[]): number[] => {
  const values: number[] = [];
  let at = 0;
  for (const [count, size] of segments) {
    for (let i = 0; i < count; i++) values.push((at += size));
  }
  return values;
};

/** Table 1a, 13 bits: two segments of 2, then doubling. */
const A_LAW = decisions([
  [32, 2],
  [16, 4],
  [16, 8],
  [16, 16],
  [16, 32],
  [16, 64],
  [16, 128],
]);
/** Table 2a, 14 bits: one interval of 1, fifteen of 2, then doubling. */
const U_LAW = decisions([
  [1, 1],
  [15, 2],
  [16, 4],
  [16, 8],
  [16, 16],
  [16, 32],
  [16, 64],
  [16, 128],
  [16, 256],
]);

/** The octet of a positive 16-bit sample. */
const expected = (codec: Codec, sample: number): number => {
  const scaled = sample / (codec === 'PCMA' ? 8 : 4);
  const values = codec === 'PCMA' ? A_LAW : U_LAW;
  const found = values.findIndex((value) => scaled < value);
  const interval = found === -1 ? 127 : found;
  // Table 1a: even bits inverted; table 2a: all bits inverted. Bit 1 (the highest) is 1 for positive values.
  return codec === 'PCMA' ? (0x80 | interval) ^ 0x55 : 0xff - interval;
};

const one = (codec: Codec, sample: number): number => encode(codec, Int16Array.of(sample))[0] as number;
const both: readonly Codec[] = ['PCMA', 'PCMU'];

describe('G.711', () => {
  it.each(both)('%s encodes every positive sample as the Recommendation’s table says', (codec) => {
    const wrong: number[] = [];
    for (let sample = 0; sample <= 32_767; sample++) if (one(codec, sample) !== expected(codec, sample)) wrong.push(sample);
    expect(wrong).toEqual([]);
  });

  it.each(both)('%s is symmetrical about zero', (codec) => {
    const wrong: number[] = [];
    for (let sample = 1; sample <= 32_767; sample++) {
      const mirrored = one(codec, -sample) ^ 0x80;
      // A value on a decision's very edge may go either way: the Recommendation speaks of magnitudes with a sign apart.
      if (mirrored !== expected(codec, sample) && mirrored !== expected(codec, sample - 1)) wrong.push(sample);
    }
    expect(wrong).toEqual([]);
  });

  it.each(both)('%s decodes every octet to its table’s value', (codec) => {
    const octets = Uint8Array.from({ length: 256 }, (_, octet) => octet);
    expect(Array.from(decode(codec, octets), (value) => value / 32_768)).toEqual(
      Array.from(reference(codec, octets), (value) => value + 0),
    );
  });

  it.each(both)('%s: what was decoded encodes to the same octet', (codec) => {
    const octets = Uint8Array.from({ length: 256 }, (_, octet) => octet);
    const again = Array.from(encode(codec, decode(codec, octets)));
    // µ-law has two zeroes, of which the encoder knows one.
    expect(again.map((octet, i) => (codec === 'PCMU' && i === 0x7f ? 0x7f : octet))).toEqual(Array.from(octets));
  });

  it('knows the values that everyone knows', () => {
    expect([one('PCMA', 0), one('PCMU', 0)]).toEqual([0xd5, 0xff]);
    expect([one('PCMA', 32_767), one('PCMU', 32_767)]).toEqual([0xaa, 0x80]);
    expect([one('PCMA', -32_768), one('PCMU', -32_768)]).toEqual([0x2a, 0x00]);
  });

  it.each(both)('transcoding from %s keeps each value within one step of the other law', (codec) => {
    const other = codec === 'PCMA' ? 'PCMU' : 'PCMA';
    const octets = Uint8Array.from({ length: 256 }, (_, octet) => octet);
    const before = decode(codec, octets);
    transcode(codec, octets, 0, 256);
    const after = decode(other, octets);
    // Half a step: 8 at the least in the A-law, a sixteenth part of the value in its segments.
    const excess = Array.from(
      after,
      (value, i) => Math.abs(value - (before[i] as number)) - 8 - Math.abs(before[i] as number) / 16,
    );
    expect(Math.max(...excess)).toBeLessThanOrEqual(0);
  });

  it('transcodes only what it is told to', () => {
    const octets = Uint8Array.of(1, 2, 3, 4);
    transcode('PCMA', octets, 1, 3);
    expect([octets[0], octets[3]]).toEqual([1, 4]);
    expect(octets[1]).not.toBe(2);
  });
});
