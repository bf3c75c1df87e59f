import Database from 'better-sqlite3';
import { BasculeError } from '../../core/kernel/errors.ts';

/**
 * One daemon per folder. The lock is an SQLite file held in an exclusive transaction, hence a lock of the kernel on the
 * file: it goes with the process, however it ends, where a file with a process number would have to be judged stale.
 * Throws STO_IN_USE. Returns how to let go.
 */
export const lockFolder = (path: string, folder: string): (() => void) => {
  const database = new Database(path, { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if ((error as { code?: string }).code?.startsWith('SQLITE_BUSY'))
      throw new BasculeError('STO_IN_USE', { folder }, { cause: error });
    throw error;
  }
  return () => database.close();
};
