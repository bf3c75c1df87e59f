import { Parser } from 'sip.js/lib/core/index.js';
import { parseMessage } from '../../src/adapters/sip/wire/parser.ts';
import { INVITE, VALID } from '../sip/wire/corpus.ts';
import { percentile, rounded } from './figures.ts';

const ROUNDS = 15;
/** What one round takes of each parser, so that both see the same state of the machine. */
const OURS = 4_000;
const GRAMMAR = 40;
/** Different texts, so that no parser lives from having seen the same string before. */
const VARIANTS = 64;

const silent = { warn(): void {}, error(): void {} } as never;

/** Microseconds a message. */
function measure(parse: (text: string) => unknown, texts: readonly string[], count: number): number {
  const started = performance.now();
  for (let index = 0; index < count; index++) parse(texts[index % texts.length] as string);
  return ((performance.now() - started) * 1_000) / count;
}

function compare(text: string): { bytes: number; ours_us: number; grammar_us: number; times: number } {
  const texts = Array.from({ length: VARIANTS }, (_value, index) => text.replace(/z9hG4bK/g, `z9hG4bK${index}`));
  const grammar = (one: string): unknown => Parser.parseMessage(one, silent);
  measure(parseMessage, texts, 20_000);
  measure(grammar, texts, GRAMMAR);
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(measure(parseMessage, texts, OURS));
    theirs.push(measure(grammar, texts, GRAMMAR));
  }
  const [mine, other] = [percentile(ours, 0.5), percentile(theirs, 0.5)];
  return { bytes: Buffer.byteLength(text), ours_us: rounded(mine), grammar_us: rounded(other), times: Math.round(other / mine) };
}

/** Our parser beside sip.js's PEG grammar, in alternating rounds of one run; medians. Goal: about 8 µs for the INVITE. */
export function run(): Promise<object> {
  return Promise.resolve({
    invite: compare(INVITE),
    bye: compare(VALID['bye with routes'] as string),
    challenge: compare(VALID.challenge as string),
  });
}
