import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JournalEntry } from '../../src/core/kernel/journal.ts';
import type { Journal } from '../../src/ports/store.ts';
import { callEntries } from '../store/entries.ts';
import { tablesAfter } from '../store/model.ts';
import type { Tables } from '../store/support.ts';

export interface OpenJournal {
  readonly journal: Journal;
  readonly origin: { readonly node: string; readonly epoch: number };
  /** Called when everything was appended: what the database holds once all is there. */
  readonly tables: () => Promise<Tables>;
}

const AT = 1_800_000_000_000;

const call = (id: string, endedAt: number | null): JournalEntry => {
  const [arrival] = callEntries(id, AT);
  if (arrival?.kind !== 'call') throw new Error('The first entry of a call is its row.');
  return { kind: 'call', row: { ...arrival.row, endedAt, outcome: endedAt === null ? null : 'abandoned' } };
};

const live = (id: string, state: string): JournalEntry => {
  const found = callEntries(id, AT).find((entry) => entry.kind === 'live-call');
  if (found === undefined) throw new Error('A call has a live row.');
  return { kind: 'live-call', live: { ...found.live, state } };
};

/** Few keys, so that entries of the same call meet within a batch and across batches. */
const entry: fc.Arbitrary<JournalEntry> = fc.oneof(
  fc
    .record({ id: fc.constantFrom('a', 'b', 'c'), ended: fc.option(fc.integer({ min: AT, max: AT + 9 })) })
    .map(({ id, ended }) => call(id, ended)),
  fc
    .record({ id: fc.constantFrom('a', 'b', 'c'), state: fc.constantFrom('queued', 'offered', 'bridged') })
    .map(({ id, state }) => live(id, state)),
  fc.constantFrom('a', 'b', 'c').map((id): JournalEntry => ({ kind: 'live-call-ended', call: id })),
  fc
    .record({
      id: fc.constantFrom('a', 'b'),
      sequence: fc.integer({ min: 1, max: 5 }),
      detail: fc.option(fc.constantFrom('x', 'y')),
    })
    .map(
      ({ id, sequence, detail }): JournalEntry => ({
        ...{ kind: 'call-event', call: id, sequence, at: AT, event: 'queued', queue: null, agent: null, leg: null },
        detail,
      }),
    ),
  fc.record({ agent: fc.constantFrom('ada', 'bob'), state: fc.constantFrom('ready', 'paused', 'signed-out') }).map(
    ({ agent, state }): JournalEntry => ({
      kind: 'agent-state',
      snapshot: { agent, state, reason: null, extension: '201', since: AT },
    }),
  ),
);

/** What every journal does (ports/store.ts). `open` gives one on an empty database; a test stops it or leaves it to the caller. */
export const journalContract = (name: string, open: () => Promise<OpenJournal>): void => {
  describe(`journal: ${name}`, () => {
    const check = async (entries: readonly JournalEntry[], pauses: readonly number[] = []): Promise<void> => {
      const { journal, origin, tables } = await open();
      for (const [index, one] of entries.entries()) {
        journal.append(one);
        if (pauses.includes(index)) await journal.flush();
      }
      await journal.flush();
      expect(await tables()).toEqual(tablesAfter(entries, origin));
      await journal.stop();
    };

    it('writes every kind of entry as it is', async () => {
      await check([
        ...callEntries('one', AT),
        live('two', 'queued'),
        { kind: 'agent-state', snapshot: { agent: 'ada', state: 'paused', reason: 'lunch', extension: '201', since: AT } },
      ]);
    });

    it('keeps the signs that the wire gives a meaning to', async () => {
      const [first] = callEntries('quo"te', AT);
      if (first?.kind !== 'call') throw new Error('The first entry of a call is its row.');
      const odd = ['', ' ', '"', '\\', '{,}', 'NULL', 'null', "it's", 'é€😀', 'a\nb\tc', '\\"', '$1'];
      await check(
        odd.map((caller, index): JournalEntry => ({ kind: 'call', row: { ...first.row, call: `c${index}${caller}`, caller } })),
      );
    });

    it('keeps the last row of a call, and its end whatever comes after', async () => {
      await check([call('a', null), call('a', AT + 5), call('b', AT + 1), call('b', null), call('a', AT + 7)], [0, 1, 3]);
    });

    it('writes an event or an action only once', async () => {
      const entries = callEntries('one', AT);
      await check([...entries, ...entries.filter(({ kind }) => kind === 'call-event' || kind === 'agent-action')], [6]);
    });

    it('forgets a live call that ended, in the same batch or a later one', async () => {
      await check(
        [
          live('a', 'queued'),
          { kind: 'live-call-ended', call: 'a' },
          live('b', 'queued'),
          live('c', 'queued'),
          { kind: 'live-call-ended', call: 'b' },
        ],
        [2],
      );
    });

    it('leaves what the entries would leave one by one, whatever the batches', async () => {
      await fc.assert(fc.asyncProperty(fc.array(entry, { maxLength: 60 }), fc.array(fc.nat(59), { maxLength: 3 }), check), {
        numRuns: 15,
      });
    });

    it('reports nothing queued after a flush, and stops', async () => {
      const { journal } = await open();
      for (const one of callEntries('one', AT)) journal.append(one);
      expect(journal.status().queued).toBeGreaterThan(0);
      await journal.flush();
      expect(journal.status().queued).toBe(0);
      await journal.stop();
      await journal.stop();
    });
  });
};
