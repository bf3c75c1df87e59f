import { SAMPLE_RATE } from './g711.ts';
import { DTMF_COLUMNS, DTMF_KEYS, DTMF_ROWS } from './tones.ts';

/** 25.6 ms: long enough to part 697 from 770 Hz, short enough for two blocks in the 65 ms that ITU-T Q.24 asks for. */
const BLOCK = 205;
/** A tone below this (−38 dBov) is not a key: Q.24 wants −27 dBm and up taken. */
const MIN_LEVEL = 32_768 * 10 ** (-38 / 20);
/** Share of the block's energy that the two tones must have: speech and music never have it in both at once. */
const MIN_SHARE = 0.7;
/** Twist, Q.24: the high tone up to 4 dB above the low one, the low one up to 8 dB above the high; with a margin. */
const MAX_HIGH_OVER_LOW = 4;
const MAX_LOW_OVER_HIGH = 8;
/** How far the strongest of each group stands above the next, in power. */
const MIN_CONTRAST = 6;

const coefficient = (frequency: number): number => 2 * Math.cos((2 * Math.PI * frequency) / SAMPLE_RATE);
const ROW_COEFFICIENTS = DTMF_ROWS.map(coefficient);
const COLUMN_COEFFICIENTS = DTMF_COLUMNS.map(coefficient);

/** Power of one frequency by Goertzel's recurrence; a sine of amplitude a that fills the samples gives (a·n/2)². */
const goertzel = (samples: Int16Array, length: number, k: number): number => {
  let last = 0;
  let beforeLast = 0;
  for (let i = 0; i < length; i++) {
    const value = (samples[i] as number) + k * last - beforeLast;
    beforeLast = last;
    last = value;
  }
  return last * last + beforeLast * beforeLast - k * last * beforeLast;
};

/** Index of the group's frequency that stands out, or −1; its power goes to `found.power`. */
const strongest = (block: Int16Array, coefficients: readonly number[], found: { power: number }): number => {
  let best = -1;
  let second = 0;
  found.power = 0;
  for (const [i, k] of coefficients.entries()) {
    const power = goertzel(block, BLOCK, k);
    if (power > found.power) {
      second = found.power;
      found.power = power;
      best = i;
    } else if (power > second) second = power;
  }
  return found.power > MIN_CONTRAST * second ? best : -1;
};

/**
 * Keys heard as tones in the sound itself, for gateways that know no RFC 4733. A key counts once, when two blocks in a
 * row agree; it must be silent for two blocks before it counts again.
 */
export class DtmfDetector {
  readonly #block = new Int16Array(BLOCK);
  readonly #found = { power: 0 };
  #filled = 0;
  #candidate: string | null = null;
  #reported: string | null = null;
  #absences = 0;

  /** The keys that begin to be sure within these samples (8 kHz). */
  push(samples: Int16Array): string {
    let keys = '';
    for (let i = 0; i < samples.length; i++) {
      this.#block[this.#filled++] = samples[i] as number;
      if (this.#filled < BLOCK) continue;
      this.#filled = 0;
      keys += this.#judge(this.#keyOfBlock());
    }
    return keys;
  }

  #judge(key: string | null): string {
    const agreed = key !== null && key === this.#candidate;
    this.#candidate = key;
    if (key === null || key !== this.#reported) this.#absences++;
    else this.#absences = 0;
    if (this.#absences >= 2) this.#reported = null;
    if (!agreed || this.#reported === key) return '';
    this.#reported = key;
    this.#absences = 0;
    return key;
  }

  #keyOfBlock(): string | null {
    let energy = 0;
    for (let i = 0; i < BLOCK; i++) energy += (this.#block[i] as number) ** 2;
    if (energy < BLOCK * MIN_LEVEL * MIN_LEVEL) return null;
    const row = strongest(this.#block, ROW_COEFFICIENTS, this.#found);
    const low = this.#found.power;
    if (row < 0) return null;
    const column = strongest(this.#block, COLUMN_COEFFICIENTS, this.#found);
    const high = this.#found.power;
    if (column < 0) return null;
    if (high > low * 10 ** (MAX_HIGH_OVER_LOW / 10) || low > high * 10 ** (MAX_LOW_OVER_HIGH / 10)) return null;
    // A sine of amplitude a: energy n·a²/2, Goertzel power (a·n/2)²; so the share is 2·power / (n·energy).
    if ((2 * (low + high)) / (BLOCK * energy) < MIN_SHARE) return null;
    return DTMF_KEYS[row * 4 + column] ?? null;
  }
}
