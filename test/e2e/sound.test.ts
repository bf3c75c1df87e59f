import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Phone, type PhoneOptions } from '../support/baresip.ts';
import { query } from '../support/centre-rows.ts';
import { Daemon, simpleCentre } from '../support/daemon.ts';
import { temporaryFolder } from '../support/folder.ts';
import { Ipbx } from '../support/kamailio.ts';
import { Postgres } from '../support/postgres.ts';
import { heardMs, writeTone } from '../support/sound.ts';

const CALLER_HZ = 500;
const AGENT_HZ = 800;
const GREETING_HZ = 1_200;
const MUSIC_HZ = 1_500;
const OTHER_HZ = 1_900;

/** Prompts of one tone each, in rates and forms that must be converted at load. */
const makePrompts = (): string => {
  const folder = temporaryFolder('prompts');
  for (const language of ['en', 'fr']) {
    mkdirSync(join(folder, language));
    writeTone(join(folder, language, 'welcome.wav'), [GREETING_HZ], 1.5, 44_100);
  }
  writeTone(join(folder, 'music.wav'), [MUSIC_HZ], 3, 16_000);
  return folder;
};

describe('what is heard', () => {
  let postgres: Postgres;
  let ipbx: Ipbx;
  let daemon: Daemon;
  const phones: Phone[] = [];

  const phone = async (options: PhoneOptions): Promise<Phone> => {
    const started = await Phone.start(ipbx, options);
    phones.push(started);
    return started;
  };
  const callerPhone = (more: Partial<PhoneOptions> = {}) =>
    phone({ user: '0612345678', toneHz: CALLER_HZ, outside: true, ...more });
  const agentPhone = (more: Partial<PhoneOptions> = {}) => phone({ user: '1001', toneHz: AGENT_HZ, answers: true, ...more });
  const signIn = async (): Promise<void> => {
    await daemon.signIn(['agent-1001']);
    await daemon.until('the agent to be ready', ({ agents }) =>
      agents.some(({ state, reachable }) => state === 'ready' && reachable),
    );
  };

  beforeAll(async () => {
    [postgres, ipbx] = await Promise.all([Postgres.start(), Ipbx.start({ tls: true })]);
    const centre = simpleCentre(['1001'], {}, { greeting: 'welcome' });
    daemon = await Daemon.start(
      { ipbx: ipbx.hostPort, databaseUrl: postgres.url, centre, promptsDir: makePrompts() },
      { signIn: false },
    );
  });

  afterEach(async () => {
    await Promise.all(phones.splice(0).map((each) => each.stop()));
    await daemon.until('the calls to end', ({ totals }) => totals.inProgress === 0);
    const [agent] = (await daemon.site()).agents;
    if (agent?.state !== 'signed-out') await daemon.signOut(['agent-1001']);
  });

  afterAll(async () => {
    await daemon?.stop();
    await ipbx?.stop();
    await postgres?.stop();
  });

  it.each([
    ['A-law', 'pcma', 'pcma'],
    ['µ-law', 'pcmu', 'pcmu'],
    ['A-law to µ-law', 'pcma', 'pcmu'],
  ])('greeting, then a tone each way: %s', async (_, callers, agents) => {
    const agent = await agentPhone({ codecs: agents });
    await signIn();
    const outside = await callerPhone({ codecs: callers });
    await outside.dial('8000');
    const byAgent = await agent.hearing(1_500);
    const byCaller = await outside.hearing(3_500);
    expect(heardMs(byAgent, CALLER_HZ)).toBeGreaterThan(1_000);
    expect(heardMs(byAgent, GREETING_HZ)).toBe(0);
    expect(heardMs(byCaller, GREETING_HZ)).toBeGreaterThan(1_200);
    expect(heardMs(byCaller, AGENT_HZ)).toBeGreaterThan(1_000);
    await outside.command('hangup');
    await agent.event('CALL_CLOSED');
  });

  it('music while waiting, the agent’s voice as soon as one signs in', async () => {
    const agent = await agentPhone();
    const outside = await callerPhone();
    await outside.dial('8000');
    await outside.hearing(3_000);
    // Who signs in with somebody waiting is rung at once, never seen ready.
    await daemon.signIn(['agent-1001']);
    await agent.hearing(500);
    const heard = (await outside.hearing(4_500)).samples;
    const sound = { rate: 8_000, samples: heard };
    expect(heardMs(sound, MUSIC_HZ)).toBeGreaterThan(1_000);
    expect(heardMs(sound, AGENT_HZ)).toBeGreaterThan(300);
    await outside.command('hangup');
  });

  it('the agent’s hold is heard as music, and conversation after', async () => {
    const agent = await agentPhone();
    await signIn();
    const outside = await callerPhone();
    await outside.dial('8000');
    await agent.hearing(500);
    await agent.command('hold');
    await daemon.until('the call to be held', ({ calls }) => calls.some(({ state }) => state === 'held'));
    const before = heardMs(await outside.hearing(1), AGENT_HZ);
    await agent.command('resume');
    await daemon.until('the call to go on', ({ calls }) => calls.some(({ state }) => state === 'bridged'));
    const length = (await outside.hearing(1)).samples.length / 8;
    const after = await outside.hearing(length + 1_000);
    expect(heardMs(after, AGENT_HZ)).toBeGreaterThan(before + 500);
    await outside.command('hangup');
  });

  it('the agent transfers the caller to another telephone', async () => {
    const agent = await agentPhone();
    const other = await phone({ user: '1002', toneHz: OTHER_HZ, answers: true });
    await signIn();
    const outside = await callerPhone();
    await outside.dial('8000');
    await agent.hearing(500);
    await agent.command('transfer', 'sip:1002@ipbx.test');
    const byOther = await other.hearing(1_000);
    await agent.event('CALL_CLOSED');
    expect(heardMs(byOther, CALLER_HZ)).toBeGreaterThan(600);
    const length = (await outside.hearing(1)).samples.length / 8;
    expect(heardMs(await outside.hearing(length + 600), OTHER_HZ)).toBeGreaterThan(400);
    await outside.command('hangup');
    await other.event('CALL_CLOSED');
  });

  it('digits pressed by the caller choose in the menu (RFC 4733)', async () => {
    await daemon.set('scenario', 'choice', {
      start: 'start',
      nodes: {
        start: { kind: 'menu', prompts: [], choices: { '5': 'five' }, timeoutMs: 10_000, attempts: 1, otherwise: 'bye' },
        five: { kind: 'queue', queue: 'main' },
        bye: { kind: 'hangup' },
      },
    });
    await daemon.set('campaign', 'menu', {
      numbers: ['8001'],
      language: 'en',
      greeting: null,
      target: { to: 'scenario', scenario: 'choice' },
    });
    const agent = await agentPhone();
    await signIn();
    const outside = await callerPhone();
    await outside.dial('8001');
    await outside.event('CALL_ESTABLISHED');
    await outside.command('sndcode', '5');
    expect(heardMs(await agent.hearing(1_000), CALLER_HZ)).toBeGreaterThan(600);
    await outside.command('hangup');
    await daemon.settled();
    // S6: the digit itself is never written.
    const rows = await query<{ detail: string | null }>(postgres, "select detail from call_events where event = 'digit'");
    expect(rows.length).toBe(1);
  });
});
