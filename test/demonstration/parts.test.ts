import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { validateCentre } from '../../src/core/centre/validate.ts';
import { assembleCentre } from '../../src/wire/centre.ts';
import { demonstrationCentre } from '../../src/main/demonstration/centre.ts';
import { AGENTS, agentPitchHz, callerPitchHz, masked, OUTSIDE_PITCH_HZ } from '../../src/main/demonstration/numbers.ts';
import { planAnswer, planCaller } from '../../src/main/demonstration/people/plans.ts';
import type { News } from '../../src/main/demonstration/people/scene.ts';
import { Random } from '../../src/main/demonstration/random.ts';
import { sentence } from '../../src/main/demonstration/show/sentences.ts';
import { Show } from '../../src/main/demonstration/show/show.ts';
import { bold, fitted } from '../../src/main/demonstration/show/terminal.ts';
import { answerChallenge, Challenger } from '../../src/main/demonstration/sip/digest.ts';
import { all, first, formatMessage, parseMessage, parseUri } from '../../src/main/demonstration/sip/message.ts';
import { answering, describe as describeSound, readDescription } from '../../src/main/demonstration/telephone/sdp.ts';
import { babble, fromALaw, shareAt, toALaw } from '../../src/main/demonstration/telephone/voice.ts';

const INVITE = [
  'INVITE sip:101@127.0.0.1 SIP/2.0',
  'v: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bKa;rport, SIP/2.0/UDP 127.0.0.1:5071;branch=z9hG4bKb',
  'f: "Doe, John" <sip:john@operator.invalid>;tag=1',
  't: <sip:101@127.0.0.1>',
  'i: 1@operator.invalid',
  'CSeq: 1 INVITE',
  'm: "A, B" <sip:john@127.0.0.1:5070;x=a,b>',
  'Subject: one',
  '  two',
  'l: 4',
  '',
  'body',
].join('\r\n');

describe('messages', () => {
  it('reads compact names, lists and folded lines', () => {
    const message = parseMessage(Buffer.from(INVITE));
    expect(message).not.toBeNull();
    if (message === null) return;
    expect(all(message, 'Via').length).toBe(2);
    expect(all(message, 'contact')).toEqual(['"A, B" <sip:john@127.0.0.1:5070;x=a,b>']);
    expect(first(message, 'Subject')).toBe('one two');
    expect(message.body).toBe('body');
    expect(parseMessage(formatMessage(message))).toEqual(message);
  });

  it('never throws, whatever comes', () => {
    fc.assert(
      fc.property(fc.nat(INVITE.length - 1), fc.string({ maxLength: 8 }), fc.nat(20), (at, inserted, cut) => {
        parseMessage(Buffer.from(INVITE.slice(0, at) + inserted + INVITE.slice(at + cut)));
      }),
      { numRuns: 2_000 },
    );
  });

  it('undoes escapes in a user, and reads no other scheme', () => {
    expect(parseUri('sip:%2A11@127.0.0.1;transport=udp')).toEqual({ user: '*11', host: '127.0.0.1', port: 5060 });
    expect(parseUri('sip:%zz@127.0.0.1')).toBeNull();
    expect(parseUri('tel:+33199001001')).toBeNull();
  });
});

describe('digest', () => {
  const account = { user: '101', password: 'secret' };
  const passwordOf = (user: string): string | null => (user === '101' ? 'secret' : null);

  it('tells right, wrong, stale and absent', () => {
    const challenger = new Challenger('realm');
    const judge = (header: string | null, now = 1_000, method = 'REGISTER') =>
      challenger.verify(header, method, passwordOf, now).outcome;
    const answered = answerChallenge(challenger.challenge(1_000), account, 'REGISTER', 'sip:realm');
    expect(judge(answered)).toBe('right');
    expect(judge(answered, 1_000, 'INVITE')).toBe('wrong');
    expect(judge(answered, 1_000_000)).toBe('stale');
    expect(judge(null)).toBe('absent');
    expect(new Challenger('realm').verify(answered, 'REGISTER', passwordOf, 1_000).outcome).toBe('stale');
    expect(judge(answerChallenge(challenger.challenge(1_000), { ...account, password: 'x' }, 'REGISTER', 'sip:realm'))).toBe(
      'wrong',
    );
  });

  it('computes what RFC 2617 §3.5 computes', () => {
    const challenge = 'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="x"';
    const answer = answerChallenge(challenge, { user: 'Mufasa', password: 'Circle Of Life' }, 'GET', '/dir/index.html');
    expect(answer).toContain('response="670fd8c2df070c60b045671b8b24ff02"');
  });
});

describe('sound', () => {
  it('codes and decodes A-law within its steps', () => {
    for (let code = 0; code < 256; code += 1) expect(toALaw(fromALaw(code))).toBe(code);
    expect(fromALaw(toALaw(10_000))).toBeGreaterThan(9_500);
    expect(fromALaw(toALaw(-40_000))).toBeLessThan(-31_000);
  });

  it('tells every voice from every other', () => {
    const pitches = [
      OUTSIDE_PITCH_HZ,
      ...AGENTS.map((_, index) => agentPitchHz(index)),
      ...Array.from({ length: 16 }, (_, index) => callerPitchHz(index)),
    ];
    for (const pitch of pitches) {
      const ear = Int16Array.from(babble(pitch).subarray(0, 8_000), fromALaw);
      expect(shareAt(ear, pitch)).toBeGreaterThan(0.6);
      for (const other of pitches) if (other !== pitch) expect(shareAt(ear, other)).toBeLessThan(0.2);
    }
  });

  it('describes and answers as RFC 3264 §6.1 says', () => {
    expect(readDescription(describeSound(4_000, 'sendonly', 1))).toEqual({
      host: '127.0.0.1',
      port: 4_000,
      direction: 'sendonly',
      events: 101,
    });
    expect(readDescription('v=0\r\nm=audio 4000 RTP/AVP 0\r\n')).toBeNull();
    expect(answering('sendonly', 'sendrecv')).toBe('recvonly');
    expect(answering('sendrecv', 'sendonly')).toBe('sendonly');
    expect(answering('inactive', 'sendrecv')).toBe('inactive');
  });
});

describe('people', () => {
  it('do the same for the same seed', () => {
    const plans = (seed: number) => Array.from({ length: 20 }, (_, index) => planCaller(new Random(seed), index));
    expect(plans(7)).toEqual(plans(7));
    expect(plans(7)).not.toEqual(plans(8));
  });

  it('do everything there is to do, within two hundred calls of any seed', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = new Random(seed);
        const answers = Array.from({ length: 200 }, () => planAnswer(random));
        expect(new Set(answers.map(({ reaction }) => reaction)).size).toBe(3);
        expect(answers.some(({ hold }) => hold !== null)).toBe(true);
        expect(answers.some(({ transferTo }) => transferTo !== null)).toBe(true);
        const callers = Array.from({ length: 200 }, (_, index) => planCaller(random, index));
        expect(new Set(callers.map(({ dialled }) => dialled)).size).toBe(4);
        expect(new Set(callers.map(({ number }) => number)).size).toBe(200);
      }),
      { numRuns: 20 },
    );
  });

  it('call from numbers that are nobody’s', () => {
    const random = new Random(1);
    for (let index = 0; index < 200; index += 1) expect(planCaller(random, index).number).toMatch(/^(063998|046571)\d{4}$/);
  });

  it('find a centre that is valid and whose references hold', () => {
    const centre = assembleCentre(demonstrationCentre());
    expect(centre.queues.size).toBe(3);
    expect(centre.agents.size).toBe(AGENTS.length);
    expect(validateCentre(centre)).toEqual([]);
  });
});

describe('what is shown', () => {
  const arrived: News = { kind: 'arrived', caller: '0639980042', campaign: 'Accueil' };

  it('hides numbers', () => {
    expect(masked('0639980042')).toBe('06 39 xx xx 42');
    expect(sentence(arrived)).toBe('06 39 xx xx 42 calls Accueil');
  });

  it('cuts lines by what is seen of them', () => {
    expect(fitted('abcdef', 4)).toBe('abcd\x1b[0m');
    expect(fitted(bold('abc'), 3)).toContain('abc');
    expect(fitted('été', 3)).toBe('été');
  });

  it('fits any window, and gives the terminal back', () => {
    for (const [columns, rows] of [
      [80, 24],
      [200, 60],
      [20, 5],
      [1, 1],
    ] as const) {
      const written: string[] = [];
      const view = () => Array.from({ length: 30 }, (_, index) => `line ${index} ${'x'.repeat(100)}`);
      const output = { columns, rows, write: (text: string) => written.push(text) };
      const show = new Show({ output, isTty: true, introduction: ['a', 'b'], view });
      show.add(arrived);
      show.start();
      show.stop();
      const frame = (written[0] ?? '').split('\x1b[H')[1] ?? '';
      expect(frame.split('\r\n').length).toBeLessThanOrEqual(rows);
      for (const line of frame.split('\r\n'))
        expect(line.replaceAll(/\x1b\[[0-9;]*[A-Za-z]/g, '').length).toBeLessThanOrEqual(columns);
      expect(written.at(-1)).toContain('\x1b[?1049l');
    }
  });

  it('prints plain lines where there is no terminal', () => {
    const written: string[] = [];
    const show = new Show({
      output: { write: (text: string) => written.push(text) },
      isTty: false,
      introduction: ['a', 'b'],
      view: () => [],
    });
    show.start();
    show.add(arrived);
    show.stop();
    expect(written[0]).toBe('a\n');
    expect(written.at(-1)).toMatch(/^\d\d:\d\d:\d\d {2}06 39 xx xx 42 calls Accueil\n$/);
    expect(show.tally.arrived).toBe(1);
  });
});
