import { SAMPLE_RATE } from './g711.ts';
import type { Wav } from './wav.ts';

/** Zero crossings of the sinc on either side. With the window below: transition of about 300 Hz at 8 kHz. */
const CROSSINGS = 24;
/** Kaiser's β for about 80 dB of stop band, beyond what G.711's 38 dB of signal to noise can tell. */
const BETA = 8;
/** Where the pass band ends, as a share of the lower of the two Nyquist frequencies. */
const PASS = 0.94;

/** Modified Bessel function of order zero, by its series: 25 terms are exact to a double for arguments up to β. */
const bessel = (x: number): number => {
  let term = 1;
  let sum = 1;
  for (let k = 1; k < 25; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
};

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/**
 * Any rate to 8 kHz mono, 16 bits, by a windowed sinc in polyphase form. In steps, because ten minutes of music take a
 * second of arithmetic, and the sound of calls in progress cannot wait for it.
 */
export class Resampler {
  readonly samples: Int16Array<ArrayBuffer>;
  readonly #wav: Wav;
  readonly #phases: number;
  readonly #half: number;
  readonly #bank: Float64Array[] = [];
  #done = 0;

  constructor(wav: Wav) {
    this.#wav = wav;
    this.samples = new Int16Array(Math.round((wav.length * SAMPLE_RATE) / wav.rate));
    this.#phases = SAMPLE_RATE / gcd(SAMPLE_RATE, wav.rate);
    this.#half = Math.ceil(CROSSINGS * Math.max(1, wav.rate / SAMPLE_RATE));
  }

  /** Converts at most `count` samples; true when all are done. */
  step(count: number): boolean {
    const end = Math.min(this.#done + count, this.samples.length);
    const { rate, sample } = this.#wav;
    for (; this.#done < end; this.#done++) {
      const value = rate === SAMPLE_RATE ? sample(this.#done) : this.#filtered(this.#done);
      this.samples[this.#done] = Math.max(-32_768, Math.min(32_767, Math.round(value * 32_768)));
    }
    return this.#done === this.samples.length;
  }

  #filtered(index: number): number {
    const { rate, length, sample } = this.#wav;
    const position = (index * rate) / SAMPLE_RATE;
    const centre = Math.floor(position);
    const taps = this.#taps((index * rate) % SAMPLE_RATE, index);
    let sum = 0;
    for (let tap = 0; tap < taps.length; tap++) {
      const at = centre + tap - this.#half + 1;
      if (at >= 0 && at < length) sum += (taps[tap] as number) * sample(at);
    }
    return sum;
  }

  /** The filter for a position between two samples, `fraction` in 1/8,000; made when first needed. */
  #taps(fraction: number, index: number): Float64Array {
    const phase = index % this.#phases;
    const known = this.#bank[phase];
    if (known !== undefined) return known;
    const cutoff = PASS * Math.min(1, SAMPLE_RATE / this.#wav.rate);
    const taps = new Float64Array(2 * this.#half);
    let sum = 0;
    for (let tap = 0; tap < taps.length; tap++) {
      const distance = tap - this.#half + 1 - fraction / SAMPLE_RATE;
      const inside = 1 - (distance / this.#half) ** 2;
      const window = inside <= 0 ? 0 : bessel(BETA * Math.sqrt(inside)) / bessel(BETA);
      const x = Math.PI * cutoff * distance;
      taps[tap] = (x === 0 ? 1 : Math.sin(x) / x) * window;
      sum += taps[tap] as number;
    }
    // Each phase passes a constant unchanged, so that none is louder than another.
    for (let tap = 0; tap < taps.length; tap++) taps[tap] = (taps[tap] as number) / sum;
    this.#bank[phase] = taps;
    return taps;
  }
}
