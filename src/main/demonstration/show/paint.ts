/** Colours for the view of queues and agents, so that who does what is seen at a glance. The text stays as it is. */

const COLOURS: Readonly<Record<string, number>> = {
  talking: 32,
  ringing: 33,
  reserved: 33,
  'wrap-up': 36,
  paused: 35,
  resting: 35,
};
/** A state stands in a column of its own: two spaces before it. */
const STATE = /( {2})(talking|ringing|reserved|wrap-up|paused|resting)\b/;
/** The daemon's words for trouble are in capitals. */
const TROUBLE = /\b(NOT REGISTERED|UNREACHABLE|AWAY|DRAINING)\b/g;
const HEADING = /^(QUEUE|AGENT) /;

const coloured = (text: string, colour: number): string => `\x1b[${colour}m${text}\x1b[39m`;

export function painted(line: string): string {
  if (HEADING.test(line)) return `\x1b[1m${line}\x1b[22m`;
  return line
    .replace(STATE, (_, space: string, state: string) => `${space}${coloured(state, COLOURS[state] ?? 39)}`)
    .replace(TROUBLE, (words) => coloured(words, 31));
}
