import type { AgentSnapshot } from '../../core/kernel/journal.ts';
import type { Instant } from '../../core/kernel/time.ts';
import type { CallHistory, Recovery } from '../../ports/store.ts';
import type { Database } from './pool.ts';

const MAX_RECENT = 1_000;

export interface RecoveryOptions {
  readonly database: Database;
  readonly node: string;
  readonly epoch: number;
  /** Resolves when the journal's spool has reached the database: a true end that waits there must not become a lost call. */
  readonly drained: () => Promise<unknown>;
}

/** What a starting node finds in PostgreSQL. */
export class PostgresRecovery implements Recovery {
  readonly #options: RecoveryOptions;

  constructor(options: RecoveryOptions) {
    this.#options = options;
  }

  async agents(): Promise<readonly AgentSnapshot[]> {
    await this.#options.drained();
    const { rows } = await this.#options.database.query<Omit<AgentSnapshot, 'since'> & { since: number }>(
      `SELECT agent, state, reason, extension, extract(epoch FROM since)::float8 * 1000 AS since FROM agent_states ORDER BY agent`,
    );
    return rows;
  }

  /**
   * How far the call had come is read from its times. Waits and talks are left unknown: nobody saw them end. Calls that arrived
   * after `at` are those of the daemon that is asking.
   */
  async closeLostCalls(at: Instant): Promise<number> {
    const { database, node, epoch, drained } = this.#options;
    await drained();
    return database.transaction(async (client) => {
      const moment = 'to_timestamp($1::float8 / 1000)';
      const { rows } = await client.query<{ lost: number }>(
        `WITH lost AS (
          UPDATE calls SET
            ended_at = ${moment}, outcome = 'lost', ended_by = 'system', node = $2, epoch = $3::integer,
            stage = CASE
              WHEN bridged_at IS NOT NULL THEN 'conversation'
              WHEN queued_at IS NOT NULL THEN 'queue'
              WHEN answered_at IS NOT NULL THEN 'greeting'
              ELSE 'ringing'
            END
          WHERE ended_at IS NULL AND arrived_at <= ${moment}
          RETURNING call, queue, agent
        ), told AS (
          INSERT INTO call_events (call, sequence, node, epoch, at, event, queue, agent, leg, detail)
          SELECT lost.call, coalesce((SELECT max(sequence) FROM call_events e WHERE e.call = lost.call), 0) + 1,
            $2, $3::integer, ${moment}, 'ended', lost.queue, lost.agent, NULL, 'lost'
          FROM lost
          ON CONFLICT DO NOTHING
        )
        SELECT count(*)::integer AS lost FROM lost`,
        [at, node, epoch],
      );
      await client.query(`DELETE FROM live_calls WHERE arrived_at <= ${moment}`, [at]);
      return rows[0]?.lost ?? 0;
    });
  }
}

const instant = (column: string): string => `extract(epoch FROM ${column})::float8 * 1000`;

/** Past calls; the names are those of `CallRow`, instants in milliseconds. */
export class PostgresCallHistory implements CallHistory {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async recent(limit: number): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const { rows } = await this.#database.query(
      `SELECT call, campaign, queue, agent, line, caller, dialled,
        ${instant('arrived_at')} AS "arrivedAt", ${instant('answered_at')} AS "answeredAt", ${instant('queued_at')} AS "queuedAt",
        ${instant('bridged_at')} AS "bridgedAt", ${instant('ended_at')} AS "endedAt",
        outcome, stage, ended_by AS "endedBy", wait_ms AS "waitMs", talk_ms AS "talkMs", hold_ms AS "holdMs", transfers
      FROM calls WHERE ended_at IS NOT NULL ORDER BY arrived_at DESC LIMIT $1`,
      [Math.max(1, Math.min(Math.floor(limit), MAX_RECENT))],
    );
    return rows;
  }
}
