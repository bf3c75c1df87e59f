import type { AgentSnapshot, CallRow, JournalEntry, LiveCall } from '../../core/kernel/journal.ts';
import type { Instant } from '../../core/kernel/time.ts';

/**
 * A batch is one statement: it is all there or not at all, with one round trip and one flush of the disk. Rows travel as one
 * array a column; the text of the arrays is made here by concatenation, because pg's own conversion of arrays costs more
 * than all the rest of an entry.
 */

type Of<K extends JournalEntry['kind']> = Extract<JournalEntry, { kind: K }>;

const NEEDS_ESCAPE = /["\\]/;
const text = (value: string | null): string => {
  if (value === null) return 'NULL';
  return NEEDS_ESCAPE.test(value) ? `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"` : `"${value}"`;
};
const float = (value: number | null): string => (value === null ? 'NULL' : String(value));
const whole = (value: number | null): string => (value === null ? 'NULL' : String(Math.round(value)));
const instant: (value: Instant | null) => string = float;

/** How a column of a row becomes an element of its array; PostgreSQL's type of the array. */
interface Column<Row> {
  readonly name: string;
  readonly type: 'text' | 'integer' | 'float8' | 'instant';
  readonly of: (row: Row) => string;
}

const CALL_COLUMNS: readonly Column<CallRow>[] = [
  { name: 'call', type: 'text', of: (row) => text(row.call) },
  { name: 'campaign', type: 'text', of: (row) => text(row.campaign) },
  { name: 'queue', type: 'text', of: (row) => text(row.queue) },
  { name: 'agent', type: 'text', of: (row) => text(row.agent) },
  { name: 'line', type: 'text', of: (row) => text(row.line) },
  { name: 'caller', type: 'text', of: (row) => text(row.caller) },
  { name: 'dialled', type: 'text', of: (row) => text(row.dialled) },
  { name: 'arrived_at', type: 'instant', of: (row) => instant(row.arrivedAt) },
  { name: 'answered_at', type: 'instant', of: (row) => instant(row.answeredAt) },
  { name: 'queued_at', type: 'instant', of: (row) => instant(row.queuedAt) },
  { name: 'bridged_at', type: 'instant', of: (row) => instant(row.bridgedAt) },
  { name: 'ended_at', type: 'instant', of: (row) => instant(row.endedAt) },
  { name: 'outcome', type: 'text', of: (row) => text(row.outcome) },
  { name: 'stage', type: 'text', of: (row) => text(row.stage) },
  { name: 'ended_by', type: 'text', of: (row) => text(row.endedBy) },
  { name: 'wait_ms', type: 'integer', of: (row) => whole(row.waitMs) },
  { name: 'talk_ms', type: 'integer', of: (row) => whole(row.talkMs) },
  { name: 'hold_ms', type: 'integer', of: (row) => whole(row.holdMs) },
  { name: 'transfers', type: 'integer', of: (row) => whole(row.transfers) },
];

const EVENT_COLUMNS: readonly Column<Of<'call-event'>>[] = [
  { name: 'call', type: 'text', of: (row) => text(row.call) },
  { name: 'sequence', type: 'integer', of: (row) => float(row.sequence) },
  { name: 'at', type: 'instant', of: (row) => instant(row.at) },
  { name: 'event', type: 'text', of: (row) => text(row.event) },
  { name: 'queue', type: 'text', of: (row) => text(row.queue) },
  { name: 'agent', type: 'text', of: (row) => text(row.agent) },
  { name: 'leg', type: 'text', of: (row) => text(row.leg) },
  { name: 'detail', type: 'text', of: (row) => text(row.detail) },
];

const ACTION_COLUMNS: readonly Column<Of<'agent-action'>>[] = [
  { name: 'action', type: 'text', of: (row) => text(row.action) },
  { name: 'agent', type: 'text', of: (row) => text(row.agent) },
  { name: 'at', type: 'instant', of: (row) => instant(row.at) },
  { name: 'event', type: 'text', of: (row) => text(row.event) },
  { name: 'reason', type: 'text', of: (row) => text(row.reason) },
  { name: 'call', type: 'text', of: (row) => text(row.call) },
  { name: 'by', type: 'text', of: (row) => text(row.by) },
];

const LIVE_COLUMNS: readonly Column<LiveCall>[] = [
  { name: 'call', type: 'text', of: (row) => text(row.call) },
  { name: 'campaign', type: 'text', of: (row) => text(row.campaign) },
  { name: 'state', type: 'text', of: (row) => text(row.state) },
  { name: 'caller_leg', type: 'text', of: (row) => text(row.callerLeg) },
  { name: 'agent_leg', type: 'text', of: (row) => text(row.agentLeg) },
  { name: 'agent', type: 'text', of: (row) => text(row.agent) },
  { name: 'queue', type: 'text', of: (row) => text(row.queue) },
  { name: 'place', type: 'float8', of: (row) => float(row.place) },
  { name: 'priority', type: 'float8', of: (row) => float(row.priority) },
  { name: 'caller', type: 'text', of: (row) => text(row.caller) },
  { name: 'dialled', type: 'text', of: (row) => text(row.dialled) },
  { name: 'line', type: 'text', of: (row) => text(row.line) },
  { name: 'arrived_at', type: 'instant', of: (row) => instant(row.arrivedAt) },
  { name: 'queued_at', type: 'instant', of: (row) => instant(row.queuedAt) },
  { name: 'bridged_at', type: 'instant', of: (row) => instant(row.bridgedAt) },
];

const STATE_COLUMNS: readonly Column<AgentSnapshot>[] = [
  { name: 'agent', type: 'text', of: (row) => text(row.agent) },
  { name: 'state', type: 'text', of: (row) => text(row.state) },
  { name: 'reason', type: 'text', of: (row) => text(row.reason) },
  { name: 'extension', type: 'text', of: (row) => text(row.extension) },
  { name: 'since', type: 'instant', of: (row) => instant(row.since) },
];

/** Parameters 1 to 4: node, epoch, number of this batch, number of the one before. */
const FIXED_PARAMETERS = 4;

/** `INSERT INTO table … SELECT … FROM unnest(…)` for columns whose arrays begin at parameter `first`. */
const insert = <Row>(table: string, columns: readonly Column<Row>[], first: number, conflict: string): string => {
  const names = columns.map((column) => column.name);
  const arrays = columns.map(({ type }, index) => `$${first + index}::${type === 'instant' ? 'float8' : type}[]`);
  const values = columns.map(({ name, type }) => (type === 'instant' ? `to_timestamp(r.${name} / 1000)` : `r.${name}`));
  return `INSERT INTO ${table} (${names.join(', ')}, node, epoch)
    SELECT ${values.join(', ')}, $1, $2::integer FROM unnest(${arrays.join(', ')}) AS r (${names.join(', ')})
    ON CONFLICT ${conflict}`;
};

const replace = <Row>(key: string, columns: readonly Column<Row>[]): string =>
  `(${key}) DO UPDATE SET ${[...columns.map((column) => column.name), 'node', 'epoch']
    .filter((name) => name !== key)
    .map((name) => `${name} = excluded.${name}`)
    .join(', ')}`;

const FIRST_EVENT = FIXED_PARAMETERS + 1 + CALL_COLUMNS.length;
const FIRST_ACTION = FIRST_EVENT + EVENT_COLUMNS.length;
const FIRST_LIVE = FIRST_ACTION + ACTION_COLUMNS.length;
const FIRST_STATE = FIRST_LIVE + LIVE_COLUMNS.length;
const ENDED = FIRST_STATE + STATE_COLUMNS.length;

/**
 * Several batches are on their way at once, and must be taken in order: when one fails, those behind it must fail too, or an
 * older row would later be written over a newer one. So each leaves its number in a setting of the session, which a rollback
 * takes back, and divides by zero unless it finds its predecessor's.
 *
 * An ended call never opens again: a row that comes late, from the spool of a node that died, may not undo the end that
 * recovery gave it; a true end may replace it.
 */
export const BATCH_STATEMENT = `WITH chain AS (
    SELECT set_config('bascule.batch', $3, false)
    WHERE 1 = 1 / (current_setting('bascule.batch') = $4)::integer
  ), calls_written AS (
    ${insert('calls', CALL_COLUMNS, FIXED_PARAMETERS + 1, `${replace('call', CALL_COLUMNS)} WHERE calls.ended_at IS NULL OR excluded.ended_at IS NOT NULL`)}
  ), events_written AS (
    ${insert('call_events', EVENT_COLUMNS, FIRST_EVENT, 'DO NOTHING')}
  ), actions_written AS (
    ${insert('agent_actions', ACTION_COLUMNS, FIRST_ACTION, 'DO NOTHING')}
  ), live_written AS (
    ${insert('live_calls', LIVE_COLUMNS, FIRST_LIVE, replace('call', LIVE_COLUMNS))}
  ), states_written AS (
    ${insert('agent_states', STATE_COLUMNS, FIRST_STATE, replace('agent', STATE_COLUMNS))}
  ), live_ended AS (
    DELETE FROM live_calls WHERE call = ANY ($${ENDED}::text[])
  )
  SELECT FROM chain`;

const arrays = <Row>(columns: readonly Column<Row>[], rows: Iterable<Row>, into: string[]): void => {
  for (const { of } of columns) {
    let list = '';
    for (const row of rows) list += list === '' ? of(row) : `,${of(row)}`;
    into.push(`{${list}}`);
  }
};

/**
 * The parameters of a batch. Of several rows with the same key the last is kept, as one statement cannot write a row twice:
 * a live call that ends inside the batch is only deleted, in case an earlier batch has written it.
 */
export const batchParameters = (
  entries: readonly JournalEntry[],
  origin: { readonly node: string; readonly epoch: number },
  chain: { readonly number: number; readonly previous: number },
): string[] => {
  const calls = new Map<string, CallRow>();
  const events: Of<'call-event'>[] = [];
  const actions: Of<'agent-action'>[] = [];
  const live = new Map<string, LiveCall>();
  const ended = new Set<string>();
  const states = new Map<string, AgentSnapshot>();
  for (const entry of entries) {
    switch (entry.kind) {
      case 'call':
        if (entry.row.endedAt !== null || (calls.get(entry.row.call)?.endedAt ?? null) === null)
          calls.set(entry.row.call, entry.row);
        break;
      case 'call-event':
        events.push(entry);
        break;
      case 'agent-action':
        actions.push(entry);
        break;
      case 'live-call':
        live.set(entry.live.call, entry.live);
        ended.delete(entry.live.call);
        break;
      case 'live-call-ended':
        live.delete(entry.call);
        ended.add(entry.call);
        break;
      case 'agent-state':
        states.set(entry.snapshot.agent, entry.snapshot);
        break;
    }
  }
  const parameters = [origin.node, String(origin.epoch), String(chain.number), String(chain.previous)];
  arrays(CALL_COLUMNS, calls.values().toArray(), parameters);
  arrays(EVENT_COLUMNS, events, parameters);
  arrays(ACTION_COLUMNS, actions, parameters);
  arrays(LIVE_COLUMNS, live.values().toArray(), parameters);
  arrays(STATE_COLUMNS, states.values().toArray(), parameters);
  parameters.push(`{${[...ended].map(text).join(',')}}`);
  return parameters;
};

/** The natural key of an entry that is set aside; what is set aside may lack the very fields that make it. */
export const keyOf = (entry: JournalEntry): string => {
  const { kind, call, sequence, action, row, live, snapshot } = entry as {
    readonly kind?: unknown;
    readonly call?: unknown;
    readonly sequence?: unknown;
    readonly action?: unknown;
    readonly row?: { readonly call?: unknown };
    readonly live?: { readonly call?: unknown };
    readonly snapshot?: { readonly agent?: unknown };
  };
  const name = action ?? row?.call ?? live?.call ?? snapshot?.agent ?? call ?? 'unnamed';
  return [kind, name, sequence]
    .filter((part) => part !== undefined)
    .map(String)
    .join(':');
};
