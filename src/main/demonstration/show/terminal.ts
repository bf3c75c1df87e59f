/** Frames of text on a terminal, in place. Uses the alternate screen: what was there before comes back at the end. */

export interface Output {
  write(text: string): unknown;
  readonly columns?: number;
  readonly rows?: number;
}

const ENTER = '\x1b[?1049h\x1b[?25l';
const LEAVE = '\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';
const CLEAR_LINE = '\x1b[K';
const CLEAR_BELOW = '\x1b[J';
const PLAIN = '\x1b[0m';
/** A style (`ESC [ … m`) takes no room on the line. */
const STYLE = /^\x1b\[[0-9;]*m/;

export const bold = (text: string): string => `\x1b[1m${text}\x1b[22m`;
export const faint = (text: string): string => `\x1b[2m${text}\x1b[22m`;

/** Cuts a line to `columns` characters, styles not counted. */
export function fitted(line: string, columns: number): string {
  let width = 0;
  let result = '';
  for (let index = 0; index < line.length; ) {
    const style = STYLE.exec(line.slice(index, index + 16))?.[0];
    if (style !== undefined) {
      result += style;
      index += style.length;
      continue;
    }
    const character = String.fromCodePoint(line.codePointAt(index) ?? 32);
    if (width === columns) return `${result}${PLAIN}`;
    result += character;
    width += 1;
    index += character.length;
  }
  return result;
}

export class Terminal {
  readonly #output: Output;
  #entered = false;

  constructor(output: Output) {
    this.#output = output;
  }

  get columns(): number {
    return this.#output.columns ?? 80;
  }

  get rows(): number {
    return this.#output.rows ?? 24;
  }

  /** Draws over the last frame; lines beyond the screen are not shown. The last column stays free: clearing after it would take it away. */
  draw(lines: readonly string[]): void {
    const shown = lines.slice(0, this.rows).map((line) => `${fitted(line, this.columns - 1)}${PLAIN}${CLEAR_LINE}`);
    this.#output.write(`${this.#entered ? '' : ENTER}${HOME}${shown.join('\r\n')}${CLEAR_BELOW}`);
    this.#entered = true;
  }

  /** Gives the terminal back as it was. */
  leave(): void {
    if (!this.#entered) return;
    this.#entered = false;
    this.#output.write(LEAVE);
  }
}
