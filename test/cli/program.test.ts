import { spawnSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeDaemon } from './support/daemon.ts';
import { Shell } from './support/terminal.ts';

let daemon: FakeDaemon;
let shell: Shell;

beforeEach(async () => {
  daemon = await new FakeDaemon().start();
  shell = new Shell({ BASCULE_SOCKET: daemon.socket });
});
afterEach(() => daemon.server.stop());

const ok = async (...words: readonly string[]): Promise<string> => {
  const { status, out, err } = await shell.run(...words);
  expect({ words, status, err }).toEqual({ words, status: 0, err: '' });
  return out;
};

const fails = async (...words: readonly string[]): Promise<string> => {
  const { status, err } = await shell.run(...words);
  expect(status).not.toBe(0);
  return `${status} ${err}`;
};

describe('objects of the centre', () => {
  it('set creates, changes and shows what changed', async () => {
    expect(await ok('skill', 'set', 'billing', 'name=Billing')).toBe('skill billing: created\n  name: Billing\n');
    expect(await ok('queue', 'set', 'sales', 'skills=billing:3', 'ringTimeoutMs=25s')).toContain('ringTimeoutMs: 25s\n');
    expect(await ok('queue', 'set', 'sales', 'ringTimeoutMs=15000', 'strategy=linear', 'skills[0].minLevel=5')).toBe(
      'queue sales: changed\n  strategy: skill-level → linear\n  skills[0].minLevel: 3 → 5\n  ringTimeoutMs: 25s → 15s\n',
    );
    expect(await ok('queue', 'set', 'sales', 'ringTimeoutMs=')).toContain('ringTimeoutMs: 15s → 20s');
    expect(await ok('queue', 'set', 'sales', 'strategy=linear')).toBe('queue sales: unchanged\n');
  });

  it('another kind of target takes the place of the former', async () => {
    await ok('queue', 'set', 'sales');
    await ok('scenario', 'set', 'menu', 'nodes.start.kind=queue', 'nodes.start.queue=sales');
    await ok('campaign', 'set', 'main', 'numbers=0199000001,0199000002', 'target=scenario:menu');
    expect(await ok('campaign', 'set', 'main', 'target.to=queue', 'target.queue=sales')).toBe(
      'campaign main: changed\n  target.to: scenario → queue\n  target.queue: sales\n  target.scenario: menu → (gone)\n',
    );
    expect(JSON.parse(await ok('campaign', 'show', 'main', '--json'))).toMatchObject({
      document: { numbers: ['0199000001', '0199000002'], target: { to: 'queue', queue: 'sales' } },
    });
  });

  it('numbers stay texts, zeros and signs included', async () => {
    await ok('queue', 'set', 'sales', 'capacityTarget=number:+33199000001');
    await ok('agent', 'set', 'anna', 'extension=0101', 'skills={}');
    expect(JSON.parse(await ok('agent', 'show', 'anna', '--json'))).toMatchObject({ document: { extension: '0101' } });
    expect(await ok('queue', 'show', 'sales')).toContain('number: "+33199000001"');
  });

  it('lists, as aligned text for a pipe', async () => {
    expect(await ok('agent', 'list')).toBe('There are no agents.\n');
    await ok('skill', 'set', 'billing');
    await ok('agent', 'set', 'anna', 'extension=101', 'name=Anna Martin', 'skills.billing=7', 'order=2');
    expect(await ok('agent', 'list')).toBe(
      'ID    NAME         EXTENSION  SKILLS     ORDER\nanna  Anna Martin        101  billing:7      2\n',
    );
  });

  it('lists, as a table on a terminal', async () => {
    await ok('skill', 'set', 'billing');
    const terminal = new Shell({ BASCULE_SOCKET: daemon.socket }, true);
    const { out } = await terminal.run('skill', 'list');
    expect(out).toContain('│');
  });

  it('remove refuses what is used', async () => {
    await ok('queue', 'set', 'sales');
    await ok('campaign', 'set', 'main', 'numbers=0199000001', 'target=queue:sales');
    expect(await fails('queue', 'remove', 'sales')).toBe(
      '1 CTR_IN_USE  queue “sales” is used by campaign “main”.\n    Change those first, then remove it.\n',
    );
    expect(await ok('campaign', 'remove', 'main')).toBe('campaign main: removed\n');
    expect(await ok('queue', 'remove', 'sales')).toBe('queue sales: removed\n');
    expect(await fails('queue', 'show', 'sales')).toMatch(/^1 CTR_UNKNOWN/);
  });

  it('settings have their defaults before they are ever set', async () => {
    expect(await ok('settings', 'show')).toContain('signIn: "*11"');
    expect(await ok('settings', 'set', 'featureCodes.signIn=*21')).toContain('settings: created');
    expect(await ok('settings', 'set', 'silenceProbeMs=30s')).toBe('settings: changed\n  silenceProbeMs: 20s → 30s\n');
  });

  it('the help of set names the keys', async () => {
    expect(await ok('queue', 'set', '--help')).toMatch(/ringTimeoutMs {2,}How long an agent’s telephone rings/);
  });

  it.each([
    [
      ['queue', 'set', 'sales', 'ringTimeout=5s'],
      'CTR_INVALID  queue “sales”: ringTimeout: is not a known key.\n    Did you mean “ringTimeoutMs”?',
    ],
    [['queue', 'set', 'sales', 'ringTimeoutMs=1s'], 'ringTimeoutMs: must be between 3s and 10m'],
    [['queue', 'set', 'Sales'], 'queue “Sales”: id: must be small letters'],
    [['queue', 'set', 'sales', 'nonsense'], 'CLI_USAGE  The command is not right: “nonsense” is not key=value.'],
    [['queue', 'set', 'sales', '__proto__.x=1'], 'CLI_USAGE'],
    [['agent', 'set', 'anna'], 'agent “anna”: extension: is missing.\n    Add extension.'],
    [['hours', 'set', 'office', 'week.monday=18:00-08:00'], 'week.monday[0]: must be hours like 08:00-18:00'],
    [['campaign', 'set', 'main', 'numbers=1', 'target=queue:none'], 'CTR_REFERENCE  campaign “main” names the queue “none”'],
  ])('%j is refused with what to do', async (words, message) => {
    expect(await fails(...words)).toContain(message);
  });
});

describe('import and export', () => {
  const WHOLE = `
queues:
  sales: { ringTimeoutMs: 15s }
agents:
  anna: { extension: 0101 }
campaigns:
  main: { numbers: [0199000001], target: queue:sales }
`;

  it('what is exported can be imported again', async () => {
    const file = join(shell.folder, 'centre.yaml');
    writeFileSync(file, WHOLE);
    expect(await ok('import', 'centre.yaml')).toContain('campaign main: created');
    expect(await ok('export', 'out.yaml')).toBe('3 objects written to out.yaml\n');
    expect(statSync(join(shell.folder, 'out.yaml')).mode & 0o007).toBe(0);
    expect(readFileSync(join(shell.folder, 'out.yaml'), 'utf8')).toBe(await ok('export'));
    expect(await ok('export')).toContain('extension: "0101"');
    await ok('import', 'out.yaml');
    expect(readFileSync(join(shell.folder, 'out.yaml'), 'utf8')).toBe(await ok('export'));
  });

  it('every error of a file is told with its line', async () => {
    writeFileSync(
      join(shell.folder, 'bad.yaml'),
      'queues:\n  sales:\n    strategy: fastest\n  support:\n    weigth: 3\nagent:\n  anna: {}\nagents:\n  bob:\n    extension: 101\n    skills: { x: 11 }\n',
    );
    const { status, err, out } = await shell.run('import', 'bad.yaml');
    expect({ status, out }).toEqual({ status: 1, out: '' });
    expect(err.replaceAll(shell.folder, '')).toMatchInlineSnapshot(`
      "CTR_FILE  /bad.yaml:3: queue “sales”: strategy: must be one of longest-idle, fewest-calls, round-robin, linear, ring-all, random, skill-level.
          Choose one of longest-idle, fewest-calls, round-robin, linear, ring-all, random, skill-level.
      CTR_FILE  /bad.yaml:5: queue “support”: weigth: is not a known key.
          Did you mean “weight”?
      CTR_FILE  /bad.yaml:6: file “agent”: agent: is not a known section.
          Did you mean “agents”?
      CTR_FILE  /bad.yaml:11: agent “bob”: skills[0].level: must be at most 10.
          Give 10 or less.
      "
    `);
  });

  it('references within the file are checked where it must be complete, else left to the daemon', async () => {
    writeFileSync(join(shell.folder, 'part.yaml'), 'agents:\n  anna: { extension: 101, skills: { billing: 3 } }\n');
    expect(await fails('import', 'part.yaml')).toContain('CTR_REFERENCE');
    await ok('skill', 'set', 'billing');
    expect(await ok('import', 'part.yaml')).toContain('agent anna: created');
    expect(await ok('import', '--check', 'part.yaml')).toContain('1 objects, no error');
  });
});

describe('status, calls and agents', () => {
  it('status for people and for programs, numbers masked', async () => {
    expect(await ok('status')).toMatch(/^bascule 1\.2\.3 · srv1/);
    const json = await ok('status', '--json');
    expect(json).not.toContain('0612345678');
    expect(JSON.parse(json)).toMatchObject({
      node: 'srv1',
      site: { calls: [{ caller: '…78', dialled: '…01' }, { caller: null }] },
    });
    expect(await ok('status', '--json', '--show-numbers')).toContain('0612345678');
  });

  it('calls in progress, and those that ended, numbers masked unless asked for', async () => {
    const masked = await ok('calls');
    expect(masked).toMatch(/c-1 +bridged +sales +sales +- +anna +main +…78 +…01/);
    expect(await ok('calls', '--json')).not.toContain('0612345678');
    expect(await ok('calls', '--ended', '5')).toMatch(/c-9 .* answered +conversation .*…78 .*12s +2m30s/);
    expect(await ok('calls', '--ended', '5', '--show-numbers')).toContain('0612345678');
    expect(await fails('calls', '--ended', 'many')).toMatch(/^2 .*Give a whole number/s);
  });

  it('agents', async () => {
    expect(await ok('agents')).toMatch(/bruno +bruno +101 +paused +lunch +yes/);
    expect(JSON.parse(await ok('agents', '--json'))).toHaveLength(4);
  });

  it('watch draws in place on a terminal until Ctrl-C, and gives the screen back', async () => {
    const terminal = new Shell({ BASCULE_SOCKET: daemon.socket }, true);
    const running = terminal.run('status', '--watch');
    await expect.poll(() => terminal.out).toContain('srv1');
    terminal.interrupt();
    const { status, out } = await running;
    expect(status).toBe(0);
    expect(out.startsWith('\u001b[?1049h')).toBe(true);
    expect(out.endsWith('\u001b[?1049l')).toBe(true);
  });

  it('watch prints a line at each change elsewhere', async () => {
    const running = shell.run('status', '--watch');
    await expect.poll(() => shell.out).toContain('waiting 2');
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    shell.interrupt();
    const { out } = await running;
    expect(out.trim().split('\n')).toHaveLength(1);
    expect(out).not.toContain('\u001b');
  });
});

describe('orders', () => {
  it.each([
    [['agent', 'sign-in', 'anna'], { kind: 'agent.signIn', agent: 'anna', extension: null }],
    [['agent', 'sign-in', 'anna', '--extension', '0105'], { kind: 'agent.signIn', agent: 'anna', extension: '0105' }],
    [['agent', 'sign-out', 'anna'], { kind: 'agent.signOut', agent: 'anna' }],
    [['agent', 'pause', 'anna', 'lunch'], { kind: 'agent.pause', agent: 'anna', reason: 'lunch' }],
    [['agent', 'resume', 'anna'], { kind: 'agent.resume', agent: 'anna' }],
    [['agent', 'end-wrap-up', 'anna'], { kind: 'agent.endWrapUp', agent: 'anna' }],
    [['call', 'hangup', 'c-1'], { kind: 'call.hangup', call: 'c-1' }],
    [['call', 'move', 'c-1', 'sales'], { kind: 'call.move', call: 'c-1', queue: 'sales' }],
    [['call', 'reserve', 'c-1', 'anna', '--for', '90s'], { kind: 'call.reserve', call: 'c-1', agent: 'anna', forMs: 90_000 }],
  ])('%j', async (words, order) => {
    await ok(...words);
    expect(daemon.orders).toEqual([{ order, by: expect.stringMatching(/./) as string }]);
  });

  it('what the daemon refuses is told with its remedy', async () => {
    expect(await fails('agent', 'resume', 'nobody')).toBe(
      '1 AGT_UNKNOWN  There is no agent “nobody”.\n    List the agents with `bascule agent list`.\n',
    );
  });
});

describe('life of the daemon', () => {
  it('start is given the configuration, or none for the demonstration', async () => {
    expect((await shell.run('start')).status).toBe(3);
    expect((await shell.run('--config', 'x.yaml', 'start')).status).toBe(3);
    await shell.run('--config', 'x.yaml', 'start', '--demo');
    expect(shell.started.map(({ config }) => config)).toEqual([null, join(shell.folder, 'x.yaml'), null]);
    expect(shell.started[0]?.dataDir).toBe(join(shell.folder, 'data'));
  });

  it('stop and drain wait until the daemon has ended', async () => {
    const out = await ok('stop');
    expect(out).toBe('Ending when calls have: 3 calls in progress\nThe daemon has ended.\n');
    expect(daemon.requests).toEqual(['stop false']);
    expect(await fails('status')).toMatch(/^1 DMN_NOT_RUNNING/);
  });

  it.each([
    [['stop', '--now', '--no-wait'], 'stop true', 'Ending at once'],
    [['drain', '--no-wait'], 'drain true', 'Draining: no new calls are taken, 3 calls'],
    [['drain', '--off'], 'drain false', 'New calls are taken again'],
  ])('%j', async (words, request, said) => {
    expect(await ok(...words)).toContain(said);
    expect(daemon.requests).toEqual([request]);
  });

  it('reload tells what needs a restart', async () => {
    expect(await ok('reload')).toBe('Applied: limits.calls\nNeeds a restart: sip.listen.port\n');
  });
});

describe('usage', () => {
  it('help and version succeed', async () => {
    expect(await ok('--version')).toBe('1.2.3\n');
    expect(await ok('--help')).toContain('check-config');
  });

  it('wrong usage ends with 2, and the nearest command is suggested', async () => {
    expect(await fails('statsu')).toMatch(/^2 .*Did you mean status/s);
    expect(await fails('queue', 'show')).toMatch(/^2 .*missing required argument 'id'/);
    expect(await fails('errors', 'NOPE')).toMatch(/^2 CLI_USAGE/);
  });

  it('errors prints the table', async () => {
    expect(await ok('errors', 'dmn_running')).toBe(
      'DMN_RUNNING\n    A daemon already runs on {socket} (process {pid}).\n    Stop it first: `bascule stop`.\n',
    );
    expect(Object.keys(JSON.parse(await ok('errors', '--json')) as object)).toContain('SIP_BIND');
  });
});

describe('completion', () => {
  const complete = async (...words: readonly string[]): Promise<readonly string[]> =>
    (await ok('complete', '--', ...words)).split('\n').slice(0, -1);

  it('commands, subcommands, options', async () => {
    expect(await complete('sta')).toEqual(['start', 'status']);
    expect(await complete('agent', 'sign')).toEqual(['sign-in', 'sign-out']);
    expect(await complete('status', '--w')).toEqual(['--watch']);
    expect(await complete('comp')).toEqual(['completion']);
  });

  it('ids that the daemon knows, keys and strategies', async () => {
    await ok('queue', 'set', 'sales');
    await ok('agent', 'set', 'anna', 'extension=101');
    expect(await complete('queue', 'show', '')).toEqual(['sales']);
    expect(await complete('agent', 'pause', '')).toEqual(['anna']);
    expect(await complete('call', 'move', '')).toEqual(['c-1', 'c-2']);
    expect(await complete('call', 'move', 'c-1', '')).toEqual(['sales']);
    expect(await complete('queue', 'set', 'sales', 'wra')).toEqual(['wrapUpMs=']);
    expect(await complete('queue', 'set', 'sales', 'weight=1', 'strategy=r')).toEqual([
      'strategy=round-robin',
      'strategy=ring-all',
      'strategy=random',
    ]);
  });

  it('no daemon, no names, no error', async () => {
    const alone = new Shell();
    expect(await alone.run('complete', '--', 'queue', 'show', '')).toEqual({ status: 0, out: '', err: '' });
  });

  it('the script completes in bash, behind “=” too', async () => {
    const answers = "bascule() { printf 'strategy=ring-all\\nstrategy=random\\n'; }";
    const line = 'bascule queue set sales weight=1 strategy=r';
    const ask = `COMP_LINE='${line}' COMP_POINT=${line.length}; _bascule; printf '%s ' "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = spawnSync('bash', [], {
      input: `${await ok('completion')}\n${answers}\n${ask}`,
      encoding: 'utf8',
    });
    expect({ stdout, stderr }).toEqual({ stdout: 'ring-all random ', stderr: '' });
  });
});
