import type { News } from '../people/scene.ts';
import { painted } from './paint.ts';
import { sentence } from './sentences.ts';
import { counted, emptyTally, tallyLine } from './tally.ts';
import type { Tally } from './tally.ts';
import { Terminal, bold, faint } from './terminal.ts';
import type { Output } from './terminal.ts';

const REDRAW_MS = 500;
/** Not on a terminal: the count of calls now and then, for who reads the log later. */
const COUNT_EVERY_MS = 30_000;
const NEWS_KEPT = 50;
/** Lines that a small window keeps for news. */
const NEWS_SHOWN_AT_LEAST = 3;
/** In fewer rows than this, only the first two lines of the introduction stay: queues and agents need the room. */
const ROOMY_ROWS = 30;

export interface ShowOptions {
  readonly output: Output;
  readonly isTty: boolean;
  /** Said first: what runs, where its data is, how to look, how to stop. */
  readonly introduction: readonly string[];
  /** Queues and agents as they are now, in so many columns. */
  readonly view: (columns: number) => readonly string[];
}

/** Shows the demonstration: in place on a terminal, as plain lines elsewhere. */
export class Show {
  readonly #options: ShowOptions;
  readonly #terminal: Terminal;
  readonly #news: string[] = [];
  /** https://no-color.org */
  readonly #plain = (process.env['NO_COLOR'] ?? '') !== '';
  #tally: Tally = emptyTally();
  #timer: NodeJS.Timeout | null = null;
  /** A process that dies with an error must not leave the terminal without cursor. */
  readonly #leave = (): void => this.#terminal.leave();

  constructor(options: ShowOptions) {
    this.#options = options;
    this.#terminal = new Terminal(options.output);
  }

  get tally(): Tally {
    return this.#tally;
  }

  start(): void {
    const { isTty, introduction } = this.#options;
    if (isTty) {
      process.once('exit', this.#leave);
      this.#draw();
      this.#timer = setInterval(() => this.#draw(), REDRAW_MS);
    } else {
      for (const line of introduction) this.#print(line);
      this.#timer = setInterval(() => this.#print(`${clockTime()}  ${tallyLine(this.#tally)}`), COUNT_EVERY_MS);
    }
  }

  add(news: News): void {
    this.#tally = counted(this.#tally, news);
    const line = `${clockTime()}  ${sentence(news)}`;
    if (!this.#options.isTty) {
      this.#print(line);
      return;
    }
    this.#news.push(line);
    if (this.#news.length > NEWS_KEPT) this.#news.shift();
  }

  /** Gives the terminal back and says how it went. */
  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    process.off('exit', this.#leave);
    this.#terminal.leave();
  }

  #print(line: string): void {
    this.#options.output.write(`${line}\n`);
  }

  #draw(): void {
    const { columns, rows } = this.#terminal;
    const [title = '', ...details] = this.#options.introduction;
    const head = [bold(title), ...(rows < ROOMY_ROWS ? details.slice(0, 1) : [...details, '']).map(faint)];
    const view = this.#options.view(columns - 1).map(this.#plain ? (line) => line : painted);
    const foot = faint(tallyLine(this.#tally));
    const room = Math.max(NEWS_SHOWN_AT_LEAST, rows - head.length - view.length - 2);
    const news = this.#news.slice(-room);
    const above = [...head, ...view].slice(0, Math.max(0, rows - 2 - Math.max(news.length, 1)));
    const filled = Array.from({ length: Math.max(0, rows - above.length - news.length - 2) }, () => '');
    this.#terminal.draw([...above, '', ...news, ...filled, foot]);
  }
}

const clockTime = (): string => new Date().toTimeString().slice(0, 8);
