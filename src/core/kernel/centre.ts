import type { AgentId, CalendarId, CampaignId, LineId, QueueId, ScenarioId, SkillId } from './ids.ts';
import type { Duration } from './time.ts';

/** How an agent is chosen among the free ones (glossary: strategy). */
export const STRATEGIES = ['longest-idle', 'fewest-calls', 'round-robin', 'linear', 'ring-all', 'random', 'skill-level'] as const;
export type Strategy = (typeof STRATEGIES)[number];

export type Language = 'fr' | 'en';

/** A skill that a queue asks for. The level asked falls while the call waits. */
export interface SkillDemand {
  readonly skill: SkillId;
  /** 1 (beginner) to 10 (expert). */
  readonly minLevel: number;
  /** After each wait, the level that is then enough; 0 drops the demand. In rising order of `afterMs`. */
  readonly relax: readonly { readonly afterMs: Duration; readonly minLevel: number }[];
}

/** Where a call goes that this queue cannot serve. */
export type OverflowTarget =
  | { readonly to: 'queue'; readonly queue: QueueId }
  | { readonly to: 'number'; readonly number: string }
  | { readonly to: 'deterrence'; readonly prompt: string | null };

/** When a call leaves its queue for `target`; evaluated on entry and while waiting, first match wins. */
export interface OverflowRule {
  readonly when:
    | { readonly kind: 'waiting-calls'; readonly atLeast: number }
    | { readonly kind: 'estimated-wait'; readonly longerThanMs: Duration }
    | { readonly kind: 'waited'; readonly longerThanMs: Duration }
    | { readonly kind: 'no-agent' };
  readonly target: OverflowTarget;
}

export interface Queue {
  readonly id: QueueId;
  readonly name: string;
  readonly strategy: Strategy;
  /** Between queues: a call of a heavier queue goes first. 0 to 1000. */
  readonly weight: number;
  /** Priority its calls start with, 0 (usual) to 100. */
  readonly priority: number;
  /** A wait this long is worth one point of priority; null: priority is strict. */
  readonly ageingMs: Duration | null;
  readonly skills: readonly SkillDemand[];
  readonly ringTimeoutMs: Duration;
  readonly wrapUpMs: Duration;
  /** Rest of an agent that rejected a call or was busy, and after a ring-no-answer. */
  readonly rejectDelayMs: Duration;
  readonly noAnswerDelayMs: Duration;
  /** Pause the agent after this many ring-no-answers in a row; 0: never. */
  readonly autoPauseAfter: number;
  /** Calls that may wait; null: no limit. The next one overflows by `capacityTarget`. */
  readonly capacity: number | null;
  readonly capacityTarget: OverflowTarget;
  readonly overflow: readonly OverflowRule[];
  /** Prompt looped while waiting. */
  readonly music: string;
  readonly announceEveryMs: Duration | null;
  readonly announcePosition: boolean;
  readonly announceEstimatedWait: boolean;
  /** Answered within this wait counts for the service level. */
  readonly serviceLevelMs: Duration;
  /** An abandon before this wait is a short abandon. */
  readonly shortAbandonMs: Duration;
}

export interface Agent {
  readonly id: AgentId;
  readonly name: string;
  /** Telephone used unless another is given when signing in. */
  readonly extension: string;
  readonly skills: readonly { readonly skill: SkillId; readonly level: number }[];
  /** Order for the `linear` strategy, low first. */
  readonly order: number;
}

export interface Skill {
  readonly id: SkillId;
  readonly name: string;
}

/** Ranges of local time of day in minutes since midnight, `[from, to)`, 0 ≤ from < to ≤ 1440. */
export type DayRanges = readonly (readonly [number, number])[];

export interface Calendar {
  readonly id: CalendarId;
  readonly name: string;
  /** IANA time zone, e.g. `Europe/Paris`. */
  readonly zone: string;
  /** Monday first, 7 entries. */
  readonly week: readonly DayRanges[];
  /** Closed whole days, `YYYY-MM-DD` in the zone; public holidays are already expanded into it. */
  readonly closedDates: readonly string[];
  /** Days with hours of their own; they win over the week and over closed dates. */
  readonly exceptions: Readonly<Record<string, DayRanges>>;
  /** ISO 3166 country whose public holidays are closed, e.g. `FR`; null: none. */
  readonly holidays: string | null;
}

/** What happens to a call outside opening hours or at an end of a scenario. */
export type CampaignTarget =
  | { readonly to: 'queue'; readonly queue: QueueId }
  | { readonly to: 'scenario'; readonly scenario: ScenarioId };

export interface Campaign {
  readonly id: CampaignId;
  readonly name: string;
  /** Numbers that callers dial to reach it; `*` takes what no other campaign takes. */
  readonly numbers: readonly string[];
  readonly language: Language;
  readonly greeting: string | null;
  readonly calendar: CalendarId | null;
  readonly closed: OverflowTarget;
  readonly target: CampaignTarget;
  readonly priority: number;
  /** Give a caller the agent of the last conversation, if it is younger than `withinMs`, for `holdMs`; null: no. */
  readonly lastAgent: { readonly withinMs: Duration; readonly holdMs: Duration } | null;
}

/** One step of an IVR program; `next` names another node. */
export type ScenarioNode =
  | { readonly kind: 'play'; readonly prompts: readonly string[]; readonly next: string }
  | {
      readonly kind: 'menu';
      readonly prompts: readonly string[];
      /** Key pressed → node. */
      readonly choices: Readonly<Record<string, string>>;
      readonly timeoutMs: Duration;
      readonly attempts: number;
      readonly invalidPrompt: string | null;
      readonly otherwise: string;
    }
  | {
      readonly kind: 'hours';
      readonly calendar: CalendarId;
      readonly open: string;
      readonly closed: string;
    }
  | {
      readonly kind: 'set';
      readonly priority: number | null;
      readonly language: Language | null;
      readonly skills: readonly SkillDemand[];
      readonly next: string;
    }
  | { readonly kind: 'queue'; readonly queue: QueueId }
  | { readonly kind: 'number'; readonly number: string }
  | { readonly kind: 'hangup'; readonly prompt: string | null };

export interface Scenario {
  readonly id: ScenarioId;
  readonly name: string;
  readonly start: string;
  readonly nodes: Readonly<Record<string, ScenarioNode>>;
}

export interface PauseReason {
  readonly id: string;
  readonly name: string;
  /** Digits dialled after the pause feature code. */
  readonly digits: string;
}

/** Codes that agents dial from their extension. */
export interface FeatureCodes {
  readonly signIn: string;
  readonly signOut: string;
  readonly pause: string;
  readonly resume: string;
}

export interface CentreSettings {
  /** Line used for calls to agents and to outside numbers; null: the first registered one. */
  readonly outgoingLine: LineId | null;
  readonly featureCodes: FeatureCodes;
  /** Let the sound of a conversation go straight between the two far ends. */
  readonly directMedia: boolean;
  /** No sound from a leg in conversation for this long: its dialog is probed. */
  readonly silenceProbeMs: Duration;
}

/** Everything an administrator sets; the database holds it, `site` reads it, a change replaces it whole. */
export interface Centre {
  readonly queues: ReadonlyMap<QueueId, Queue>;
  readonly agents: ReadonlyMap<AgentId, Agent>;
  readonly skills: ReadonlyMap<SkillId, Skill>;
  readonly campaigns: ReadonlyMap<CampaignId, Campaign>;
  readonly calendars: ReadonlyMap<CalendarId, Calendar>;
  readonly scenarios: ReadonlyMap<ScenarioId, Scenario>;
  readonly pauseReasons: ReadonlyMap<string, PauseReason>;
  readonly settings: CentreSettings;
}
