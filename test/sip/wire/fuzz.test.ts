import { setTimeout as pause } from 'node:timers/promises';
import type { IncomingInviteRequest, IncomingRequestMessage, Session } from 'sip.js/lib/core/index.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../../src/adapters/sip/wire/limits.ts';
import { malformedAnswer } from '../../../src/adapters/sip/wire/local-answer.ts';
import { parseMessage } from '../../../src/adapters/sip/wire/parser.ts';
import { nextHop } from '../../../src/adapters/sip/wire/routing.ts';
import { cseqMethod, stampVia, topVia } from '../../../src/adapters/sip/wire/scan.ts';
import { join, request, response, SDP, session } from '../sipjs/support.ts';
import { VALID } from './corpus.ts';

const JUNK = [
  '\0',
  '\r\n',
  '\n',
  ':',
  ';',
  '"',
  '<',
  '>',
  '@',
  ',',
  '?',
  '=',
  '%',
  '%zz',
  '%00',
  '\\',
  ' ',
  '\t',
  '\u00e9',
  '\u{1f600}',
  '\ud800',
  'z9hG4bK',
  'SIP/2.0',
  '9999999999999999999',
  '-1',
  '[::1]',
  'A'.repeat(3_000),
  '(((((',
  '""""',
  '\r\n \r\n ',
  'Content-Length: -5\r\n',
  '__proto__: x\r\n',
  'constructor: y\r\n',
  'To: <sip:x@y>\r\n',
  'Require: nothing\r\n',
  'Contact: *\r\n',
  ';tag=',
  ';rport',
  ';received=1.2.3.4',
];
const METHODS = [
  'INVITE',
  'ACK',
  'BYE',
  'CANCEL',
  'OPTIONS',
  'REGISTER',
  'PRACK',
  'UPDATE',
  'INFO',
  'REFER',
  'NOTIFY',
  'SUBSCRIBE',
  'MESSAGE',
  'PUBLISH',
];

type Mutation = (text: string) => string;

/** Positions are fractions of the text, so that a mutation means something whatever was done before it. */
const place = fc.noBias(fc.double({ min: 0, max: 1, noNaN: true }));
const at = (text: string, fraction: number): number => Math.floor(fraction * text.length);

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(place, fc.nat(12)).map(
    ([from, length]) =>
      (text: string) =>
        text.slice(0, at(text, from)) + text.slice(at(text, from) + length),
  ),
  fc.tuple(place, fc.constantFrom(...JUNK)).map(
    ([from, junk]) =>
      (text: string) =>
        text.slice(0, at(text, from)) + junk + text.slice(at(text, from)),
  ),
  fc.tuple(place, fc.nat(255)).map(
    ([from, code]) =>
      (text: string) =>
        text.slice(0, at(text, from)) + String.fromCharCode(code) + text.slice(at(text, from) + 1),
  ),
  fc.tuple(place, place).map(([from, to]) => (text: string) => {
    const lines = text.split('\r\n');
    lines.splice(at(text, from) % lines.length, 0, lines[at(text, to) % lines.length] as string);
    return lines.join('\r\n');
  }),
  place.map((from) => (text: string) => {
    const lines = text.split('\r\n');
    lines.splice(at(text, from) % lines.length, 1);
    return lines.join('\r\n');
  }),
  place.map((from) => (text: string) => text.slice(0, at(text, from))),
  fc.constantFrom(...METHODS).map((method) => (text: string) => text.replace(/INVITE/g, method)),
);
const mutations = fc.array(mutation, { minLength: 1, maxLength: 5 });
const damage = (text: string, steps: readonly Mutation[]): string => steps.reduce((current, step) => step(current), text);

/** Uses a message as the core would: nothing that was let through may throw later. */
function use(text: string): string {
  const source = { address: '192.0.2.1', port: 5060, protocol: 'UDP' as const };
  const top = topVia(text);
  if (top !== undefined) expect(topVia(stampVia(text, top, source))?.via.received ?? '192.0.2.1').toBe('192.0.2.1');
  cseqMethod(text);
  nextHop(text);
  const result = parseMessage(text);
  if (!result.ok) {
    const answer = malformedAnswer(text, result.reason);
    if (answer !== undefined) expect(parseMessage(answer)).toBeDefined();
    return result.reason;
  }
  const { message } = result;
  for (const name of Object.keys(message.headers)) {
    expect(message.headers[name]?.length).toBeLessThanOrEqual(LIMITS.headers);
    message.parseHeader(name);
  }
  for (const uri of [message.from.uri, message.to.uri, (message as IncomingRequestMessage).ruri]) uri?.clone().toString();
  return 'fine';
}

describe('damaged messages', () => {
  it('are read or refused, and never throw, nor later', () => {
    const outcomes = new Set<string>();
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.values(VALID)),
        mutations,
        (text, steps) => void outcomes.add(use(damage(text, steps))),
      ),
      { numRuns: 3_000 },
    );
    expect(outcomes.size).toBeGreaterThan(3);
  });

  it('of any bytes at all neither', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        use(text);
        use(`INVITE sip:a@b SIP/2.0\r\n${text}\r\n\r\n`);
      }),
      { numRuns: 500 },
    );
  });
});

const body = session().content;

/** What an IPBX says in a call, in order. */
const script = (tag: string): string[] => [
  request('INVITE', { body, headers: ['Supported: timer, 100rel'] }),
  request('ACK', { branch: 'z9hG4bKack', toTag: tag }),
  request('INVITE', { branch: 'z9hG4bKre', sequence: 2, toTag: tag, body }),
  request('ACK', { branch: 'z9hG4bKack2', sequence: 2, toTag: tag }),
  request('UPDATE', { branch: 'z9hG4bKup', sequence: 3, toTag: tag }),
  request('INFO', { branch: 'z9hG4bKinfo', sequence: 4, toTag: tag, body: 'Signal=5\r\n', type: 'application/dtmf-relay' }),
  request('REFER', { branch: 'z9hG4bKrefer', sequence: 5, toTag: tag, headers: ['Refer-To: <sip:300@ipbx.example>'] }),
  request('BYE', { branch: 'z9hG4bKbye', sequence: 6, toTag: tag }),
];

describe('the user agent under damaged messages', () => {
  it('never throws, and keeps nothing when they stop', async () => {
    const options = { timers: { t1Ms: 1, t2Ms: 2, t4Ms: 2 } };
    const answer = (call: IncomingInviteRequest): void => {
      call.progress();
      const dialog: Session = call.accept({ statusCode: 200, body: session() }).session;
      dialog.delegate = {
        onInvite: (again) => void again.accept({ statusCode: 200, body: session() }),
        onInfo: (info) => void info.accept(),
        onRefer: (refer) => void refer.accept({ statusCode: 202 }),
        onAckTimeout: () => dialog.dispose(),
      };
    };
    const { wire, userAgent, errors } = join({ onInvite: answer }, options);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(7), mutations), { minLength: 1, maxLength: 8 }), (hits) => {
        wire.take();
        let tag = 'none';
        for (const [index, text] of script(tag).entries()) {
          const steps = hits.find(([line]) => line === index)?.[1] ?? [];
          wire.deliver(damage(script(tag)[index] ?? text, steps));
          const sent = wire.take();
          tag = /^To:.*;tag=([^;\s]+)/m.exec(sent.at(-1) ?? '')?.[1] ?? tag;
          for (const ours of sent.filter((one) => !one.startsWith('SIP/')))
            wire.deliver(damage(response(ours, 200, { body: SDP }), steps));
        }
        for (const dialog of userAgent.core.dialogs.values()) dialog.dispose();
      }),
      { numRuns: 1_000 },
    );
    expect(errors).toEqual([]);
    const left = (): number =>
      userAgent.core.userAgentServers.size + userAgent.core.userAgentClients.size + userAgent.core.dialogs.size;
    for (let waited = 0; waited < 100 && left() > 0; waited++) await pause(20);
    expect(left()).toBe(0);
    userAgent.dispose();
  });
});
