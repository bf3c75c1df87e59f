import { setTimeout as delay } from 'node:timers/promises';

/** What one of the people did or met, told to who watches. */
export type News =
  | { readonly kind: 'arrived'; readonly caller: string; readonly campaign: string }
  | { readonly kind: 'answered'; readonly caller: string; readonly agent: string; readonly waitMs: number }
  | { readonly kind: 'talked'; readonly caller: string; readonly talkMs: number; readonly heard: boolean }
  | { readonly kind: 'abandoned'; readonly caller: string; readonly waitMs: number }
  /** Ended by the centre before anybody was reached: closed, or nobody could take it. */
  | { readonly kind: 'sent-away'; readonly caller: string; readonly status: number | null }
  | { readonly kind: 'ignored' | 'rejected' | 'held' | 'resumed'; readonly agent: string; readonly caller: string }
  | { readonly kind: 'transferred'; readonly agent: string; readonly caller: string; readonly connected: boolean }
  | { readonly kind: 'signed-in' | 'paused' | 'back'; readonly agent: string; readonly accepted: boolean };

export type NewsKind = News['kind'];

/** Somebody on the line: whom the caller talks to, and how they sound. */
export interface Meeting {
  readonly who: string;
  readonly pitchHz: number;
}

interface Waiting {
  readonly since: number;
  readonly met: PromiseWithResolvers<Meeting>;
  meeting: Meeting | null;
}

/**
 * What the people share: the time they live in, and knowledge of who meets whom, which real people have from being spoken to.
 * `pace` 1 is real time; tests live faster.
 */
export class Scene {
  readonly #end = new AbortController();
  readonly #pace: number;
  readonly #tell: (news: News) => void;
  readonly #waiting = new Map<string, Waiting>();

  constructor(pace: number, tell: (news: News) => void) {
    this.#pace = pace;
    this.#tell = tell;
  }

  get over(): boolean {
    return this.#end.signal.aborted;
  }

  /** Wakes everybody; nothing is told from now on. */
  end(): void {
    this.#end.abort();
  }

  tell(news: News): void {
    if (!this.over) this.#tell(news);
  }

  /** Waits for `ms` of the people's time, or for the end of the scene. */
  async sleep(ms: number): Promise<void> {
    await delay(ms * this.#pace, undefined, { signal: this.#end.signal }).catch(() => {});
  }

  /** A caller begins to wait. Resolves with whom it meets. */
  waitFor(caller: string): Promise<Meeting> {
    const waiting: Waiting = { since: performance.now(), met: Promise.withResolvers<Meeting>(), meeting: null };
    this.#waiting.set(caller, waiting);
    return waiting.met.promise;
  }

  /** How long the caller has been on the line, in the people's time. */
  waited(caller: string): number {
    const since = this.#waiting.get(caller)?.since;
    return since === undefined ? 0 : (performance.now() - since) / this.#pace;
  }

  /** Somebody speaks with `caller`, for the first time or in turn of another. */
  meet(caller: string, meeting: Meeting): void {
    const waiting = this.#waiting.get(caller);
    if (waiting === undefined) return;
    waiting.meeting = meeting;
    waiting.met.resolve(meeting);
  }

  meetingOf(caller: string): Meeting | null {
    return this.#waiting.get(caller)?.meeting ?? null;
  }

  leave(caller: string): void {
    this.#waiting.delete(caller);
  }
}
