import type { Language } from './centre.ts';
import type { LegId, LineId, PlayId } from './ids.ts';
import type { JournalEntry } from './journal.ts';
import type { Duration } from './time.ts';

/** Why an incoming leg is refused; the adapter turns it into its protocol's words (SIP: status in brackets). */
export type Refusal =
  | 'busy' /* 486 */
  | 'unknown-number' /* 404 */
  | 'closed' /* 480 */
  | 'overload' /* 503 with Retry-After */
  | 'deterred'; /* 480 */

/** One thing to be heard. Prompts are names of sounds, looked for in the play's language, then without it. */
export type PlayItem =
  | { readonly prompt: string }
  | { readonly silenceMs: Duration }
  | { readonly tone: 'ringback' | 'busy' | 'beep' };

export type LineEffect =
  | { readonly type: 'leg.ring'; readonly leg: LegId }
  | { readonly type: 'leg.answer'; readonly leg: LegId }
  | { readonly type: 'leg.refuse'; readonly leg: LegId; readonly refusal: Refusal }
  | {
      readonly type: 'leg.call';
      readonly leg: LegId;
      readonly line: LineId | null;
      /** An extension, a number, or a whole SIP URI from a transfer. */
      readonly target: string;
      /** Shown to the called party. */
      readonly caller: string | null;
      readonly callerName: string | null;
      /** From `leg.transferRequested`, given back untouched. */
      readonly replaces: string | null;
    }
  /** Ends a leg whatever its state: refuses, cancels or hangs up. */
  | { readonly type: 'leg.hangup'; readonly leg: LegId }
  /** Outcome of a transfer, told to who asked for it. */
  | { readonly type: 'leg.transferOutcome'; readonly leg: LegId; readonly outcome: 'accepted' | 'connected' | 'failed' }
  /** The two legs' sound goes straight from one far end to the other; `leg.relay` brings it back here. */
  | { readonly type: 'leg.direct'; readonly first: LegId; readonly second: LegId }
  | { readonly type: 'leg.relay'; readonly leg: LegId }
  /** Ask the far end whether the dialog still lives; a dead one comes back as `leg.ended` with `lost`. */
  | { readonly type: 'leg.probe'; readonly leg: LegId }
  | { readonly type: 'extension.probe'; readonly extension: string };

export type MediaEffect =
  | {
      readonly type: 'media.play';
      readonly leg: LegId;
      readonly play: PlayId;
      readonly language: Language;
      readonly items: readonly PlayItem[];
      /** From the first item again for ever; never finishes. */
      readonly loop: boolean;
    }
  /** Replaces what the two legs heard; ends plays. */
  | { readonly type: 'media.bridge'; readonly first: LegId; readonly second: LegId }
  /** The leg hears nothing (comfort noise) and is heard by nobody. */
  | { readonly type: 'media.quiet'; readonly leg: LegId };

export type Effect =
  | LineEffect
  | MediaEffect
  | { readonly type: 'record'; readonly record: JournalEntry }
  | { readonly type: 'reply'; readonly reply: number; readonly error: { readonly code: string; readonly detail: string } | null };
