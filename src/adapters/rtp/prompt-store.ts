import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BasculeError } from '../../core/kernel/errors.ts';
import type { Language } from '../../core/kernel/centre.ts';
import type { Sound } from '../../media/play.ts';
import { toSound } from '../../media/play.ts';
import { Resampler } from '../../media/resampler.ts';
import { MAX_WAV_BYTES, parseWav } from '../../media/wav.ts';

export interface PromptOptions {
  /** In order of preference: the site's own, then those shipped. */
  readonly folders: readonly string[];
  readonly cacheBytes: number;
  readonly report: (code: 'MED_PROMPT' | 'MED_WAV', fields: Readonly<Record<string, string>>) => void;
  readonly now: () => number;
}

interface File {
  readonly path: string;
  readonly changedAt: number;
  readonly size: number;
}

interface Entry {
  /** Null while it is loaded for the first time; `missing` is remembered too, so that a loop does not search the disc. */
  sound: Sound | 'missing' | null;
  file: File | null;
  checkedAt: number;
  checking: boolean;
}

/** A file that appears or changes is noticed within this, without a restart. */
const RECHECK_MS = 15_000;
/** Samples converted without a pause: about a millisecond from 48 kHz. */
const SLICE = 512;
/** Entries of the cache, missing ones included. */
const MAX_ENTRIES = 2_000;
/** Names come from the configuration; folders within the prompts are allowed, leaving them is not. */
const NAME = /^[\p{L}\p{N}][\p{L}\p{N} ._-]*(\/[\p{L}\p{N}][\p{L}\p{N} ._-]*){0,3}$/u;

/**
 * Prompts as G.711 of both laws, loaded when first asked for and kept, the least recently used let go first. Nothing
 * here makes the caller wait: files are read in the background and converted in slices between two ticks.
 */
export class PromptStore {
  readonly #options: PromptOptions;
  /** In order of use. */
  readonly #entries = new Map<string, Entry>();
  readonly #reported = new Set<string>();
  #bytes = 0;
  /** Loads go one after the other: ten great files at once would be ten times the memory. */
  #queue: Promise<void> = Promise.resolve();

  constructor(options: PromptOptions) {
    this.#options = options;
  }

  readonly source = (prompt: string, language: Language): Sound | 'loading' | 'missing' => {
    const key = `${language}/${prompt}`;
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = { sound: null, file: null, checkedAt: 0, checking: false };
      if (this.#entries.size >= MAX_ENTRIES) this.#forgetOldest();
    } else this.#entries.delete(key);
    this.#entries.set(key, entry);
    if (!entry.checking && this.#options.now() - entry.checkedAt >= RECHECK_MS) {
      entry.checking = true;
      const stale = entry;
      this.#queue = this.#queue.then(() => this.#check(stale, prompt, language));
    }
    return entry.sound ?? 'loading';
  };

  /** Never rejects: what goes wrong is reported and the prompt counts as missing. */
  async #check(entry: Entry, prompt: string, language: Language): Promise<void> {
    try {
      const file = await this.#find(prompt, language);
      if (file === null) {
        this.#settle(entry, 'missing', null);
        this.#report('MED_PROMPT', `${language}/${prompt}`, { prompt, language });
      } else if (entry.file?.path !== file.path || entry.file.changedAt !== file.changedAt || entry.file.size !== file.size) {
        this.#settle(entry, await this.#load(file), file);
      }
    } catch (error) {
      const detail =
        error instanceof BasculeError ? String(error.fields.detail) : error instanceof Error ? error.message : String(error);
      const file = error instanceof BasculeError ? String(error.fields.file) : prompt;
      this.#settle(entry, 'missing', null);
      this.#report('MED_WAV', file, { file, detail });
    }
    entry.checkedAt = this.#options.now();
    entry.checking = false;
  }

  async #find(prompt: string, language: Language): Promise<File | null> {
    if (prompt.length > 200 || !NAME.test(prompt)) return null;
    for (const folder of this.#options.folders) {
      for (const path of [join(folder, language, `${prompt}.wav`), join(folder, `${prompt}.wav`)]) {
        const found = await stat(path).catch(() => null);
        if (found?.isFile()) return { path, changedAt: found.mtimeMs, size: found.size };
      }
    }
    return null;
  }

  async #load(file: File): Promise<Sound> {
    if (file.size > MAX_WAV_BYTES)
      throw new BasculeError('MED_WAV', { file: file.path, detail: `it is larger than ${MAX_WAV_BYTES} bytes` });
    const resampler = new Resampler(parseWav(await readFile(file.path), file.path));
    while (!resampler.step(SLICE)) await new Promise((resolve) => setImmediate(resolve));
    return toSound(resampler.samples);
  }

  #settle(entry: Entry, sound: Sound | 'missing', file: File | null): void {
    this.#bytes += weight(sound) - weight(entry.sound);
    entry.sound = sound;
    entry.file = file;
    // The newest stays even when it alone is too large: it is about to be played.
    while (this.#bytes > this.#options.cacheBytes && this.#entries.size > 1) this.#forgetOldest();
  }

  #forgetOldest(): void {
    const [oldest] = this.#entries;
    if (oldest === undefined) return;
    this.#entries.delete(oldest[0]);
    this.#bytes -= weight(oldest[1].sound);
    // A load under way must not count what nobody can find any more.
    if (oldest[1].checking) oldest[1].file = null;
  }

  #report(code: 'MED_PROMPT' | 'MED_WAV', key: string, fields: Readonly<Record<string, string>>): void {
    if (this.#reported.has(key)) return;
    if (this.#reported.size < MAX_ENTRIES) this.#reported.add(key);
    this.#options.report(code, fields);
  }
}

const weight = (sound: Sound | 'missing' | null): number => (sound === null || sound === 'missing' ? 0 : 2 * sound.PCMA.length);
