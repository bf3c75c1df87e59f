/**
 * `scripts/node scripts/make-music.ts FILE` writes the music on hold: an original piece of twelve bars, made for 8 kHz.
 * Notes ring on past the end into the beginning, so that the loop has no seam.
 */
import { writeFileSync } from 'node:fs';
import { argv } from 'node:process';
import { SAMPLE_RATE } from '../src/media/g711.ts';
import { writeWav } from '../src/media/wav.ts';

/** 80 beats a minute: 12 bars of 4 beats last exactly 36 s, a whole number of packets. */
const BEAT = (SAMPLE_RATE * 60) / 80;
const BARS = 12;
const LENGTH = BARS * 4 * BEAT;
const LEVEL_DBFS = -20;

/** Semitones above A3 (220 Hz): inside the telephone's band with their first harmonics. */
const CHORDS = [
  [3, 7, 10, 15],
  [-5, 2, 7, 11],
  [0, 3, 7, 12],
  [-2, 2, 5, 10],
  [-4, 0, 3, 8],
  [3, 7, 10, 15],
  [5, 8, 12, 17],
  [-2, 2, 5, 10],
  [-4, 0, 3, 8],
  [-5, 2, 7, 11],
  [5, 8, 12, 17],
  [-2, 5, 8, 10],
] as const;

/** Order in which a bar's chord is taken apart, eighth by eighth. */
const PATTERN = [0, 2, 1, 3, 2, 1, 3, 2] as const;

/** The tune: bar, beat, length in beats, semitones above A3. */
const TUNE: readonly (readonly [number, number, number, number])[] = [
  [0, 0, 2, 19],
  [0, 2, 1, 17],
  [0, 3, 1, 15],
  [1, 0, 3, 14],
  [1, 3, 1, 11],
  [2, 0, 2, 12],
  [2, 2, 2, 15],
  [3, 0, 4, 10],
  [4, 0, 1, 8],
  [4, 1, 1, 12],
  [4, 2, 2, 15],
  [5, 0, 3, 14],
  [5, 3, 1, 15],
  [6, 0, 2, 17],
  [6, 2, 2, 12],
  [7, 0, 4, 14],
  [8, 0, 2, 15],
  [8, 2, 1, 12],
  [8, 3, 1, 15],
  [9, 0, 3, 19],
  [9, 3, 1, 18],
  [10, 0, 2, 17],
  [10, 2, 1, 15],
  [10, 3, 1, 12],
  [11, 0, 4, 14],
];

const sound = new Float64Array(LENGTH);

/** A soft struck note: three harmonics that fade, the higher the faster. */
const note = (start: number, semitones: number, beats: number, loudness: number): void => {
  const frequency = 220 * 2 ** (semitones / 12);
  const attack = 0.012 * SAMPLE_RATE;
  const ring = (beats + 2) * BEAT;
  for (let n = 0; n < ring; n++) {
    const seconds = n / SAMPLE_RATE;
    const release = n < beats * BEAT ? 1 : Math.exp(-(n - beats * BEAT) / (0.25 * SAMPLE_RATE));
    let value = 0;
    for (const [i, share] of [1, 0.35, 0.12].entries()) {
      value += share * Math.exp(-seconds * (0.9 + 1.4 * i)) * Math.sin(2 * Math.PI * frequency * (i + 1) * seconds);
    }
    const at = (start + n) % LENGTH;
    sound[at] = (sound[at] as number) + loudness * value * release * Math.min(1, n / attack);
  }
};

for (const [bar, chord] of CHORDS.entries()) {
  for (const [eighth, voice] of PATTERN.entries()) {
    note(bar * 4 * BEAT + (eighth * BEAT) / 2, chord[voice] as number, 0.8, eighth % 4 === 0 ? 0.55 : 0.4);
  }
}
for (const [bar, beat, beats, semitones] of TUNE) note((bar * 4 + beat) * BEAT, semitones, beats, 0.7);

let energy = 0;
for (const value of sound) energy += value * value;
const gain = (32_768 * 10 ** (LEVEL_DBFS / 20)) / Math.sqrt(energy / LENGTH);
const samples = Int16Array.from(sound, (value) => Math.max(-32_767, Math.min(32_767, Math.round(value * gain))));
writeFileSync(argv[2] ?? 'music.wav', writeWav(samples, 'PCMA'));
