import { Pool, type PoolClient, type QueryResult, type QueryResultRow } from 'pg';
import type { Log } from '../../ports/log.ts';
import { unavailable } from './failures.ts';

/** Connections for what people ask: configuration, past calls, recovery. The journal has one of its own. */
export interface Database {
  /** Throws STO_UNAVAILABLE when the database does not answer; other errors as they are. */
  query<Row extends QueryResultRow>(text: string, values?: readonly unknown[]): Promise<QueryResult<Row>>;
  /** One transaction: committed when `action` resolves, rolled back when it throws. */
  transaction<T>(action: (client: PoolClient) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

const CONNECTIONS = 4;
const CONNECT_TIMEOUT_MS = 5_000;
const IDLE_TIMEOUT_MS = 60_000;
/** The longest that a person may be kept waiting; the client gives up a little later, in case the server is frozen. */
const STATEMENT_TIMEOUT_MS = 20_000;

export const openDatabase = (url: string, log: Log): Database => {
  const pool = new Pool({
    connectionString: url,
    application_name: 'bascule',
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: STATEMENT_TIMEOUT_MS + 1_000,
    keepAlive: true,
  });
  // An idle connection that the server closed: the pool drops it, the next query opens another.
  pool.on('error', () => log.log('debug', 'An idle connection to PostgreSQL was closed'));
  const told = async <T>(action: () => Promise<T>): Promise<T> => {
    try {
      return await action();
    } catch (error) {
      throw unavailable(error) ?? error;
    }
  };
  return {
    query: (text, values) => told(() => pool.query(text, values === undefined ? undefined : [...values])),
    transaction: (action) =>
      told(async () => {
        const client = await pool.connect();
        let broken: Error | undefined;
        try {
          await client.query('BEGIN');
          const result = await action(client);
          await client.query('COMMIT');
          return result;
        } catch (error) {
          await client.query('ROLLBACK').catch((failure: Error) => {
            broken = failure;
          });
          throw error;
        } finally {
          client.release(broken);
        }
      }),
    close: () => pool.end(),
  };
};
