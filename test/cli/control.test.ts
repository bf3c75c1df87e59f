import { statSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ControlServer } from '../../src/adapters/control/server.ts';
import { Client } from '../../src/cli/client.ts';
import type { StatusDocument } from '../../src/wire/control.ts';
import { MAX_LINE_BYTES, PROTOCOL } from '../../src/wire/control.ts';
import { temporaryFolder } from '../support/folder.ts';
import { FakeDaemon, silentLog } from './support/daemon.ts';
import { aStatus } from './support/status.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

const daemon = async (...args: ConstructorParameters<typeof FakeDaemon>): Promise<FakeDaemon> => {
  const fake = await new FakeDaemon(...args).start();
  ends.push(() => fake.server.stop());
  return fake;
};

const client = async (socket: string): Promise<Client> => {
  const connected = await Client.connect(socket);
  ends.push(() => connected.close());
  return connected;
};

/** Sends raw text and collects answers until there are `count`, or the connection ends. */
const raw = (socket: string, text: string | Buffer, count = 1): Promise<{ answers: unknown[]; closed: boolean }> =>
  new Promise((resolve, reject) => {
    const connection: Socket = connect(socket);
    let received = '';
    const answers = (): unknown[] =>
      received
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as unknown);
    connection.on('connect', () => connection.write(text));
    connection.on('data', (chunk) => {
      received += chunk.toString('utf8');
      if (answers().length < count) return;
      resolve({ answers: answers(), closed: false });
      connection.destroy();
    });
    connection.on('close', () => resolve({ answers: answers(), closed: true }));
    connection.on('error', reject);
  });

const request = (fields: Record<string, unknown>): string => `${JSON.stringify({ v: PROTOCOL, id: 7, by: 'test', ...fields })}\n`;

describe('the local socket', () => {
  it('answers a request, and is open to its owner alone', async () => {
    const { socket } = await daemon();
    expect(statSync(socket).mode & 0o777).toBe(0o600);
    expect(await (await client(socket)).request('ping', {})).toEqual({ pid: process.pid, version: '1.2.3', node: 'srv1' });
  });

  it('is open to the group where that is wanted', async () => {
    const socket = join(temporaryFolder('control'), 's');
    const { handlers } = { handlers: {} as never };
    const server = new ControlServer({ socket, group: true, handlers, log: silentLog });
    await server.start();
    ends.push(() => server.stop());
    expect(statSync(socket).mode & 0o777).toBe(0o660);
  });

  it('carries errors with code, message and remedy', async () => {
    const { socket } = await daemon();
    const order = { kind: 'agent.resume', agent: 'nobody' } as const;
    await expect((await client(socket)).request('order', { order })).rejects.toMatchObject({
      code: 'AGT_UNKNOWN',
      message: 'There is no agent “nobody”.',
      remedy: 'List the agents with `bascule agent list`.',
    });
  });

  it('an unexpected failure is told as such, and its stack stays in the log', async () => {
    const fake = await daemon({
      agents: () => {
        throw new Error('broken');
      },
    });
    await expect((await client(fake.socket)).request('agents', {})).rejects.toMatchObject({
      code: 'DMN_FAILED',
      message: 'The daemon could not do it: Error: broken.',
    });
  });

  it.each([
    ['no JSON', 'hello\n', /it is not JSON/, 0],
    ['another protocol', request({ v: 99, op: 'ping' }), /protocol 99, this daemon speaks 1/, 7],
    ['an unknown operation', request({ op: 'explode' }), /op must be one of ping, status/, 7],
    ['unknown fields', request({ op: 'stop', fields: { naw: true } }), /naw is not a known key/, 7],
    ['a wrong field', request({ op: 'calls', fields: { ended: -1 } }), /ended must be at least 1/, 7],
    ['an order of no kind', request({ op: 'order', fields: { order: { kind: 'agent.dance' } } }), /order.kind must be one of/, 7],
  ])('refuses %s', async (_, text, message, id) => {
    const { socket } = await daemon();
    const { answers } = await raw(socket, text);
    expect(answers).toEqual([
      {
        kind: 'error',
        v: PROTOCOL,
        id,
        error: { code: 'DMN_REQUEST', message: expect.stringMatching(message) as string, remedy: expect.any(String) as string },
      },
    ]);
  });

  it('a request may come in pieces, and several at once, characters cut in two', async () => {
    const { socket } = await daemon();
    const text = Buffer.from(request({ id: 1, op: 'ping', by: 'Zoë' }) + request({ id: 2, op: 'ping' }));
    const cut = text.indexOf(0xc3) + 1;
    const connection = connect(socket);
    ends.push(() => connection.destroy());
    const answers = new Promise<string>((resolve) => {
      let received = '';
      connection.on('data', (chunk) => {
        received += chunk.toString('utf8');
        if (received.split('\n').length === 3) resolve(received);
      });
    });
    connection.write(text.subarray(0, cut));
    await new Promise((resolve) => setTimeout(resolve, 20));
    connection.write(text.subarray(cut));
    const ids = (await answers)
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { id: number }).id);
    expect(new Set(ids)).toEqual(new Set([1, 2]));
  });

  it('a line without end is cut off', async () => {
    const { socket } = await daemon();
    const { answers, closed } = await raw(socket, Buffer.alloc(MAX_LINE_BYTES + 10, 0x61), 2);
    expect(closed).toBe(true);
    expect(answers).toMatchObject([{ kind: 'error', error: { code: 'DMN_REQUEST' } }]);
  });

  it('one connection cannot pile requests up', async () => {
    const waiting: (() => void)[] = [];
    const fake = await daemon({
      agents: () => new Promise((resolve) => waiting.push(() => resolve([]))),
    });
    const many = Array.from({ length: 17 }, (_, id) => request({ id, op: 'agents' })).join('');
    const { answers } = await raw(fake.socket, many);
    expect(answers).toMatchObject([{ id: 16, error: { code: 'DMN_CAPACITY' } }]);
    for (const answer of waiting) answer();
  });

  it('shows the state to who watches: at once, on change, every second', async () => {
    let calls = 0;
    const fake = await daemon({ status: () => aStatus({ uptimeMs: (calls += 1) }) });
    const watcher = await client(fake.socket);
    const seen: number[] = [];
    const ended = watcher.watch((status: StatusDocument) => seen.push(status.uptimeMs));
    await expect.poll(() => seen.length).toBe(1);
    for (let i = 0; i < 100; i += 1) fake.server.changed();
    await expect.poll(() => seen.length, { timeout: 600 }).toBe(2);
    await expect.poll(() => seen.length, { timeout: 2_000 }).toBeGreaterThan(2);
    await fake.server.stop();
    await ended;
  });

  it('asks for nothing while nobody watches', async () => {
    let calls = 0;
    const fake = await daemon({ status: () => aStatus({ uptimeMs: (calls += 1) }) });
    fake.server.changed();
    await new Promise((resolve) => setTimeout(resolve, 1_300));
    expect(calls).toBe(0);
  });
});

describe('the place of the socket', () => {
  const at = (socket: string): ControlServer =>
    new ControlServer({ socket, group: false, handlers: {} as never, log: silentLog });

  it('a second daemon is told that one runs, and which', async () => {
    const { socket } = await daemon();
    await expect(at(socket).start()).rejects.toMatchObject({ code: 'DMN_RUNNING', fields: { pid: String(process.pid) } });
    expect(await (await client(socket)).request('ping', {})).toMatchObject({ node: 'srv1' });
  });

  it('a listener that says nothing is not taken for dead', async () => {
    const socket = join(temporaryFolder('control'), 's');
    const mute = createServer();
    await new Promise<void>((resolve) => mute.listen(socket, resolve));
    ends.push(() => mute.close());
    await expect(at(socket).start()).rejects.toMatchObject({ code: 'DMN_RUNNING' });
  });

  it('the file of a dead daemon is replaced', async () => {
    const socket = join(temporaryFolder('control'), 's');
    // A server in a process that is killed leaves its file; Node removes it only on close.
    const { spawnSync } = await import('node:child_process');
    const script = `require('net').createServer().listen(${JSON.stringify(socket)}, () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', script]);
    expect(statSync(socket).isSocket()).toBe(true);
    const server = at(socket);
    await server.start();
    await server.stop();
  });

  it('a file that is no socket is left alone', async () => {
    const socket = join(temporaryFolder('control'), 's');
    writeFileSync(socket, 'precious');
    await expect(at(socket).start()).rejects.toMatchObject({ code: 'DMN_SOCKET' });
    expect(statSync(socket).isFile()).toBe(true);
  });
});

describe('the client', () => {
  it('says that no daemon answers', async () => {
    const socket = join(temporaryFolder('control'), 'nobody');
    await expect(Client.connect(socket)).rejects.toMatchObject({ code: 'DMN_NOT_RUNNING', fields: { socket } });
  });

  it('says that the daemon went away before it answered', async () => {
    const fake = await daemon({ agents: () => new Promise(() => {}) });
    const asking = await client(fake.socket);
    const answer = asking.request('agents', {});
    await new Promise((resolve) => setTimeout(resolve, 50));
    void fake.server.stop();
    await expect(answer).rejects.toMatchObject({ code: 'DMN_LOST' });
  });

  it('does not believe a stranger on the socket', async () => {
    const socket = join(temporaryFolder('control'), 's');
    const stranger = createServer((connection) => connection.on('data', () => connection.write('220 smtp ready\n')));
    await new Promise<void>((resolve) => stranger.listen(socket, resolve));
    ends.push(() => stranger.close());
    await expect((await client(socket)).request('ping', {})).rejects.toMatchObject({ code: 'DMN_LOST' });
  });
});
