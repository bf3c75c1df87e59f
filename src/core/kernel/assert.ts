/** For what cannot happen. Assertions stay on in production: a wrong state is worse than a restart. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`Impossible: ${message}`);
}

/** The default branch of a total switch: does not compile while a case is missing. */
export function unreachable(value: never): never {
  throw new Error(`Impossible: unexpected ${JSON.stringify(value)}`);
}
