import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { temporaryFolder } from '../support/folder.ts';
import { freePorts, portRange } from '../support/ports.ts';
import { Postgres } from '../support/postgres.ts';

const program = join(import.meta.dirname, '../../scripts/bascule');

/** A new site from the first question to the stop, as its administrator would do it. No IPBX answers: that is the end-to-end tests' part. */
describe('a new site', { timeout: 60_000 }, () => {
  const folder = temporaryFolder('site');
  const config = join(folder, 'bascule.yaml');
  let postgres: Postgres;
  let metricsPort: number;
  let daemon: ChildProcess;
  let said = '';

  const bascule = (...words: readonly string[]): { status: number | null; out: string; err: string } => {
    const { status, stdout, stderr } = spawnSync(program, ['--config', config, ...words], {
      cwd: folder,
      encoding: 'utf8',
      timeout: 30_000,
    });
    return { status, out: stdout, err: stderr };
  };

  beforeAll(async () => {
    postgres = await Postgres.start();
    const [ipbx, sip, metrics] = await Promise.all([freePorts(1), freePorts(1), freePorts(1)]);
    metricsPort = metrics;
    writeFileSync(join(folder, 'typed'), 's3cret\n');
    const sets = [
      `ipbx=127.0.0.1:${ipbx}`,
      'user=5000',
      'numbers=0199000001',
      'agents=anna:101,bruno:102',
      'channels=4',
      'passwordFile=typed',
    ];
    const made = bascule('init', '--yes', '--dir', folder, '--set', ...sets);
    expect(made).toMatchObject({ status: 0, err: '' });
    writeFileSync(
      config,
      readFileSync(config, 'utf8').replace('\nsip:\n', `\nsip:\n  listen: { address: 127.0.0.1, port: ${sip} }\n`),
    );
    appendFileSync(config, `dataDir: data\ndatabase: { url: "${postgres.url}" }\nmetrics: { port: ${metricsPort} }\n`);
    const { first, last } = portRange(16);
    appendFileSync(config, `media: { address: 127.0.0.1, ports: { first: ${first}, last: ${last} } }\n`);
    expect(bascule('check-config')).toMatchObject({ status: 0, err: '' });
    daemon = spawn(program, ['--config', config, 'start'], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [daemon.stdout, daemon.stderr]) stream?.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
    await vi.waitUntil(() => bascule('status').status === 0, { timeout: 50_000, interval: 500 });
  }, 60_000);

  afterAll(async () => {
    if (daemon?.exitCode === null) daemon.kill('SIGKILL');
    await postgres?.stop();
  });

  it('begins with the centre that init wrote', () => {
    expect(bascule('agent', 'list').out).toMatch(/anna +anna +101/);
    expect(bascule('campaign', 'show', 'main').out).toContain('"0199000001"');
    expect(bascule('status').out).toMatch(/^Lines +main 0\/4/m);
  });

  it('takes changes at once, keeps them in the database, refuses what is not right', () => {
    expect(bascule('queue', 'set', 'reception', 'ringTimeoutMs=15s').out).toBe(
      'queue reception: changed\n  ringTimeoutMs: 20s → 15s\n',
    );
    expect(bascule('queue', 'set', 'reception', 'ringTimeoutMs=15s').out).toBe('Nothing to change.\n');
    expect(bascule('queue', 'set', 'reception', 'skills=welsh')).toMatchObject({
      status: 1,
      err: expect.stringMatching(/^CTR_REFERENCE/) as string,
    });
    expect(bascule('queue', 'remove', 'reception').status).toBe(1);
    expect(bascule('skill', 'remove', 'welsh').err).toMatch(/^CTR_UNKNOWN/);
    const exported = bascule('export').out;
    writeFileSync(join(folder, 'out.yaml'), exported);
    expect(bascule('import', '--replace', 'out.yaml')).toEqual({ status: 0, out: 'Nothing to change.\n', err: '' });
  });

  it('takes orders', () => {
    expect(bascule('agent', 'sign-in', 'anna').out).toBe('anna: signed in\n');
    expect(bascule('agent', 'pause', 'anna', 'tea').err).toMatch(/^AGT_REASON .*“tea”/);
    expect(bascule('agent', 'pause', 'anna', 'lunch').status).toBe(0);
    expect(bascule('agents').out).toMatch(/anna .*paused +lunch/);
    expect(bascule('call', 'hangup', 'none').err).toMatch(/^CAL_UNKNOWN/);
    expect(bascule('calls', '--ended', '3').out).toBe('No call has ended yet.\n');
  });

  it('serves its figures', async () => {
    const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    expect(text).toContain('bascule_agents{state="paused"} 1');
    expect(text).toContain('bascule_line_registered{line="main",kind="sip"} 0');
  });

  it('a second daemon is refused', () => {
    const second = bascule('start');
    expect(second.status).toBe(1);
    expect(second.err).toMatch(/DMN_RUNNING .* \(process \d+\)/);
  });

  it('stop waits for the end, and leaves no secret behind', async () => {
    expect(bascule('stop')).toMatchObject({ status: 0, out: expect.stringMatching(/The daemon has ended\.\n$/) as string });
    await expect.poll(() => daemon.exitCode, { timeout: 5_000 }).toBe(0);
    expect(bascule('status').err).toMatch(/^DMN_NOT_RUNNING/);
    const logs = join(folder, 'data/log');
    const written = readdirSync(logs).map((name) => readFileSync(join(logs, name), 'utf8'));
    expect(written.join('')).toContain('"message":"Started"');
    expect(written.join('') + said).not.toContain('s3cret');
    expect(existsSync(join(folder, 'data/control.sock'))).toBe(false);
  });
});
