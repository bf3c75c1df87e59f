/** Identifiers are plain strings; the aliases say which one a field holds. */
export type CallId = string;
export type LegId = string;
export type AgentId = string;
export type QueueId = string;
export type SkillId = string;
export type CampaignId = string;
export type CalendarId = string;
export type ScenarioId = string;
export type LineId = string;
/** One `media.play` order; its end comes back with the same number, so that a late end is recognised. */
export type PlayId = number;
