import { BasculeError } from '../../core/kernel/errors.ts';

/**
 * What a failed write says about the future:
 * `record`: these very rows will never be taken (SQLSTATE classes 22 data exception, 23 constraint, 54 program limit);
 * `database`: the rows are good, the database cannot take them now: gone, shutting down, out of space, read-only, a lock
 * waited for too long, a schema not brought up. Whatever is not known to be the rows' fault is taken for the database's:
 * a wrong guess then costs a retry, not a record.
 */
export type Failure = 'record' | 'database';

/** SQLSTATE of an error of the server; empty for one of the network. */
export const stateOf = (error: unknown): string => {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : '';
};

/** 22012, division by zero, is raised on purpose by a batch whose predecessor failed (see `statement.ts`). */
const CHAIN_BROKEN = '22012';

export const failureOf = (error: unknown): Failure => {
  const state = stateOf(error);
  return state !== CHAIN_BROKEN && /^(22|23|54)/.test(state) ? 'record' : 'database';
};

/** Message and SQLSTATE without the server's `detail`, which quotes the row. Passwords are in neither. */
export const describe = (error: unknown): string => {
  const state = stateOf(error);
  const { message, code } = error as { message?: string; code?: string };
  // An AggregateError of several refused addresses has a code and no message.
  const text = message === undefined || message === '' ? (code ?? String(error)) : message;
  return state === '' ? text : `${state} ${text}`;
};

/** STO_UNAVAILABLE for what comes from the network or from a server that is not there for anybody; null for the rest. */
export const unavailable = (error: unknown): BasculeError | null => {
  if (error instanceof BasculeError) return null;
  const state = stateOf(error);
  const { message, code } = error as { message?: string; code?: string };
  const network = state === '' && (code !== undefined || /timeout|terminated|connection|not queryable/i.test(message ?? ''));
  if (!network && !/^(08|53|57P0|28|3D)/.test(state)) return null;
  return new BasculeError('STO_UNAVAILABLE', { detail: describe(error) }, { cause: error });
};
