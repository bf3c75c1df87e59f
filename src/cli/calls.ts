import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import type { Context, GlobalOptions } from './context.ts';
import { withDaemon } from './context.ts';
import { dateAndTime, lasting, maskNumber, orDash, printJson, table } from './output.ts';

type Row = Readonly<Record<string, unknown>>;

const MAX_ENDED = 10_000;

const wholeNumber = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > MAX_ENDED)
    throw new InvalidArgumentError(`Give a whole number from 1 to ${MAX_ENDED}.`);
  return value;
};

const live = (row: Row, show: boolean, now: number): readonly string[] => [
  orDash(row['call']),
  orDash(row['state']),
  orDash(row['campaign']),
  orDash(row['queue']),
  orDash(row['position']),
  orDash(row['agent']),
  orDash(row['line']),
  maskNumber(row['caller'], show),
  maskNumber(row['dialled'], show),
  typeof row['since'] === 'number' ? lasting(now - row['since']) : '-',
];

const LIVE_HEAD = ['CALL', 'STATE', 'CAMPAIGN', 'QUEUE', 'PLACE', 'AGENT', 'LINE', 'CALLER', 'DIALLED', 'FOR'];

const ended = (row: Row, show: boolean): readonly string[] => [
  orDash(row['call']),
  dateAndTime(row['arrivedAt']),
  orDash(row['outcome']),
  orDash(row['stage']),
  orDash(row['campaign']),
  orDash(row['queue']),
  orDash(row['agent']),
  maskNumber(row['caller'], show),
  maskNumber(row['dialled'], show),
  lasting(row['waitMs']),
  lasting(row['talkMs']),
];

const ENDED_HEAD = ['CALL', 'ARRIVED', 'OUTCOME', 'STAGE', 'CAMPAIGN', 'QUEUE', 'AGENT', 'CALLER', 'DIALLED', 'WAIT', 'TALK'];

const masked = (row: Row): Row => ({
  ...row,
  caller: row['caller'] === null ? null : maskNumber(row['caller'], false),
  dialled: maskNumber(row['dialled'], false),
});

export const callsCommand = (program: Command, context: Context): void => {
  program
    .command('calls')
    .description('Calls in progress, or the last that ended')
    .option('--ended <count>', 'the last calls that ended, so many', wholeNumber)
    .option('--show-numbers', 'show telephone numbers')
    .option('--json', 'print JSON')
    .action(async (options: { ended?: number; showNumbers?: boolean; json?: boolean }, self: Command) => {
      const show = options.showNumbers === true;
      const rows = await withDaemon(context, self.optsWithGlobals<GlobalOptions>(), (client) =>
        client.request('calls', { ended: options.ended ?? null }),
      );
      if (options.json === true) printJson(context.io, show ? rows : rows.map(masked));
      else if (options.ended !== undefined) {
        table(
          context.io,
          ENDED_HEAD,
          rows.map((row) => ended(row, show)),
          'No call has ended yet.',
        );
      } else {
        const now = Date.now();
        table(
          context.io,
          LIVE_HEAD,
          rows.map((row) => live(row, show, now)),
          'There are no calls in progress.',
        );
      }
    });
};
