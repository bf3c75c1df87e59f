import { chownSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Ask } from '../../src/cli/init.ts';
import { runInit } from '../../src/cli/init.ts';
import { readCentreFile } from '../../src/config/centre-file.ts';
import { configText, DEFAULT_ANSWERS } from '../../src/config/init.ts';
import { loadConfig, readConfig } from '../../src/config/load.ts';
import { Shell } from './support/terminal.ts';

const SETS = ['--set', 'ipbx=192.0.2.10', 'user=5000', 'numbers=0199000001', 'agents=anna:0101,bruno:102', 'holidays=-'];

describe('bascule init', () => {
  it('writes, without asking, what check-config accepts', async () => {
    const shell = new Shell();
    writeFileSync(join(shell.folder, 'password'), 's3cret\n');
    const { status, out, err } = await shell.run('init', '--yes', ...SETS, 'passwordFile=password', 'domain=pbx.example');
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(out).toBe(
      'Written: config/bascule.yaml\nWritten: config/centre.yaml\nWritten: config/secrets/sip-password\n' +
        'config/bascule.yaml: no error, 1 line to the IPBX\nconfig/centre.yaml: no error, 7 objects\n' +
        'Next: `bascule start`, then agents sign in: `bascule agent sign-in ID`, or *11 from their extension.\n',
    );
    const config = loadConfig(join(shell.folder, 'config/bascule.yaml'), {});
    expect(config.sip.ipbx).toEqual({ addresses: [{ host: '192.0.2.10', port: 5060 }], domain: 'pbx.example' });
    expect(config.sip.lines[0]?.password?.reveal()).toBe('s3cret');
    expect(config.dataDir).toBe(join(shell.folder, 'data'));
    expect(statSync(join(shell.folder, 'config/secrets/sip-password')).mode & 0o777).toBe(0o600);
    expect(statSync(join(shell.folder, 'config/secrets')).mode & 0o777).toBe(0o700);
    const { entries } = readCentreFile(join(shell.folder, 'config/centre.yaml'), true);
    expect(entries.find(({ id }) => id === 'anna')?.document).toMatchObject({ extension: '0101' });
  });

  it.runIf(process.getuid?.() === 0)(
    'run by root, what it writes can be read by the account that the folder belongs to',
    async () => {
      const shell = new Shell();
      writeFileSync(join(shell.folder, 'password'), 's3cret\n');
      for (const [uid, gid, mode] of [
        [65_534, 65_534, 0o600],
        [0, 65_534, 0o640],
      ] as const) {
        const folder = join(shell.folder, `etc-${uid}`);
        mkdirSync(folder);
        chownSync(folder, uid, gid);
        expect((await shell.run('init', '--yes', '--dir', folder, ...SETS, 'passwordFile=password')).status).toBe(0);
        const secret = statSync(join(folder, 'secrets/sip-password'));
        expect([secret.uid, secret.gid, secret.mode & 0o777]).toEqual([uid, gid, mode]);
      }
    },
  );

  it('never replaces a configuration unless told to', async () => {
    const shell = new Shell();
    await shell.run('init', '--yes', ...SETS);
    const again = await shell.run('init', '--yes', ...SETS);
    expect(again.status).toBe(1);
    expect(again.err).toMatch(/^CFG_EXISTS .*bascule\.yaml exists already/);
    expect((await shell.run('init', '--yes', '--force', ...SETS)).status).toBe(0);
  });

  it('several queues get a menu', async () => {
    const shell = new Shell();
    await shell.run('init', '--yes', ...SETS, 'queues=sales,support', 'hours=always');
    const { entries, errors } = readCentreFile(join(shell.folder, 'config/centre.yaml'), true);
    expect(errors).toEqual([]);
    expect(entries.find(({ kind }) => kind === 'scenario')?.document).toMatchObject({
      nodes: { start: { choices: { 1: 'sales', 2: 'support' } }, sales: { kind: 'queue', queue: 'sales' } },
    });
    expect(entries.find(({ kind }) => kind === 'campaign')?.document).toMatchObject({
      calendar: null,
      target: { to: 'scenario', scenario: 'menu' },
    });
  });

  it.each([
    [['user=5000'], '--set ipbx=… is missing'],
    [[...SETS.slice(1), 'colour=red'], 'colour is not asked for'],
    [[...SETS.slice(1), 'password=s3cret'], 'can be seen by everybody'],
    [[...SETS.slice(1), 'agents=anna'], 'the agent anna needs an extension'],
    [[...SETS.slice(1), 'hours=18:00-08:00'], 'the hours must be hours like 08:00-18:00'],
    [[...SETS.slice(1), 'zone=Mars/Olympus'], 'the time zone must be a time zone such as Europe/Paris'],
  ])('refuses %j', async (pairs, message) => {
    const { status, err } = await new Shell().run('init', '--yes', '--set', ...pairs);
    expect(status).toBe(2);
    expect(err).toContain(message);
  });

  it('asks on a terminal, and only there', async () => {
    const shell = new Shell();
    expect((await shell.run('init')).err).toContain('this is no terminal to ask on');
    const asked: string[] = [];
    const typed: Readonly<Record<string, string>> = {
      'Address of the IPBX': '192.0.2.10:5080',
      'SIP user': '5000',
      Numbers: '0199000001',
      Agents: 'anna:101',
    };
    const ask: Ask = {
      input: async (message, usual, check) => {
        asked.push(message);
        const key = Object.keys(typed).find((name) => message.startsWith(name));
        const answer = (key === undefined ? undefined : typed[key]) ?? usual ?? '';
        expect({ message, valid: check(answer) }).toEqual({ message, valid: true });
        return answer;
      },
      password: async () => 's3cret',
    };
    await runInit(shell.context(), { check: true, set: ['zone=Europe/London'] }, async () => ask);
    expect(asked).toHaveLength(10);
    expect(loadConfig(join(shell.folder, 'config/bascule.yaml'), {})).toMatchObject({
      zone: 'Europe/London',
      sip: { ipbx: { addresses: [{ port: 5080 }] } },
    });
  });

  it('tells a wrong answer while asking', async () => {
    const shell = new Shell();
    let told: unknown;
    const ask: Ask = {
      input: async (_, __, check) => {
        told = check('not an address!');
        throw new Error('enough');
      },
      password: async () => '',
    };
    await expect(runInit(shell.context(), { check: false }, async () => ask)).rejects.toThrow('enough');
    expect(told).toBe('the IPBX’s address must be host or host:port');
  });
});

describe('the commented configuration', () => {
  const answers = {
    ...DEFAULT_ANSWERS,
    ipbx: ['192.0.2.10:5060', '192.0.2.11:5060'],
    domain: 'pbx.example',
    user: '5000',
    password: 's3cret',
    numbers: ['0199000001'],
  };

  it('is the example that is shipped', () => {
    expect(readFileSync(join(import.meta.dirname, '../../config/bascule.example.yaml'), 'utf8')).toBe(configText(answers));
  });

  it('of the system keeps its data where the system does', () => {
    expect(configText(answers, '/var/lib/bascule')).toContain('\ndataDir: /var/lib/bascule\n');
  });

  it('holds no secret', () => {
    expect(configText(answers)).not.toContain('s3cret');
  });

  it('shows defaults that are right: uncommenting them changes nothing', () => {
    const shell = new Shell();
    const text = configText({ ...answers, password: null });
    const file = join(shell.folder, 'as-is.yaml');
    writeFileSync(file, text);
    const open = join(shell.folder, 'all.yaml');
    // Twice: keys of a group that is a comment whole are comments within it. A group that may be null has no default to show.
    const uncommented = text
      .replace(/^#log:[\s\S]*?(?=\n\n)/m, (group) => group.replace(/^#( +)syslog:[\s\S]*?(?=^# {2}# Hide)/m, ''))
      .replaceAll(/^(\s*)#(?=(\w|  ))/gm, '$1')
      .replaceAll(/^(\s*)#(?=(\w|  ))/gm, '$1');
    writeFileSync(open, uncommented);
    const { config, errors } = readConfig(open, {});
    expect(errors).toEqual([]);
    expect({ ...config, file: '' }).toEqual({ ...loadConfig(file, {}), file: '' });
  });
});

describe('check-config', () => {
  it('checks the file named, and the centre’s file beside it', async () => {
    const shell = new Shell();
    await shell.run('init', '--yes', ...SETS);
    expect((await shell.run('check-config')).status).toBe(0);
    writeFileSync(join(shell.folder, 'config/centre.yaml'), 'campaigns:\n  main:\n    numbers: [1]\n    target: queue:nowhere\n');
    const { status, err } = await shell.run('check-config', 'config/bascule.yaml');
    expect(status).toBe(1);
    expect(err).toMatch(/centre\.yaml:2: campaign “main” names the queue “nowhere”, which does not exist/);
  });

  it('says when there is none', async () => {
    expect((await new Shell().run('check-config')).err).toMatch(/^CFG_NOT_FOUND/);
  });
});
