import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { LogOptions } from '../../src/adapters/log/log.ts';
import { openLog } from '../../src/adapters/log/log.ts';
import { maskFields } from '../../src/adapters/log/mask.ts';
import { Secret } from '../../src/config/secret.ts';
import { BasculeError } from '../../src/core/kernel/errors.ts';
import { temporaryFolder } from '../support/folder.ts';

const options = (changes: Partial<LogOptions> = {}): LogOptions => ({
  node: 'srv1',
  level: 'info',
  dir: null,
  days: 30,
  syslog: null,
  maskNumbers: true,
  console: false,
  ...changes,
});

const linesIn = (dir: string): readonly Record<string, unknown>[] =>
  readdirSync(dir)
    .filter((name) => name.endsWith('.log'))
    .flatMap((name) => readFileSync(join(dir, name), 'utf8').trim().split('\n'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);

afterEach(() => {
  vi.restoreAllMocks();
});

describe('masking', () => {
  it('numbers keep their end, what was dialled and names nothing, secrets never', () => {
    expect(
      maskFields(
        {
          caller: '0612345678',
          callerName: 'Anna Martin',
          dialled: '3131',
          extension: 101,
          target: 'sip:0612345678@pbx.example',
          digits: '4970123456789012',
          password: 'hunter2',
          authorization: 'Digest …',
          sipPassword: 'hunter2',
          apiToken: 'abc',
          line: 'main',
          status: 403,
        },
        true,
      ),
    ).toEqual({
      caller: '…78',
      callerName: '…',
      dialled: '…31',
      extension: '…',
      target: '…le',
      digits: '…',
      password: '[secret]',
      authorization: '[secret]',
      sipPassword: '[secret]',
      apiToken: '[secret]',
      line: 'main',
      status: 403,
    });
  });

  it('at any depth, in lists, maps, causes of errors', () => {
    const error = new Error('outer', { cause: { caller: '0612345678' } });
    const masked = JSON.stringify(
      maskFields(
        { leg: { caller: '0612345678' }, calls: [{ number: '0612345678' }], map: new Map([['dialled', '0612345678']]), error },
        true,
      ),
    );
    expect(masked).not.toContain('0612345678');
    expect(masked).toContain('outer');
  });

  it('numbers may be shown, secrets still not', () => {
    expect(maskFields({ caller: '0612345678', digits: '12', password: 'x', secret: new Secret('y') }, false)).toEqual({
      caller: '0612345678',
      digits: '12',
      password: '[secret]',
      secret: '[secret]',
    });
  });

  it('null stays null, circles and giants are bounded', () => {
    const circle: Record<string, unknown> = { caller: null, big: 'x'.repeat(10_000), many: Array(1_000).fill(1) };
    circle['self'] = circle;
    const masked = maskFields(circle, true);
    expect(masked['caller']).toBeNull();
    expect((masked['big'] as string).length).toBeLessThan(5_000);
    expect(masked['many']).toHaveLength(100);
    expect(JSON.stringify(masked).length).toBeLessThan(60_000);
  });
});

describe('daily files', () => {
  it('hold one JSON object a line, with the fields of the child', async () => {
    const dir = join(temporaryFolder('log'), 'log');
    const { log, stop } = openLog(options({ dir }));
    log.log('info', 'Started', { node: 'srv1' });
    log
      .child({ line: 'main', caller: '0612345678' })
      .log('warn', 'Refused', { status: 403, level: 'fake', message: 'fake', at: 'fake' });
    await stop();
    expect(readdirSync(dir).filter((name) => name.endsWith('.log'))).toEqual([
      expect.stringMatching(/^bascule-\d{4}-\d{2}-\d{2}\.log$/),
    ]);
    expect(linesIn(dir)).toEqual([
      { at: expect.stringMatching(/^\d{4}-.*Z$/) as string, level: 'info', message: 'Started', node: 'srv1' },
      {
        at: expect.stringMatching(/^\d{4}-.*Z$/) as string,
        level: 'warn',
        message: 'Refused',
        line: 'main',
        caller: '…78',
        status: 403,
      },
    ]);
  });

  it('are not for everybody', async () => {
    const dir = join(temporaryFolder('log'), 'log');
    const { log, stop } = openLog(options({ dir }));
    log.log('info', 'Started');
    await stop();
    for (const name of readdirSync(dir)) if (name.endsWith('.log')) expect(statSync(join(dir, name)).mode & 0o007).toBe(0);
  });

  it('errors keep code, stack and cause', async () => {
    const dir = join(temporaryFolder('log'), 'log');
    const { log, stop } = openLog(options({ dir }));
    const cause = new Error('ECONNREFUSED');
    log.log('error', 'The database failed', { error: new BasculeError('STO_UNAVAILABLE', { detail: 'away' }, { cause }) });
    await stop();
    expect(linesIn(dir)[0]).toMatchObject({
      error: {
        name: 'BasculeError',
        code: 'STO_UNAVAILABLE',
        stack: expect.stringContaining('log.test.ts') as string,
        cause: { message: 'ECONNREFUSED' },
      },
    });
  });

  it('the level changes for every child at once', async () => {
    const dir = join(temporaryFolder('log'), 'log');
    const { log, change, stop } = openLog(options({ dir, level: 'warn' }));
    const child = log.child({ part: 'x' });
    child.log('debug', 'one');
    change({ level: 'debug', maskNumbers: false });
    child.log('debug', 'two', { caller: '0612345678' });
    await stop();
    expect(linesIn(dir)).toMatchObject([{ message: 'two', caller: '0612345678' }]);
  });
});

describe('a level that is off', () => {
  it('costs nothing: its fields are not even looked at', async () => {
    const { log, stop } = openLog(options({ level: 'info' }));
    let looked = 0;
    const fields = {
      get caller() {
        looked += 1;
        return '0612345678';
      },
    };
    const started = performance.now();
    for (let i = 0; i < 200_000; i += 1) log.log('debug', 'nothing', fields);
    expect(performance.now() - started).toBeLessThan(500);
    expect(looked).toBe(0);
    await stop();
  });
});

describe('the console', () => {
  const printed = async (write: (log: ReturnType<typeof openLog>['log']) => void): Promise<string> => {
    let text = '';
    // Winston writes to the stream that was there when it was loaded.
    const stream = (console as unknown as { _stderr?: NodeJS.WriteStream })._stderr ?? process.stderr;
    vi.spyOn(stream, 'write').mockImplementation((chunk) => {
      text += String(chunk);
      return true;
    });
    const { log, stop } = openLog(options({ console: true, level: 'debug' }));
    write(log);
    await stop();
    return text;
  };

  it('is for people, on standard error', async () => {
    const text = await printed((log) =>
      log.log('warn', 'Refused', { line: 'main', reason: '403 Forbidden', caller: '0612345678' }),
    );
    expect(text).toMatch(/^\d{2}:\d{2}:\d{2}\.\d{3} WARN {2}Refused line=main reason="403 Forbidden" caller=…78\n$/);
  });

  it('a value cannot pass for a line of its own', async () => {
    const text = await printed((log) => log.log('info', 'Said', { reason: 'x\n12:00:00.000 ERROR Forged' }));
    expect(text.trim().split('\n')).toHaveLength(1);
  });

  it('shows the stack of an error below it', async () => {
    const text = await printed((log) => log.log('error', 'Failed', { error: new Error('broken') }));
    expect(text).toMatch(/ERROR Failed\n {4}Error: broken\n {4}at /);
  });
});

describe('syslog', () => {
  it('gets severity, node and fields', async () => {
    const server = createSocket('udp4');
    server.bind(0, '127.0.0.1');
    await once(server, 'listening');
    const received = once(server, 'message');
    const { port } = server.address();
    const { log, stop } = openLog(options({ syslog: { host: '127.0.0.1', port, protocol: 'udp4' } }));
    log.log('error', 'Line lost', { line: 'main', caller: '0612345678' });
    const [message] = (await received) as [Buffer];
    // Facility daemon (3) × 8 + severity error (3), RFC 5424 §6.2.1.
    expect(message.toString('utf8')).toMatch(/^<27>1 \S+ srv1 bascule .*Line lost line=main caller=…78/);
    await stop();
    server.close();
  });
});
