/** A point in time: milliseconds since 1970-01-01 UTC, from a clock that never goes back. Always an input, never read here. */
export type Instant = number;

/** A length of time in milliseconds. */
export type Duration = number;

export const MINUTE: Duration = 60_000;
