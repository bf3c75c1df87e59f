import { describe, expect, it } from 'vitest';
import type { Scenario } from '../../src/core/kernel/centre.ts';
import { Bench } from './support/bench.ts';
import { agent, campaign, centre, queue } from './support/centre.ts';

const simple = (over = {}) =>
  centre({ queues: [queue('q', over)], agents: [agent('a1'), agent('a2'), agent('a3')], campaigns: [campaign('c', 'q')] });

describe('a call to an agent', () => {
  it('is answered, offered, bridged, hung up, wrapped up', () => {
    const bench = new Bench(simple());
    bench.signIn('a1');
    const call = bench.call();
    expect(bench.all('leg.call')).toMatchObject([{ target: '101', caller: '0199000001' }]);
    const leg = bench.answer('a1');
    expect(bench.all('media.bridge')).toMatchObject([{ first: call, second: leg }]);
    expect(bench.state('a1')).toBe('talking');
    bench.pass(7_000);
    bench.hangup(leg);
    expect(bench.row(call)).toMatchObject({ outcome: 'answered', endedBy: 'agent', talkMs: 7_000, agent: 'a1', queue: 'q' });
    expect(bench.state('a1')).toBe('wrap-up');
    bench.pass(5_000);
    expect(bench.state('a1')).toBe('ready');
    expect(bench.story(call)).toEqual(['offered', 'answered', 'queued', 'agent-offered', 'agent-ringing', 'bridged', 'ended']);
  });

  it('D2: with ring-all one agent wins and the losers are released', () => {
    const bench = new Bench(simple({ strategy: 'ring-all' }));
    bench.signIn('a1', 'a2', 'a3');
    const call = bench.call();
    expect(bench.all('leg.call')).toHaveLength(3);
    const loser = bench.legOf('a1');
    const winner = bench.answer('a2');
    expect([bench.state('a1'), bench.state('a2'), bench.state('a3')]).toEqual(['ready', 'talking', 'ready']);
    expect(bench.all('leg.hangup').map((effect) => effect.leg)).toContain(loser);
    bench.send({ type: 'leg.answered', leg: loser });
    expect(bench.all('media.bridge')).toMatchObject([{ first: call, second: winner }]);
    expect(bench.all('leg.hangup').filter((effect) => effect.leg === loser)).toHaveLength(2);
  });

  it('D4: the caller’s hang-up cancels the ringing', () => {
    const bench = new Bench(simple());
    bench.signIn('a1');
    const call = bench.call();
    const leg = bench.legOf('a1');
    bench.hangup(call);
    expect(bench.all('leg.hangup')).toMatchObject([{ leg }]);
    expect(bench.state('a1')).toBe('ready');
    expect(bench.row(call)).toMatchObject({ outcome: 'abandoned', stage: 'offer', endedBy: 'caller' });
  });

  it('D5: a ring timeout re-queues at the original place and prefers another agent', () => {
    const bench = new Bench(simple());
    bench.signIn('a1');
    const first = bench.call();
    const second = bench.call();
    bench.signIn('a2');
    expect(bench.site.agents.get('a2')!.state).toMatchObject({ call: second });
    bench.hangup(second);
    bench.signIn('a3');
    bench.order({ kind: 'agent.pause', agent: 'a3', reason: 'lunch' });
    bench.order({ kind: 'agent.pause', agent: 'a2', reason: 'lunch' });
    const third = bench.call();
    bench.pass(19_999);
    bench.order({ kind: 'agent.resume', agent: 'a3' });
    expect(bench.site.agents.get('a3')!.state).toMatchObject({ call: third });
    bench.hangup(bench.legOf('a3'));
    bench.pass(1);
    expect(bench.state('a1')).toBe('resting');
    expect(bench.view().calls.find(({ call }) => call === first)).toMatchObject({ position: 1 });
    bench.order({ kind: 'agent.resume', agent: 'a2' });
    expect(bench.site.agents.get('a2')!.state).toMatchObject({ call: first });
  });

  it('D6: an agent who rejects is not rung again at once', () => {
    const bench = new Bench(simple());
    bench.signIn('a1');
    const call = bench.call();
    bench.send({ type: 'leg.failed', leg: bench.legOf('a1'), cause: 'rejected', status: 603 });
    expect(bench.state('a1')).toBe('resting');
    expect(bench.callState(call)).toBe('queued');
    bench.pass(9_999);
    expect(bench.state('a1')).toBe('resting');
    bench.pass(1);
    expect(bench.site.agents.get('a1')!.state).toMatchObject({ name: 'reserved', call });
  });

  it('D7: the agent’s line lost in conversation re-queues the caller first', () => {
    const bench = new Bench(simple());
    bench.signIn('a1', 'a2');
    const call = bench.call();
    const other = bench.call();
    bench.answer('a2');
    const leg = bench.answer('a1');
    const waiting = bench.call();
    bench.send({ type: 'leg.ended', leg, cause: 'lost' });
    expect(bench.view().calls.find((one) => one.call === call)).toMatchObject({ position: 1 });
    expect(bench.view().calls.find((one) => one.call === waiting)).toMatchObject({ position: 2 });
    expect(bench.site.agents.get('a1')!.reachable).toBe(false);
    bench.signIn('a3');
    expect(bench.site.agents.get('a3')!.state).toMatchObject({ call });
    bench.answer('a3');
    bench.hangup(call);
    expect(bench.row(call)).toMatchObject({ outcome: 'answered', agent: 'a3' });
    bench.hangup(other);
  });

  it('D8: a lost BYE is healed by the audit, after two looks', () => {
    const bench = new Bench(simple());
    bench.signIn('a1');
    const call = bench.call();
    const leg = bench.answer('a1');
    bench.send({ type: 'lines.audit', legs: new Set([leg]) });
    expect(bench.callState(call)).toBe('bridged');
    bench.send({ type: 'lines.audit', legs: new Set([leg]) });
    expect(bench.row(call)).toMatchObject({ outcome: 'answered', endedBy: 'system' });
    expect(bench.state('a1')).toBe('wrap-up');
  });

  it('D10, D26: among equals the oldest eligible call goes first across queues, and an ineligible head blocks nobody', () => {
    const german = [{ skill: 'german', minLevel: 5, relax: [] }];
    const bench = new Bench(
      centre({
        queues: [queue('plain'), queue('german', { skills: german })],
        agents: [agent('a1'), agent('a2', { skills: [{ skill: 'german', level: 7 }] })],
        campaigns: [campaign('p', 'plain'), campaign('g', 'german', { numbers: ['8001'] })],
      }),
    );
    const speaksGerman = bench.call('8001');
    bench.pass(1_000);
    const plain = bench.call('8000');
    bench.signIn('a1');
    expect(bench.site.agents.get('a1')!.state).toMatchObject({ call: plain });
    bench.signIn('a2');
    expect(bench.site.agents.get('a2')!.state).toMatchObject({ call: speaksGerman });
  });

  it('D11: a paused or unreachable extension never rings', () => {
    const bench = new Bench(simple());
    bench.signIn('a1', 'a2');
    bench.order({ kind: 'agent.pause', agent: 'a1', reason: 'lunch' });
    bench.send({ type: 'extension.state', extension: '102', reachable: false });
    bench.call();
    expect(bench.all('leg.call')).toEqual([]);
    bench.send({ type: 'extension.state', extension: '102', reachable: true });
    expect(bench.all('leg.call')).toMatchObject([{ target: '102' }]);
  });

  it('D11: pausing while it rings takes the call back at once', () => {
    const bench = new Bench(simple());
    bench.signIn('a1');
    const call = bench.call();
    const leg = bench.legOf('a1');
    bench.order({ kind: 'agent.pause', agent: 'a1', reason: 'lunch' });
    expect(bench.all('leg.hangup')).toMatchObject([{ leg }]);
    expect(bench.callState(call)).toBe('queued');
    bench.signIn('a2');
    expect(bench.site.agents.get('a2')!.state).toMatchObject({ call });
  });

  it('D13: several idle agents get several calls at the same time', () => {
    const bench = new Bench(simple());
    const calls = [bench.call(), bench.call(), bench.call()];
    bench.signIn('a1', 'a2', 'a3');
    expect(['a1', 'a2', 'a3'].map((id) => bench.site.agents.get(id)!.state)).toMatchObject(calls.map((call) => ({ call })));
  });

  it('D14: announcements never delay a bridge', () => {
    const bench = new Bench(simple({ announceEveryMs: 10_000 }));
    const call = bench.call();
    bench.pass(10_000);
    expect(bench.all('media.play').at(-1)).toMatchObject({ leg: call, items: [{ prompt: 'position' }, { prompt: 'number-1' }] });
    bench.signIn('a1');
    const leg = bench.answer('a1');
    expect(bench.all('media.bridge')).toMatchObject([{ first: call, second: leg }]);
  });

  it('D25: an unknown wait is not announced, a known one is', () => {
    const bench = new Bench(simple({ announceEveryMs: 10_000, announcePosition: false }));
    const first = bench.call();
    bench.pass(10_000);
    expect(bench.all('media.play').map(({ items }) => items)).toEqual([[{ prompt: 'music' }]]);
    bench.signIn('a1');
    const leg = bench.answer('a1');
    bench.pass(115_000);
    bench.hangup(leg);
    expect(bench.callState(first)).toBe('ended');
    bench.call();
    bench.take();
    bench.pass(10_000);
    expect(bench.all('media.play').map(({ items }) => items)).toContainEqual([
      { prompt: 'estimated-wait' },
      { prompt: 'minutes-2' },
    ]);
  });

  it('D15: a configuration change applies to waiting calls at once', () => {
    const german = [{ skill: 'german', minLevel: 5, relax: [] }];
    const bench = new Bench(simple({ skills: german }));
    bench.signIn('a1');
    const call = bench.call();
    expect(bench.callState(call)).toBe('queued');
    bench.send({ type: 'centre.changed', centre: simple() });
    expect(bench.site.agents.get('a1')!.state).toMatchObject({ call });
  });

  it('D28: skills are relaxed over time', () => {
    const bench = new Bench(simple({ skills: [{ skill: 'german', minLevel: 5, relax: [{ afterMs: 30_000, minLevel: 0 }] }] }));
    bench.signIn('a1');
    const call = bench.call();
    bench.pass(29_999);
    expect(bench.callState(call)).toBe('queued');
    bench.pass(1);
    expect(bench.site.agents.get('a1')!.state).toMatchObject({ call });
  });
});

describe('priorities', () => {
  const priorities = (ageingMs: number | null) =>
    centre({
      queues: [queue('q', { ageingMs })],
      agents: [agent('a1')],
      campaigns: [campaign('low', 'q'), campaign('high', 'q', { numbers: ['8001'], priority: 5 })],
    });

  it('D23: are strict without ageing', () => {
    const bench = new Bench(priorities(null));
    bench.call('8000');
    bench.pass(600_000);
    const high = bench.call('8001');
    bench.signIn('a1');
    expect(bench.site.agents.get('a1')!.state).toMatchObject({ call: high });
  });

  it('D23: with ageing a long wait outweighs them', () => {
    const bench = new Bench(priorities(60_000));
    const low = bench.call('8000');
    bench.pass(300_001);
    const high = bench.call('8001');
    bench.signIn('a1');
    expect(bench.site.agents.get('a1')!.state).toMatchObject({ call: low });
    bench.hangup(low);
    bench.pass(5_000);
    expect(bench.site.agents.get('a1')!.state).toMatchObject({ call: high });
  });

  it('D24: a heavier queue goes first', () => {
    const bench = new Bench(
      centre({
        queues: [queue('light'), queue('heavy', { weight: 10 })],
        agents: [agent('a1')],
        campaigns: [campaign('l', 'light'), campaign('h', 'heavy', { numbers: ['8001'] })],
      }),
    );
    bench.call('8000');
    const heavy = bench.call('8001');
    bench.signIn('a1');
    expect(bench.site.agents.get('a1')!.state).toMatchObject({ call: heavy });
  });
});

describe('overflow and deterrence', () => {
  it('capacity deters with a message, then hangs up', () => {
    const bench = new Bench(simple({ capacity: 1 }));
    bench.call();
    const second = bench.call();
    expect(bench.callState(second)).toBe('ending');
    const play = bench.all('media.play').at(-1)!;
    expect(play).toMatchObject({ leg: second, items: [{ prompt: 'all-busy' }] });
    bench.send({ type: 'media.finished', leg: second, play: play.play });
    expect(bench.row(second)).toMatchObject({ outcome: 'deterred', stage: 'queue' });
  });

  it('waited overflows to another queue, once, keeping count', () => {
    const bench = new Bench(
      centre({
        queues: [
          queue('q', { overflow: [{ when: { kind: 'waited', longerThanMs: 30_000 }, target: { to: 'queue', queue: 'help' } }] }),
          queue('help', { skills: [{ skill: 'help', minLevel: 1, relax: [] }] }),
        ],
        agents: [agent('a1', { skills: [{ skill: 'help', level: 3 }] })],
        campaigns: [campaign('c', 'q')],
      }),
    );
    const call = bench.call();
    bench.pass(30_000);
    expect(bench.site.calls.get(call)!.queue).toBe('help');
    expect(bench.view().queues).toMatchObject([{ totals: { offered: 1, overflowed: 1 } }, { totals: { offered: 1 } }]);
  });

  it('D9: an outside number that fails gives the old place back', () => {
    const bench = new Bench(
      simple({ overflow: [{ when: { kind: 'waited', longerThanMs: 5_000 }, target: { to: 'number', number: '0199000099' } }] }),
    );
    const first = bench.call();
    bench.pass(1_000);
    const second = bench.call();
    bench.pass(4_000);
    expect(bench.callState(first)).toBe('overflowing');
    const { leg } = bench.all('leg.call').at(-1)!;
    bench.send({ type: 'leg.failed', leg, cause: 'busy', status: 486 });
    expect(bench.view().calls.find(({ call }) => call === first)).toMatchObject({ state: 'queued', position: 1 });
    bench.pass(1_000);
    expect(bench.callState(second)).toBe('overflowing');
    const out = bench.all('leg.call').at(-1)!.leg;
    bench.send({ type: 'leg.answered', leg: out });
    bench.hangup(out);
    expect(bench.row(second)).toMatchObject({ outcome: 'overflowed' });
  });

  it('no-agent applies when the last one signs out', () => {
    const bench = new Bench(simple({ overflow: [{ when: { kind: 'no-agent' }, target: { to: 'deterrence', prompt: null } }] }));
    bench.signIn('a1');
    bench.order({ kind: 'agent.pause', agent: 'a1', reason: 'lunch' });
    const call = bench.call();
    expect(bench.callState(call)).toBe('queued');
    bench.order({ kind: 'agent.signOut', agent: 'a1' });
    expect(bench.row(call)).toMatchObject({ outcome: 'deterred' });
  });

  it('closed hours refuse without answering, or say so', () => {
    const week = [0, 1, 2, 3, 4, 5, 6].map(() => []);
    const closed = { id: 'cal', name: 'cal', zone: 'Europe/Paris', week, closedDates: [], exceptions: {}, holidays: null };
    const silent = new Bench(
      centre(
        {
          queues: [queue('q')],
          campaigns: [campaign('c', 'q', { calendar: 'cal', closed: { to: 'deterrence', prompt: null } })],
        },
        { calendars: new Map([['cal', closed]]) },
      ),
    );
    const refused = silent.ring();
    expect(silent.all('leg.refuse')).toMatchObject([{ refusal: 'closed' }]);
    expect(silent.row(refused)).toMatchObject({ outcome: 'deterred', stage: 'ringing' });
    const speaking = new Bench(
      centre(
        { queues: [queue('q')], campaigns: [campaign('c', 'q', { calendar: 'cal' })] },
        { calendars: new Map([['cal', closed]]) },
      ),
    );
    const call = speaking.call();
    expect(speaking.all('media.play')).toMatchObject([{ leg: call, items: [{ prompt: 'closed' }] }]);
  });
});

describe('agents', () => {
  it('auto-pause after N ring-no-answers in a row', () => {
    const bench = new Bench(simple({ autoPauseAfter: 2, noAnswerDelayMs: 1_000 }));
    bench.signIn('a1');
    bench.call();
    bench.pass(20_000);
    expect(bench.state('a1')).toBe('resting');
    bench.pass(21_000);
    expect(bench.site.agents.get('a1')!.state).toEqual({ name: 'paused', reason: 'ring-no-answer' });
  });

  it('a pause asked for in conversation comes after the wrap-up', () => {
    const bench = new Bench(simple());
    bench.signIn('a1');
    bench.call();
    const leg = bench.answer('a1');
    bench.order({ kind: 'agent.pause', agent: 'a1', reason: 'lunch' });
    bench.hangup(leg);
    expect(bench.state('a1')).toBe('wrap-up');
    bench.pass(5_000);
    expect(bench.state('a1')).toBe('paused');
  });

  it('feature codes from the extension sign in, pause with a reason, resume, sign out', () => {
    const bench = new Bench(simple());
    const dial = (code: string): unknown => {
      const leg = bench.ring(code, '101');
      bench.send({ type: 'leg.answered', leg });
      const play = bench.all('media.play').at(-1)!;
      bench.send({ type: 'media.finished', leg, play: play.play });
      expect(bench.all('leg.hangup').at(-1)).toMatchObject({ leg });
      return play.items[0];
    };
    expect(dial('*11')).toEqual({ prompt: 'signed-in' });
    expect(bench.state('a1')).toBe('ready');
    expect(dial('*11')).toEqual({ prompt: 'refused' });
    expect(dial('*132')).toEqual({ prompt: 'paused' });
    expect(bench.site.agents.get('a1')!.state).toEqual({ name: 'paused', reason: 'break' });
    expect(dial('*14')).toEqual({ prompt: 'resumed' });
    expect(dial('*12')).toEqual({ prompt: 'signed-out' });
    bench.ring('*11', '0199000001');
    expect(bench.all('leg.refuse')).toMatchObject([{ refusal: 'unknown-number' }]);
  });

  it('are found again after a restart', () => {
    const bench = new Bench(simple(), [
      { agent: 'a1', state: 'ready', reason: null, extension: '150', since: 1 },
      { agent: 'a2', state: 'paused', reason: 'lunch', extension: '102', since: 1 },
      { agent: 'gone', state: 'ready', reason: null, extension: '103', since: 1 },
    ]);
    bench.call();
    expect(bench.all('leg.call')).toMatchObject([{ target: '150' }]);
    expect(bench.state('a2')).toBe('paused');
  });

  it('D17: a personal reservation keeps the call for one agent, then expires', () => {
    const bench = new Bench(simple());
    const call = bench.call();
    bench.order({ kind: 'call.reserve', call, agent: 'a2', forMs: 30_000 });
    bench.signIn('a1');
    bench.pass(29_999);
    expect(bench.state('a1')).toBe('ready');
    bench.pass(1);
    expect(bench.site.agents.get('a1')!.state).toMatchObject({ call });
  });

  it('the last agent is preferred for a while', () => {
    const last = { withinMs: 3_600_000, holdMs: 10_000 };
    const bench = new Bench(
      centre({
        queues: [queue('q', { wrapUpMs: 60_000 })],
        agents: [agent('a1'), agent('a2')],
        campaigns: [campaign('c', 'q', { lastAgent: last })],
      }),
    );
    bench.signIn('a1');
    bench.call();
    bench.hangup(bench.answer('a1'));
    bench.signIn('a2');
    const again = bench.call();
    expect(bench.state('a2')).toBe('ready');
    bench.pass(10_000);
    expect(bench.site.agents.get('a2')!.state).toMatchObject({ call: again });
  });
});

describe('conversation', () => {
  it('hold plays music to the other party, resume bridges again', () => {
    const bench = new Bench(simple());
    bench.signIn('a1');
    const call = bench.call();
    const leg = bench.answer('a1');
    bench.pass(4_000);
    bench.send({ type: 'leg.held', leg });
    expect(bench.all('media.play').at(-1)).toMatchObject({ leg: call, loop: true });
    bench.pass(3_000);
    bench.send({ type: 'leg.resumed', leg });
    expect(bench.all('media.bridge')).toHaveLength(2);
    bench.pass(2_000);
    bench.hangup(call);
    expect(bench.row(call)).toMatchObject({ talkMs: 6_000, holdMs: 3_000 });
  });

  it('blind transfer to an extension, the agent free again when it is answered', () => {
    const bench = new Bench(simple());
    bench.signIn('a1', 'a2');
    const call = bench.call();
    const leg = bench.answer('a1');
    bench.send({ type: 'leg.transferRequested', leg, target: '102', replaces: null });
    expect(bench.state('a2')).toBe('reserved');
    const to = bench.answer('a2');
    expect(bench.all('leg.transferOutcome').map(({ outcome }) => outcome)).toEqual(['accepted', 'connected']);
    expect([bench.state('a1'), bench.state('a2')]).toEqual(['wrap-up', 'talking']);
    bench.hangup(to);
    expect(bench.row(call)).toMatchObject({ outcome: 'answered', agent: 'a2', transfers: 1 });
  });

  it('a failed transfer gives the caller back to the agent, or to the queue first if the agent has gone', () => {
    const bench = new Bench(simple());
    bench.signIn('a1');
    const call = bench.call();
    const leg = bench.answer('a1');
    bench.send({ type: 'leg.transferRequested', leg, target: '555', replaces: null });
    bench.send({ type: 'leg.failed', leg: bench.all('leg.call').at(-1)!.leg, cause: 'busy', status: 486 });
    expect(bench.callState(call)).toBe('bridged');
    bench.send({ type: 'leg.transferRequested', leg, target: '555', replaces: null });
    bench.hangup(leg);
    expect(bench.state('a1')).toBe('wrap-up');
    bench.pass(60_000);
    expect(bench.site.agents.get('a1')!.state).toMatchObject({ call });
  });

  it('transfer to a campaign’s number queues the caller there', () => {
    const bench = new Bench(simple());
    bench.signIn('a1');
    const call = bench.call();
    const leg = bench.answer('a1');
    bench.send({ type: 'leg.transferRequested', leg, target: '8000', replaces: null });
    expect(bench.callState(call)).toBe('queued');
    expect(bench.state('a1')).toBe('wrap-up');
  });
});

describe('IVR', () => {
  const nodes = {
    menu: {
      kind: 'menu',
      prompts: ['menu-example'],
      choices: { '1': 'billing' },
      timeoutMs: 5_000,
      attempts: 2,
      invalidPrompt: 'invalid-choice',
      otherwise: 'bye',
    },
    billing: { kind: 'set', priority: 3, language: 'fr', skills: [], next: 'queue' },
    queue: { kind: 'queue', queue: 'q' },
    bye: { kind: 'hangup', prompt: 'goodbye' },
  } as const;
  const ivr = () =>
    centre(
      {
        queues: [queue('q')],
        agents: [agent('a1')],
        campaigns: [campaign('c', 'q', { greeting: 'welcome', target: { to: 'scenario', scenario: 's' } })],
      },
      { scenarios: new Map([['s', { id: 's', name: 's', start: 'menu', nodes }]]) },
    );

  it('greets, plays the menu, takes a key, queues with what the scenario set', () => {
    const bench = new Bench(ivr());
    const call = bench.call();
    const heard = () => bench.send({ type: 'media.finished', leg: call, play: bench.all('media.play').at(-1)!.play });
    expect(bench.callState(call)).toBe('greeted');
    heard();
    expect(bench.callState(call)).toBe('scenario');
    bench.send({ type: 'media.digit', leg: call, digit: '1' });
    expect(bench.site.calls.get(call)).toMatchObject({ queue: 'q', priority: 3, language: 'fr' });
  });

  it('an invalid key and silence use up the attempts', () => {
    const bench = new Bench(ivr());
    const call = bench.call();
    const heard = () => bench.send({ type: 'media.finished', leg: call, play: bench.all('media.play').at(-1)!.play });
    heard();
    bench.send({ type: 'leg.digit', leg: call, digit: '9' });
    expect(bench.all('media.play').at(-1)).toMatchObject({ items: [{ prompt: 'invalid-choice' }, { prompt: 'menu-example' }] });
    heard();
    bench.pass(5_000);
    expect(bench.all('media.play').at(-1)).toMatchObject({ items: [{ prompt: 'goodbye' }] });
    heard();
    expect(bench.row(call)).toMatchObject({ outcome: 'deterred', stage: 'scenario' });
  });
});

describe('told twice, late, or by nobody', () => {
  it('D19: an answer told twice leaves the conversation alone', () => {
    const bench = new Bench(simple());
    bench.signIn('a1');
    const call = bench.call();
    const leg = bench.answer('a1');
    bench.take();
    bench.send({ type: 'leg.answered', leg });
    bench.send({ type: 'leg.answered', leg: call });
    bench.send({ type: 'leg.ringing', leg });
    expect(bench.take()).toEqual([]);
    expect(bench.callState(call)).toBe('bridged');
  });

  it('D19: an arrival told again after its call is over is not a new call', () => {
    const bench = new Bench(simple());
    const call = bench.call();
    bench.hangup(call);
    bench.take();
    bench.send({
      type: 'leg.incoming',
      leg: call,
      line: 'main',
      caller: null,
      callerName: null,
      dialled: '8000',
      diverted: null,
    });
    expect(bench.take()).toEqual([]);
    expect(bench.site.tally.offered).toBe(1);
  });

  it('D19: events of legs that are unknown change nothing', () => {
    const bench = new Bench(simple());
    bench.signIn('a1');
    const leg = 'nobody';
    bench.send({ type: 'leg.ringing', leg });
    bench.send({ type: 'leg.ended', leg, cause: 'remote' });
    bench.send({ type: 'leg.failed', leg, cause: 'busy', status: 486 });
    bench.send({ type: 'leg.held', leg });
    bench.send({ type: 'leg.digit', leg, digit: '1' });
    bench.send({ type: 'media.finished', leg, play: 3 });
    expect(bench.take()).toEqual([]);
    bench.send({ type: 'leg.answered', leg });
    expect(bench.take()).toEqual([{ type: 'leg.hangup', leg }]);
  });

  it('D30: a greeting whose end is never reported is taken as heard', () => {
    const bench = new Bench(centre({ queues: [queue('q')], campaigns: [campaign('c', 'q', { greeting: 'welcome' })] }));
    const call = bench.call();
    expect(bench.callState(call)).toBe('greeted');
    bench.pass(600_000);
    expect(bench.callState(call)).toBe('queued');
  });

  it('D6: an offer cancelled by the PABX itself is not made again at once', () => {
    const bench = new Bench(simple());
    bench.signIn('a1');
    bench.call();
    bench.send({ type: 'leg.failed', leg: bench.legOf('a1'), cause: 'cancelled', status: 487 });
    expect(bench.state('a1')).toBe('resting');
  });
});

describe('those who need not wait', () => {
  it('D16: capacity is for those who wait: a call that an idle agent can take is never refused', () => {
    const bench = new Bench(simple({ capacity: 0 }));
    bench.signIn('a1', 'a2');
    const calls = [bench.call(), bench.call(), bench.call()];
    expect(calls.map((call) => bench.callState(call))).toEqual(['offered', 'offered', 'ending']);
  });

  it('D16: calls that ring at agents take no room from those who wait', () => {
    const bench = new Bench(simple({ capacity: 1 }));
    bench.signIn('a1', 'a2', 'a3');
    const calls = Array.from({ length: 5 }, () => bench.call());
    expect(calls.map((call) => bench.callState(call))).toEqual(['offered', 'offered', 'offered', 'queued', 'ending']);
    bench.send({ type: 'centre.changed', centre: simple({ capacity: 1 }) });
    expect(calls.slice(0, 4).map((call) => bench.callState(call))).toEqual(['offered', 'offered', 'offered', 'queued']);
  });

  it('D16: a rule does not take a call away from the agent it rings at, but applies when the agent does not answer', () => {
    const rule = { when: { kind: 'waited', longerThanMs: 10_000 }, target: { to: 'deterrence', prompt: null } } as const;
    const bench = new Bench(simple({ overflow: [rule], ringTimeoutMs: 15_000 }));
    bench.signIn('a1');
    const call = bench.call();
    bench.pass(14_999);
    expect(bench.callState(call)).toBe('offered');
    bench.pass(1);
    expect(bench.row(call)).toMatchObject({ outcome: 'deterred' });
  });

  it('D16: an outside number of a full queue is tried once, then the caller hears that all are busy', () => {
    const bench = new Bench(simple({ capacity: 0, capacityTarget: { to: 'number', number: '0199000099' } }));
    const call = bench.call();
    const { leg } = bench.all('leg.call').at(-1)!;
    bench.send({ type: 'leg.failed', leg, cause: 'busy', status: 486 });
    expect(bench.callState(call)).toBe('ending');
    expect(bench.all('leg.call')).toHaveLength(1);
  });

  it('D16: a caller who comes back from a failed number is not refused for want of room', () => {
    const rule = { when: { kind: 'waited', longerThanMs: 5_000 }, target: { to: 'number', number: '0199000099' } } as const;
    const bench = new Bench(simple({ capacity: 1, overflow: [rule] }));
    const first = bench.call();
    bench.pass(5_000);
    const { leg } = bench.all('leg.call').at(-1)!;
    const second = bench.call();
    bench.send({ type: 'leg.failed', leg, cause: 'busy', status: 486 });
    expect([bench.callState(first), bench.callState(second)]).toEqual(['queued', 'queued']);
    expect(bench.view().calls.find(({ call }) => call === first)).toMatchObject({ position: 1 });
  });

  it('D16: two full queues that overflow into each other let go of a call after a bounded number of moves', () => {
    const bench = new Bench(
      centre({
        queues: [
          queue('q', { capacity: 0, capacityTarget: { to: 'queue', queue: 'r' } }),
          queue('r', { capacity: 0, capacityTarget: { to: 'queue', queue: 'q' } }),
        ],
        campaigns: [campaign('c', 'q')],
      }),
    );
    const call = bench.call();
    expect(bench.callState(call)).toBe('ending');
    expect(bench.story(call).filter((event) => event === 'overflowed')).toHaveLength(8);
  });

  it('a queue that is gone by the time the caller is answered says so', () => {
    const bench = new Bench(centre({ campaigns: [campaign('c', 'gone')] }));
    const call = bench.call();
    expect(bench.all('media.play')).toMatchObject([{ leg: call, items: [{ prompt: 'all-busy' }] }]);
  });
});

describe('several at once', () => {
  it('D10: after a change of settings the heaviest and oldest go first, whatever queue is listed first', () => {
    const skills = [{ skill: 'german', minLevel: 5, relax: [] }];
    const parts = (demands: typeof skills) =>
      centre({
        queues: [queue('light', { skills: demands }), queue('heavy', { skills: demands, weight: 10 })],
        agents: [agent('a1')],
        campaigns: [campaign('l', 'light'), campaign('h', 'heavy', { numbers: ['8001'] })],
      });
    const bench = new Bench(parts(skills));
    bench.signIn('a1');
    bench.call('8000');
    const heavy = bench.call('8001');
    bench.send({ type: 'centre.changed', centre: parts([]) });
    expect(bench.site.agents.get('a1')!.state).toMatchObject({ call: heavy });
  });

  it('D29: when several agents become free in one step, the strategy still decides', () => {
    const bench = new Bench(
      centre({
        queues: [queue('all', { strategy: 'ring-all' }), queue('q', { strategy: 'linear' })],
        agents: [agent('a1', { order: 2 }), agent('a2', { order: 1 }), agent('a3', { order: 3 })],
        campaigns: [campaign('r', 'all'), campaign('c', 'q', { numbers: ['8001'] })],
      }),
    );
    bench.signIn('a1', 'a2', 'a3');
    const ringing = bench.call('8000');
    const waiting = bench.call('8001');
    bench.hangup(ringing);
    expect(bench.site.agents.get('a2')!.state).toMatchObject({ call: waiting });
    expect([bench.state('a1'), bench.state('a3')]).toEqual(['ready', 'ready']);
  });

  it('D17: a personal reservation ends when its agent signs out', () => {
    const bench = new Bench(simple());
    bench.signIn('a1', 'a2');
    bench.order({ kind: 'agent.pause', agent: 'a1', reason: 'lunch' });
    bench.order({ kind: 'agent.pause', agent: 'a2', reason: 'lunch' });
    const call = bench.call();
    bench.order({ kind: 'call.reserve', call, agent: 'a2', forMs: 60_000 });
    bench.order({ kind: 'agent.resume', agent: 'a1' });
    expect(bench.state('a1')).toBe('ready');
    bench.order({ kind: 'agent.signOut', agent: 'a2' });
    expect(bench.site.agents.get('a1')!.state).toMatchObject({ call });
  });

  it('D17: the last agent is not waited for when paused or gone', () => {
    const last = { withinMs: 3_600_000, holdMs: 10_000 };
    const bench = new Bench(
      centre({ queues: [queue('q')], agents: [agent('a1'), agent('a2')], campaigns: [campaign('c', 'q', { lastAgent: last })] }),
    );
    bench.signIn('a1', 'a2');
    bench.call();
    bench.hangup(bench.answer('a1'));
    bench.order({ kind: 'agent.pause', agent: 'a1', reason: 'lunch' });
    const again = bench.call();
    expect(bench.site.agents.get('a2')!.state).toMatchObject({ call: again });
  });
});

describe('transfers to agents', () => {
  const talking = () => {
    const bench = new Bench(simple());
    bench.signIn('a1', 'a2');
    const call = bench.call();
    const leg = bench.answer('a1');
    const transfer = (target: string, replaces: string | null = null) =>
      bench.send({ type: 'leg.transferRequested', leg, target, replaces });
    return { bench, call, leg, transfer };
  };

  it('D11: a blind transfer to a paused agent fails at once, and the conversation goes on', () => {
    const { bench, call, transfer } = talking();
    bench.order({ kind: 'agent.pause', agent: 'a2', reason: 'lunch' });
    bench.take();
    transfer('102');
    expect(bench.all('leg.call')).toEqual([]);
    expect(bench.all('leg.transferOutcome')).toMatchObject([{ outcome: 'failed' }]);
    expect(bench.callState(call)).toBe('bridged');
  });

  it('D8: an attended transfer makes the consulted agent talk, and gives the pause back afterwards', () => {
    const { bench, call, transfer } = talking();
    bench.order({ kind: 'agent.pause', agent: 'a2', reason: 'lunch' });
    transfer('102', 'dialogue');
    const to = bench.answer('a2');
    expect(bench.site.agents.get('a2')!.state).toMatchObject({ name: 'talking', call });
    bench.hangup(to);
    bench.pass(5_000);
    expect(bench.site.agents.get('a2')!.state).toEqual({ name: 'paused', reason: 'lunch' });
  });

  it('D3: an attended transfer takes the call that rings at the consulted agent away first', () => {
    const { bench, call, transfer } = talking();
    const other = bench.call();
    const rung = bench.legOf('a2');
    bench.take();
    transfer('102', 'dialogue');
    const effects = bench.take().map((effect) => effect.type);
    expect(effects.indexOf('leg.hangup')).toBeLessThan(effects.indexOf('leg.call'));
    expect(bench.callState(other)).toBe('queued');
    expect(bench.site.agents.get('a2')!.state).toMatchObject({ call });
    expect(bench.site.legs.has(rung)).toBe(false);
  });

  it('D8: nobody signs in at a telephone that a caller was passed on to', () => {
    const { bench, leg, transfer } = talking();
    transfer('103');
    expect(bench.order({ kind: 'agent.signIn', agent: 'a3', extension: null })).toMatchObject({ code: 'AGT_BUSY' });
    bench.hangup(leg);
  });

  it('an agent removed while a transfer rings there gives the caller back', () => {
    const { bench, call, transfer } = talking();
    transfer('102');
    const parts = { queues: [queue('q')], agents: [agent('a1')], campaigns: [campaign('c', 'q')] };
    bench.send({ type: 'centre.changed', centre: centre(parts) });
    expect(bench.callState(call)).toBe('bridged');
    expect(bench.site.agents.has('a2')).toBe(false);
  });

  it('a transfer is answered although its queue was removed meanwhile', () => {
    const { bench, call, leg, transfer } = talking();
    transfer('102');
    bench.hangup(leg);
    bench.send({
      type: 'centre.changed',
      centre: centre({ agents: [agent('a1'), agent('a2')], campaigns: [campaign('c', 'q')] }),
    });
    bench.answer('a2');
    bench.hangup(call);
    expect(bench.row(call)).toMatchObject({ outcome: 'answered', agent: 'a2' });
  });

  it('handling time counts from each agent’s own answer', () => {
    const { bench, transfer } = talking();
    bench.pass(100_000);
    transfer('102');
    const to = bench.answer('a2');
    bench.pass(10_000);
    bench.hangup(to);
    expect(bench.site.queues.get('q')!.meanHandlingMs).toBe(105_000 + 0.1 * (15_000 - 105_000));
  });
});

describe('direct sound', () => {
  const talking = () => {
    const parts = simple();
    const bench = new Bench({ ...parts, settings: { ...parts.settings, directMedia: true } });
    bench.signIn('a1', 'a2');
    const call = bench.call();
    const leg = bench.answer('a1');
    bench.take();
    return { bench, call, leg };
  };
  const relayed = (bench: Bench) => bench.all('leg.relay').map(({ leg }) => leg);

  it('D21: a transfer that fails while the caller is on hold leaves the caller on hold, with music', () => {
    const bench = new Bench(simple());
    bench.signIn('a1');
    const call = bench.call();
    const leg = bench.answer('a1');
    bench.send({ type: 'leg.held', leg });
    bench.send({ type: 'leg.transferRequested', leg, target: '555', replaces: null });
    const next = bench.all('leg.call').at(-1)!.leg;
    bench.take();
    bench.send({ type: 'leg.failed', leg: next, cause: 'busy', status: 486 });
    expect(bench.callState(call)).toBe('held');
    expect(bench.all('media.play')).toMatchObject([{ leg: call, loop: true, items: [{ prompt: 'music' }] }]);
    bench.send({ type: 'leg.resumed', leg });
    expect(bench.callState(call)).toBe('bridged');
    expect(bench.all('media.bridge')).toMatchObject([{ first: call, second: leg }]);
  });

  it('D21: on hold, in a transfer and when it fails, the sound of both comes back here', () => {
    const held = talking();
    held.bench.send({ type: 'leg.held', leg: held.leg });
    expect(relayed(held.bench)).toEqual([held.call, held.leg]);
    const transferred = talking();
    transferred.bench.send({ type: 'leg.transferRequested', leg: transferred.leg, target: '102', replaces: null });
    expect(relayed(transferred.bench)).toEqual([transferred.call, transferred.leg]);
    const failed = talking();
    failed.bench.send({ type: 'leg.directFailed', leg: failed.leg });
    expect(relayed(failed.bench)).toEqual([failed.call, failed.leg]);
    expect(failed.bench.all('media.bridge')).toHaveLength(1);
  });

  it('D21: a caller whose agent vanished is heard here again, one who was on hold already is', () => {
    const { bench, call, leg } = talking();
    bench.send({ type: 'leg.ended', leg, cause: 'lost' });
    expect(relayed(bench)).toEqual([call]);
    const held = talking();
    held.bench.send({ type: 'leg.held', leg: held.leg });
    held.bench.take();
    held.bench.send({ type: 'leg.ended', leg: held.leg, cause: 'lost' });
    expect(relayed(held.bench)).toEqual([]);
  });
});

describe('an IVR that is changed, or made badly', () => {
  const program = (nodes: Scenario['nodes'], start = 'menu') =>
    centre(
      { queues: [queue('q')], campaigns: [campaign('c', 'q', { target: { to: 'scenario', scenario: 's' } })] },
      { scenarios: new Map([['s', { id: 's', name: 's', start, nodes }]]) },
    );
  const menu = {
    kind: 'menu',
    prompts: [],
    choices: {},
    timeoutMs: 5_000,
    attempts: 1,
    invalidPrompt: null,
    otherwise: 'menu',
  } as const;

  it('a play node without prompts that names itself ends in a message, not in a crash', () => {
    const bench = new Bench(program({ menu: { kind: 'play', prompts: [], next: 'menu' } }));
    const call = bench.call();
    expect(bench.callState(call)).toBe('ending');
  });

  it('a menu removed while its key is waited for begins the scenario again', () => {
    const bench = new Bench(program({ menu }));
    const call = bench.call();
    bench.send({ type: 'centre.changed', centre: program({ start: { kind: 'queue', queue: 'q' } }, 'start') });
    bench.pass(5_000);
    expect(bench.callState(call)).toBe('queued');
  });
});

describe('the whole', () => {
  it('D1: an agent who becomes free gets the waiting call in the same step, however that comes about', () => {
    const ways: readonly ((bench: Bench) => void)[] = [
      (bench) => bench.signIn('a1'),
      (bench) => {
        bench.signIn('a1');
        bench.order({ kind: 'agent.pause', agent: 'a1', reason: 'lunch' });
        bench.call();
        bench.order({ kind: 'agent.resume', agent: 'a1' });
      },
      (bench) => {
        bench.signIn('a1');
        bench.send({ type: 'extension.state', extension: '101', reachable: false });
        bench.call();
        bench.send({ type: 'extension.state', extension: '101', reachable: true });
      },
      (bench) => {
        bench.signIn('a1');
        bench.call();
        bench.call();
        bench.hangup(bench.answer('a1'));
        bench.order({ kind: 'agent.endWrapUp', agent: 'a1' });
      },
      (bench) => {
        bench.signIn('a1');
        const first = bench.call();
        bench.call();
        bench.hangup(first);
      },
    ];
    for (const way of ways) {
      const bench = new Bench(simple());
      const call = bench.call();
      bench.hangup(call);
      bench.call();
      way(bench);
      expect(bench.state('a1')).toBe('reserved');
    }
  });

  it('D3: an agent of several queues is offered one call, and the next one only when that is over', () => {
    const bench = new Bench(
      centre({
        queues: [queue('q', { strategy: 'ring-all' }), queue('r', { wrapUpMs: 0 })],
        agents: [agent('a1')],
        campaigns: [campaign('c', 'q'), campaign('d', 'r', { numbers: ['8001'] })],
      }),
    );
    bench.signIn('a1');
    const [first, second] = [bench.call('8000'), bench.call('8001')];
    expect(bench.all('leg.call')).toHaveLength(1);
    bench.answer('a1');
    expect(bench.callState(second)).toBe('queued');
    bench.hangup(first);
    bench.pass(5_000);
    expect(bench.all('leg.call')).toHaveLength(2);
    expect(bench.site.agents.get('a1')!.state).toMatchObject({ call: second });
  });

  it('D12: offered = answered + abandoned + overflowed + deterred + lost', () => {
    const bench = new Bench(
      simple({
        capacity: 1,
        overflow: [{ when: { kind: 'waited', longerThanMs: 60_000 }, target: { to: 'number', number: '5' } }],
      }),
    );
    const overflowed = bench.call();
    bench.hangup(bench.call());
    bench.pass(60_000);
    const outside = bench.all('leg.call').at(-1)!.leg;
    bench.send({ type: 'leg.answered', leg: outside });
    bench.hangup(overflowed);
    bench.hangup(bench.call());
    bench.send({ type: 'leg.ended', leg: bench.call(), cause: 'lost' });
    bench.signIn('a1');
    bench.call();
    bench.hangup(bench.answer('a1'));
    expect(bench.view().totals).toEqual({
      offered: 5,
      answered: 1,
      abandoned: 1,
      overflowed: 1,
      deterred: 1,
      lost: 1,
      inProgress: 0,
    });
  });

  it('D27: draining refuses new calls and serves those that wait; stopping ends them all', () => {
    const bench = new Bench(simple());
    const [first, second] = [bench.call(), bench.call()];
    bench.send({ type: 'drain', on: true });
    bench.ring();
    expect(bench.all('leg.refuse')).toMatchObject([{ refusal: 'overload' }]);
    bench.signIn('a1');
    bench.answer('a1');
    expect(bench.callState(first)).toBe('bridged');
    bench.send({ type: 'stop' });
    expect([bench.row(first).outcome, bench.row(second).outcome]).toEqual(['answered', 'lost']);
    expect(bench.site.legs.size).toBe(0);
  });
});
