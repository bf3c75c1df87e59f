import Table from 'cli-table3';
import { formatDuration } from '../wire/values.ts';
import type { Io } from './context.ts';

/** What came over a telephone line must not move the cursor or hide text on the terminal of who looks at it. */
export const clean = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '�');

const padded = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - text.length));

/** Columns side by side; numbers to the right. */
export const aligned = (head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] => {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)));
  const numeric = head.map((_, column) => rows.length > 0 && rows.every((row) => /^(-?\d[\d.]*%?|-|)$/.test(row[column] ?? '')));
  return [head, ...rows].map((row) =>
    row
      .map((cell, column) => (numeric[column] === true ? cell.padStart(widths[column] ?? 0) : padded(cell, widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
};

/** A table: with borders on a terminal, aligned text for a pipe. Nothing to show is said. */
export const table = (io: Io, head: readonly string[], rows: readonly (readonly string[])[], empty: string): void => {
  const cells = rows.map((row) => row.map(clean));
  if (cells.length === 0) {
    io.out(`${empty}\n`);
    return;
  }
  if (!io.isTty) {
    io.out(`${aligned(head, cells).join('\n')}\n`);
    return;
  }
  const drawn = new Table({ head: [...head], style: { head: ['bold'], border: ['gray'], compact: true } });
  drawn.push(...cells.map((row) => [...row]));
  io.out(`${drawn.toString()}\n`);
};

export const printJson = (io: Io, value: unknown): void => io.out(`${JSON.stringify(value, null, 2)}\n`);

/** A number as it may be seen by who needs not know it: its last two characters. */
export const maskNumber = (value: unknown, show: boolean): string => {
  if (typeof value !== 'string' && typeof value !== 'number') return '-';
  const text = String(value);
  if (show) return text;
  return text.length < 4 ? '…' : `…${text.slice(-2)}`;
};

/** Time of day, for people. */
export const clock = (at: unknown): string => (typeof at === 'number' ? new Date(at).toTimeString().slice(0, 8) : '-');

export const dateAndTime = (at: unknown): string => {
  if (typeof at !== 'number') return '-';
  const date = new Date(at);
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()].map((part) => String(part).padStart(2, '0')).join('-');
  return `${day} ${clock(at)}`;
};

/** A wait as one looks at it: whole seconds. */
export const lasting = (ms: unknown): string =>
  typeof ms === 'number' ? formatDuration(Math.max(0, Math.round(ms / 1_000) * 1_000)) : '-';

export const orDash = (value: unknown): string => {
  if (value === null || value === undefined || value === '') return '-';
  return typeof value === 'string' ? value : JSON.stringify(value);
};
