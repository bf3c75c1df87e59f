import type { Language } from '../core/kernel/centre.ts';
import type { PlayItem } from '../core/kernel/effects.ts';
import type { Codec } from './g711.ts';
import { encode, FRAME_MS, FRAME_SAMPLES } from './g711.ts';
import { comfortNoise, synthesise, toneSteps } from './tones.ts';

/** A sound ready to be sent: both laws, whole frames of 160 octets. */
export type Sound = Readonly<Record<Codec, Uint8Array>>;

/** Finds a prompt without waiting. `loading`: ask again at the next frame. */
export type SoundSource = (prompt: string, language: Language) => Sound | 'loading' | 'missing';

/** Both laws of 16-bit samples at 8 kHz, the last frame filled with silence. */
export function toSound(samples: Int16Array): Sound {
  const whole = new Int16Array(Math.ceil(samples.length / FRAME_SAMPLES) * FRAME_SAMPLES);
  whole.set(samples);
  return { PCMA: encode('PCMA', whole), PCMU: encode('PCMU', whole) };
}

/** 64 dB below overload: heard as a line that lives, not as noise. */
const NOISE_LEVEL = 64;
const NOISE = toSound(comfortNoise(NOISE_LEVEL));
const NOISE_FRAMES = NOISE.PCMA.length / FRAME_SAMPLES;

/** Copies frame number `frame` of the comfort noise, round and round. */
export function copyNoise(codec: Codec, frame: number, out: Uint8Array, at: number): void {
  const from = (frame % NOISE_FRAMES) * FRAME_SAMPLES;
  out.set(NOISE[codec].subarray(from, from + FRAME_SAMPLES), at);
}

const tones = new Map<string, Sound>();

const toneSound = (name: Extract<PlayItem, { tone: unknown }>['tone'], language: Language): Sound => {
  const cadence = language === 'fr' ? 'french' : 'generic';
  const key = `${cadence} ${name}`;
  const known = tones.get(key);
  if (known !== undefined) return known;
  const sound = toSound(synthesise(toneSteps(name, cadence)));
  tones.set(key, sound);
  return sound;
};

/** The longest silence of one item: ten minutes. */
const MAX_SILENCE_MS = 600_000;

/** What one order plays, frame by frame. */
export class Play {
  readonly number: number;
  readonly #items: readonly PlayItem[];
  readonly #loop: boolean;
  readonly #language: Language;
  readonly #source: SoundSource;
  #item = 0;
  /** Frame within the item. */
  #frame = 0;
  #frames = 0;
  /** The item's sound once it is there: kept to its end even if the cache lets it go. */
  #sound: Sound | null = null;

  constructor(number: number, items: readonly PlayItem[], loop: boolean, language: Language, source: SoundSource) {
    this.number = number;
    this.#items = items;
    this.#loop = loop;
    this.#language = language;
    this.#source = source;
    // Asked for now, so that all are there when their turn comes.
    for (const item of items) if ('prompt' in item) source(item.prompt, language);
  }

  /** Writes the next 160 octets; false at the end. */
  next(codec: Codec, out: Uint8Array, at: number): boolean {
    // Every item may prove to be empty or missing: one round without a frame is enough to know that a loop has none.
    for (let tried = 0; tried <= this.#items.length; tried++) {
      const item = this.#items[this.#item];
      if (item === undefined) {
        if (!this.#loop) return false;
        this.#item = 0;
        continue;
      }
      if (this.#copy(item, codec, out, at)) {
        this.#frames++;
        return true;
      }
      this.#item++;
      this.#frame = 0;
      this.#sound = null;
    }
    if (!this.#loop) return false;
    copyNoise(codec, this.#frames++, out, at);
    return true;
  }

  /** The item's next frame; false when it is over. */
  #copy(item: PlayItem, codec: Codec, out: Uint8Array, at: number): boolean {
    if ('silenceMs' in item) {
      if (this.#frame * FRAME_MS >= Math.min(item.silenceMs, MAX_SILENCE_MS)) return false;
      copyNoise(codec, this.#frame++, out, at);
      return true;
    }
    if (this.#sound === null) {
      const sound = 'tone' in item ? toneSound(item.tone, this.#language) : this.#source(item.prompt, this.#language);
      if (sound === 'missing') return false;
      if (sound === 'loading') {
        copyNoise(codec, this.#frames, out, at);
        return true;
      }
      this.#sound = sound;
    }
    const octets = this.#sound[codec];
    const from = this.#frame * FRAME_SAMPLES;
    if (from >= octets.length) return false;
    this.#frame++;
    out.set(octets.subarray(from, from + FRAME_SAMPLES), at);
    return true;
  }
}
