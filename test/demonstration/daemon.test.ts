import { expect, it } from 'vitest';
import { renderStatus } from '../../src/cli/view.ts';
import { startDaemon } from '../../src/main/daemon.ts';
import type { NewsKind } from '../../src/main/demonstration/people/scene.ts';
import { startDemonstration } from '../../src/main/demonstration/start.ts';
import type { StatusDocument } from '../../src/wire/control.ts';
import { temporaryFolder } from '../support/folder.ts';

/** Everything that people do in a centre. */
const EVERYTHING: readonly NewsKind[] = [
  'arrived',
  'answered',
  'talked',
  'abandoned',
  'sent-away',
  'ignored',
  'rejected',
  'held',
  'resumed',
  'transferred',
  'signed-in',
  'paused',
  'back',
];
/** Rarest is a break, after one conversation in twenty: that none comes within so many calls happens once in 10,000 times. */
const ENOUGH_CALLS = 250;

it('lives through everything that happens in a centre, and the daemon’s count agrees', { timeout: 300_000 }, async () => {
  const seen = new Set<NewsKind>();
  const complete = Promise.withResolvers<void>();
  let status: () => StatusDocument | null = () => null;
  /** Calls that ended each way in which a call can, but for the one that must not happen. */
  const endings = (): readonly number[] => {
    const { answered = 0, abandoned = 0, overflowed = 0, deterred = 0 } = status()?.site.totals ?? {};
    return [answered, abandoned, overflowed, deterred];
  };
  const demonstration = await startDemonstration<StatusDocument>({
    dataDir: temporaryFolder('demonstration'),
    stdout: { write: () => true },
    isTty: false,
    pace: 0.2,
    calls: ENOUGH_CALLS,
    startDaemon: async (setup) => {
      const daemon = await startDaemon({ ...setup, version: 'test', console: false });
      status = daemon.status;
      return daemon;
    },
    render: renderStatus,
    onNews: (news) => {
      seen.add(news.kind);
      if (seen.size === EVERYTHING.length && !endings().includes(0)) complete.resolve();
    },
  });
  await Promise.race([complete.promise, demonstration.ended]);
  const tally = await demonstration.stop();
  expect(EVERYTHING.filter((kind) => !seen.has(kind))).toEqual([]);
  expect(tally.heard).toBeGreaterThan(0);
  expect(endings()).not.toContain(0);
  expect(status()?.site.totals).toMatchObject({ lost: 0, inProgress: 0, offered: endings().reduce((sum, count) => sum + count) });
});
