import type { JournalEntry } from '../../src/core/kernel/journal.ts';
import type { Tables } from './support.ts';

const snake = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

const columns = (row: object, origin: object): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries({ ...row, ...origin }).flatMap(([name, value]) =>
      value === null || name === 'kind' ? [] : [[snake(name), value]],
    ),
  );

/** The rows that these entries leave behind, by the journal's rules told as simply as possible: one after the other. */
export const tablesAfter = (
  entries: readonly JournalEntry[],
  origin: { readonly node: string; readonly epoch: number },
): Tables => {
  const tables = { calls: {}, call_events: {}, agent_actions: {}, live_calls: {}, agent_states: {} } as Record<
    string,
    Record<string, Readonly<Record<string, unknown>>>
  >;
  const table = (name: string): Record<string, Readonly<Record<string, unknown>>> => tables[name] ?? {};
  for (const entry of entries) {
    switch (entry.kind) {
      case 'call': {
        const before = table('calls')[entry.row.call];
        if (before?.['ended_at'] === undefined || entry.row.endedAt !== null)
          table('calls')[entry.row.call] = columns(entry.row, origin);
        break;
      }
      case 'call-event':
        table('call_events')[`${entry.call}/${entry.sequence}`] ??= columns(entry, origin);
        break;
      case 'agent-action':
        table('agent_actions')[entry.action] ??= columns(entry, origin);
        break;
      case 'live-call':
        table('live_calls')[entry.live.call] = columns(entry.live, origin);
        break;
      case 'live-call-ended':
        delete table('live_calls')[entry.call];
        break;
      case 'agent-state':
        table('agent_states')[entry.snapshot.agent] = columns(entry.snapshot, origin);
        break;
    }
  }
  return tables;
};
