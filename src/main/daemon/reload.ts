import type { Config } from '../../config/config.ts';
import { loadConfig } from '../../config/load.ts';
import type { Log } from '../../ports/log.ts';

type Plain = Readonly<Record<string, unknown>>;

const isPlain = (value: unknown): value is Plain => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Dotted keys whose values differ. Secrets show as `[secret]`, so a changed password file is seen only by a restart. */
function differences(before: unknown, after: unknown, at = ''): readonly string[] {
  if (isPlain(before) && isPlain(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].flatMap((key) => differences(before[key], after[key], at === '' ? key : `${at}.${key}`));
  }
  return JSON.stringify(before) === JSON.stringify(after) ? [] : [at];
}

/** Read where they are used, at each use. */
const LIVE = new Set(['drain.timeoutMs', 'limits.calls', 'log.level', 'log.maskNumbers']);

/**
 * Reads the node's file again (SIGHUP, `bascule reload`): what is read at each use takes effect, for the rest it is said
 * that a restart is needed. A file with an error changes nothing and throws it.
 */
export function createReload(
  config: Config,
  log: Log,
  changeLog: (options: Pick<Config['log'], 'level' | 'maskNumbers'>) => void,
): () => { readonly applied: readonly string[]; readonly needRestart: readonly string[] } {
  return () => {
    const next = loadConfig(config.file);
    const changed = differences(config, next);
    const applied = changed.filter((key) => LIVE.has(key));
    const needRestart = changed.filter((key) => !LIVE.has(key));
    Object.assign(config.drain, next.drain);
    Object.assign(config.limits, next.limits);
    Object.assign(config.log, { level: next.log.level, maskNumbers: next.log.maskNumbers });
    changeLog(next.log);
    log.log('info', 'The configuration was read again', { applied, needRestart });
    return { applied, needRestart };
  };
}
