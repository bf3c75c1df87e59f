import { expect, it } from 'vitest';
import { checkRelations } from '../../src/config/relations.ts';
import { demonstrationConfig } from '../../src/main/demonstration/config.ts';
import type { News } from '../../src/main/demonstration/people/scene.ts';
import { runDemonstration } from '../../src/main/demonstration/run.ts';
import { startDemonstration } from '../../src/main/demonstration/start.ts';
import type { DaemonSetup, DemonstrationOptions, RunningDaemon } from '../../src/main/demonstration/start.ts';
import { Telephone } from '../../src/main/demonstration/telephone/telephone.ts';

/** Takes the daemon's place at the IPBX: answers whoever calls, and lets agents' codes go again. Distributes nothing. */
async function answeringMachine({ config }: DaemonSetup, stopped: string[]): Promise<RunningDaemon<string>> {
  const [line] = config.sip.lines;
  const [ipbx = { host: '', port: 0 }] = config.sip.ipbx.addresses;
  const telephone = new Telephone({
    user: line?.user ?? '',
    password: line?.password?.reveal() ?? '',
    name: '',
    domain: config.sip.ipbx.domain,
    ipbx,
    pitchHz: 440,
    onCall: (call) => {
      call.answer();
      if (/^10\d$/.test(call.caller)) void call.answered.then(() => call.hangup());
    },
  });
  await telephone.open();
  expect(await telephone.register()).toBe(200);
  return {
    status: () => 'all is well',
    stop: async () => {
      stopped.push(`${telephone.calls.size} calls left`);
      await telephone.close();
    },
  };
}

function options(more: Partial<DemonstrationOptions<string>>): {
  all: DemonstrationOptions<string>;
  written: string[];
  stopped: string[];
  news: News[];
} {
  const written: string[] = [];
  const stopped: string[] = [];
  const news: News[] = [];
  const all: DemonstrationOptions<string> = {
    dataDir: '/nonexistent',
    stdout: { write: (text) => written.push(text), columns: 80, rows: 24 },
    isTty: false,
    startDaemon: (setup) => answeringMachine(setup, stopped),
    render: (status) => [status],
    onNews: (one) => news.push(one),
    pace: 0.01,
    ...more,
  };
  return { all, written, stopped, news };
}

it('makes so many calls, then ends everything in order', async () => {
  const { all, written, stopped, news } = options({ calls: 6, maxCallers: 3 });
  const demonstration = await startDemonstration(all);
  const tally = await demonstration.ended;
  expect(tally.arrived).toBe(6);
  expect(tally.abandoned + tally['sent-away']).toBe(6);
  expect(news.filter((one) => one.kind === 'signed-in' && one.accepted).length).toBe(6);
  expect(stopped).toEqual(['0 calls left']);
  expect(written[0]).toContain('bascule demonstration');
  expect(written.at(-1)).toMatch(/^6 calls: /);
});

it('ends on the first Ctrl-C, calls hung up, with exit status 0', async () => {
  const begun = Promise.withResolvers<void>();
  const { all, stopped, written } = options({
    isTty: true,
    onNews: (one) => {
      if (one.kind === 'arrived') begun.resolve();
    },
  });
  const status = runDemonstration(all);
  await begun.promise;
  process.emit('SIGINT');
  expect(await status).toBe(0);
  expect(stopped).toEqual(['0 calls left']);
  expect(written.some((text) => text.includes('all is well'))).toBe(true);
  expect(process.listenerCount('SIGINT')).toBe(0);
});

it('configures the daemon as a file would, on loopback only', async () => {
  const config = await demonstrationConfig('data', {
    ipbx: { host: '127.0.0.1', port: 40_000 },
    domain: 'x.invalid',
    user: 'svc',
    password: 'p',
  });
  expect([config.sip.listen.address, config.media.address, config.metrics.address]).toEqual([
    '127.0.0.1',
    '127.0.0.1',
    '127.0.0.1',
  ]);
  const sip = {
    ...config.sip,
    ipbx: { addresses: ['127.0.0.1:40000'], domain: 'x.invalid' },
    lines: config.sip.lines.map((line) => ({ ...line, password: 'p', passwordFile: null })),
  };
  expect(checkRelations({ ...config, sip, database: { ...config.database, passwordFile: null } }, config.file)).toEqual([]);
});

it('ends when the daemon is stopped by somebody else', async () => {
  const { all, stopped } = options({
    startDaemon: async (setup) => {
      const daemon = await answeringMachine(setup, stopped);
      setTimeout(setup.onStopped, 50);
      return daemon;
    },
  });
  await (await startDemonstration(all)).ended;
  expect(stopped.length).toBe(1);
});

it('closes what it has opened when the daemon does not start', async () => {
  const { all } = options({ startDaemon: () => Promise.reject(new Error('no database')) });
  await expect(startDemonstration(all)).rejects.toThrow('no database');
});
