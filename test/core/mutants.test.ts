import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** A mistake somebody could make: `from` becomes `to` in a file of the core. */
interface Mutant {
  readonly mistake: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** The statement that the world finds broken, or the assertion that fails. */
  readonly found: RegExp;
}

/** Days of the world within which every mistake must show. */
const SEEDS = 25;

const MUTANTS: readonly Mutant[] = [
  {
    mistake: 'an answer told twice lets go of the leg',
    file: 'site-offers.ts',
    from: "if (state.name !== 'offered' || !state.offers.some((one) => one.leg === leg)) return;",
    to: "if (state.name !== 'offered') return void site.legs.delete(leg);",
    found: /D8|legs/,
  },
  {
    mistake: 'the losers of ring-all ring on',
    file: 'site-offers.ts',
    from: 'for (const loser of state.offers) if (loser.leg !== leg) withdrawOffer',
    to: 'for (const loser of state.offers) if (loser.leg === "") withdrawOffer',
    found: /D8|legs/,
  },
  {
    mistake: 'the caller’s hang-up leaves the other leg up',
    file: 'site-end.ts',
    from: 'else dropLeg(site, leg);',
    to: 'else site.legs.delete(leg);',
    found: /D3/,
  },
  { mistake: 'who becomes free is not remembered', file: 'site-agents.ts', from: 'site.freed.add(id);', to: '', found: /D1:/ },
  { mistake: 'audits heal nothing', file: 'site-conversation.ts', from: 'site.suspects = suspects;', to: '', found: /end: / },
  {
    mistake: 'an unreachable agent counts as free',
    file: 'site-agents.ts',
    from: "agent.state.name === 'ready' && agent.reachable",
    to: "agent.state.name === 'ready'",
    found: /D1|D11/,
  },
  {
    mistake: 'the weight of queues is forgotten',
    file: 'site-offers.ts',
    from: '(b.queue.weight - a.queue.weight || comparePlaces(a.place, b.place))',
    to: 'comparePlaces(a.place, b.place)',
    found: /D10/,
  },
  {
    mistake: 'equal calls have no order',
    file: 'distribution/waiting.ts',
    from: ' || a.arrival - b.arrival',
    to: '',
    found: /Impossible/,
  },
  {
    mistake: 'direct sound of one party stays away',
    file: 'site-conversation.ts',
    from: 'for (const leg of [id, state.leg])',
    to: 'for (const leg of [state.leg])',
    found: /D21/,
  },
  {
    mistake: 'an entry into a queue is not counted',
    file: 'site-queue.ts',
    from: 'run.tally.offered += 1;',
    to: '',
    found: /D12/,
  },
  {
    mistake: 'overflows between queues are unbounded',
    file: 'site-queue.ts',
    from: 'call.hops > MAX_HOPS',
    to: 'call.hops < 0',
    found: /call stack/,
  },
  {
    mistake: 'a relaxed skill is noticed by nobody',
    file: 'site-queue.ts',
    from: 'nextRelaxation(demandsOf(queue, call), call.joinedAt, site.now),',
    to: '',
    found: /D1:/,
  },
  {
    mistake: 'an arrival told twice is two calls',
    file: 'site-flow.ts',
    from: 'if (site.arrived.has(event.leg)) return;',
    to: '',
    found: /D18/,
  },
  {
    mistake: 'orders go out before the records',
    file: 'site.ts',
    from: 'records.concat(orders)',
    to: 'orders.concat(records)',
    found: /D20/,
  },
];

describe('the world bites', () => {
  const root = join(import.meta.dirname, '../..');
  let folder = '';

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'mutants-'));
    cpSync(join(root, 'src/core'), join(folder, 'src/core'), { recursive: true });
    cpSync(join(root, 'test/core/support'), join(folder, 'test/core/support'), { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const replay = (): { readonly status: number | null; readonly output: string } => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['test/core/support/replay.ts', '1', String(SEEDS), '--bail'],
      {
        cwd: folder,
        encoding: 'utf8',
      },
    );
    return { status, output: `${stdout}${stderr}` };
  };

  it('the site as it is passes', () => {
    expect(replay()).toMatchObject({ status: 0 });
  });

  for (const { mistake, file, from, to, found } of MUTANTS) {
    it(`notices within ${SEEDS} seeds that ${mistake}`, () => {
      const path = join(folder, 'src/core', file);
      const right = readFileSync(path, 'utf8');
      expect(right.split(from), `“${from}” in ${file}`).toHaveLength(2);
      writeFileSync(
        path,
        right.replace(from, () => to),
      );
      const { status, output } = replay();
      writeFileSync(path, right);
      expect(status, output).toBe(1);
      expect(output).toMatch(found);
    });
  }
});
