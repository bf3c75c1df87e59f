import { SAMPLE_RATE } from './g711.ts';

/** Sine waves and silences, one after the other. */
export interface ToneStep {
  readonly frequencies: readonly number[];
  readonly durationMs: number;
}

export type ToneName = 'ringback' | 'busy' | 'beep';
export type Cadence = 'french' | 'generic';

/** Each tone's level; two together stay under 0 dBm0. */
const LEVEL_DBFS = -14;

/**
 * What one item of a play sounds like. French: 440 Hz, ringback 1.5 s in 5 s, busy 0.5 s in 1 s. Generic: ETSI TR 101 041,
 * 425 Hz, ringback 1 s in 5 s, busy 0.5 s in 1 s. A busy tone played once lasts four beats, enough to be understood.
 */
export function toneSteps(name: ToneName, cadence: Cadence): readonly ToneStep[] {
  const frequencies = [cadence === 'french' ? 440 : 425];
  if (name === 'beep') return [{ frequencies: [1_000], durationMs: 200 }];
  if (name === 'ringback') {
    const onMs = cadence === 'french' ? 1_500 : 1_000;
    return [
      { frequencies, durationMs: onMs },
      { frequencies: [], durationMs: 5_000 - onMs },
    ];
  }
  const beat: readonly ToneStep[] = [
    { frequencies, durationMs: 500 },
    { frequencies: [], durationMs: 500 },
  ];
  return [...beat, ...beat, ...beat, ...beat];
}

/** Row and column frequencies, ITU-T Q.23. */
export const DTMF_ROWS = [697, 770, 852, 941] as const;
export const DTMF_COLUMNS = [1_209, 1_336, 1_477, 1_633] as const;
export const DTMF_KEYS = '123A456B789C*0#D';

/** 5 ms of fade at both ends: a tone that starts at full level clicks. */
const FADE_SAMPLES = 40;

/** 16-bit samples at 8 kHz. */
export function synthesise(steps: readonly ToneStep[]): Int16Array<ArrayBuffer> {
  const lengths = steps.map((step) => Math.round((step.durationMs * SAMPLE_RATE) / 1_000));
  const samples = new Int16Array(lengths.reduce((sum, length) => sum + length, 0));
  const amplitude = 32_767 * 10 ** (LEVEL_DBFS / 20) * Math.SQRT2;
  let at = 0;
  for (const [i, step] of steps.entries()) {
    const length = lengths[i] as number;
    for (let n = 0; n < length; n++) {
      let value = 0;
      for (const frequency of step.frequencies) value += Math.sin((2 * Math.PI * frequency * n) / SAMPLE_RATE);
      const fade = Math.min(1, (n + 1) / FADE_SAMPLES, (length - n) / FADE_SAMPLES);
      samples[at + n] = Math.round((amplitude * value * fade) / Math.max(1, step.frequencies.length));
    }
    at += length;
  }
  return samples;
}

/**
 * Two seconds of white noise at `level` dBov below the overload point (RFC 3389 §3 counts it the same way: 0 to 127).
 * RFC 3389's own payload type 13 must be negotiated; noise in the codec that was agreed needs nothing. The sequence is
 * a fixed linear congruence: noise has no need of chance, and tests have of sameness.
 */
export function comfortNoise(level: number): Int16Array<ArrayBuffer> {
  const samples = new Int16Array(2 * SAMPLE_RATE);
  // Uniform noise of amplitude a has the level a / √3; 0 dBov is a full-scale square wave.
  const amplitude = 32_768 * 10 ** (-level / 20) * Math.sqrt(3);
  let seed = 1;
  for (let i = 0; i < samples.length; i++) {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    samples[i] = Math.round((seed / 2_147_483_648 - 1) * amplitude);
  }
  return samples;
}
