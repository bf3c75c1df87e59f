import type { Language } from '../../core/kernel/centre.ts';
import type { PlayItem } from '../../core/kernel/effects.ts';
import type { EngineEvent } from '../../media/engine.ts';
import type { FarEnd, StreamQuality } from '../../media/stream.ts';

/** What the two threads say to one another. Streams have numbers here; legs' names stay on the main thread. */

/** Given to a worker when it starts. */
export interface WorkerSettings {
  readonly address: string;
  readonly first: number;
  readonly last: number;
  /** Pairs kept bound and free, ahead of need. */
  readonly ahead: number;
  readonly quarantineMs: number;
  readonly inbandDtmf: boolean;
  readonly anySource: boolean;
  readonly trustedSources: readonly string[];
  readonly promptFolders: readonly string[];
  readonly cacheBytes: number;
  /** Pairs that a worker before this one had: bound before anything else, known to be free or in use already. */
  readonly restore: readonly number[];
  /** One 32-bit counter that the worker moves on while it is alive: a thread that hangs sends no message, nor ends. */
  readonly progress: SharedArrayBuffer;
}

export type WorkerOrder =
  | { readonly t: 'open'; readonly id: number; readonly port: number }
  | { readonly t: 'connect'; readonly id: number; readonly remote: FarEnd }
  | { readonly t: 'close'; readonly id: number }
  | {
      readonly t: 'play';
      readonly id: number;
      readonly play: number;
      readonly language: Language;
      readonly items: readonly PlayItem[];
      readonly loop: boolean;
    }
  | { readonly t: 'bridge'; readonly first: number; readonly second: number }
  | { readonly t: 'quiet'; readonly id: number }
  | { readonly t: 'silence'; readonly limitMs: number }
  | { readonly t: 'stop' };

export type WorkerReport =
  | { readonly t: 'ready' }
  /** A pair that may be opened: newly bound, or back from its quarantine. */
  | { readonly t: 'free'; readonly port: number }
  | { readonly t: 'event'; readonly event: EngineEvent }
  | { readonly t: 'closed'; readonly id: number; readonly quality: StreamQuality }
  /** A sound that cannot be played. */
  | { readonly t: 'sound'; readonly code: 'MED_PROMPT' | 'MED_WAV'; readonly fields: Readonly<Record<string, string>> }
  | { readonly t: 'sockets'; readonly port: number; readonly detail: string };
