import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { MetricsSource } from '../../src/adapters/metrics/instruments.ts';
import { MetricsServer } from '../../src/adapters/metrics/server.ts';
import { silentLog } from './support/daemon.ts';
import { aStatus } from './support/status.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

const serve = async (source: () => MetricsSource): Promise<string> => {
  const server = new MetricsServer({ address: '127.0.0.1', port: 0, source, log: silentLog });
  const port = await server.start();
  ends.push(() => server.stop());
  return `http://127.0.0.1:${port}`;
};

/** Figures by name and labels. */
const scrape = async (url: string): Promise<ReadonlyMap<string, number>> => {
  const response = await fetch(`${url}/metrics`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toContain('version=0.0.4');
  const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
};

describe('metrics', () => {
  it('are those of the site at the moment of the scrape', async () => {
    const figures = await scrape(await serve(aStatus));
    const wanted = {
      'bascule_info{version="1.2.3",node="srv1"}': 1,
      bascule_draining: 0,
      bascule_calls_in_progress: 3,
      bascule_calls_offered_total: 120,
      'bascule_calls_total{outcome="answered"}': 101,
      'bascule_calls_total{outcome="lost"}': 0,
      'bascule_queue_waiting{queue="sales"}': 2,
      'bascule_queue_longest_wait_seconds{queue="sales"}': 42.3,
      'bascule_queue_estimated_wait_seconds{queue="sales"}': 90,
      'bascule_queue_service_level_ratio{queue="sales"}': 0.876,
      'bascule_queue_calls_total{queue="sales",outcome="abandoned"}': 12,
      'bascule_queue_agents{queue="sales",state="signed-in"}': 3,
      'bascule_agents{state="talking"}': 1,
      'bascule_agents{state="resting"}': 0,
      'bascule_line_registered{line="spare",kind="sip"}': 0,
      'bascule_line_channels_in_use{line="main"}': 4,
      bascule_database_reachable: 0,
      bascule_journal_spooled: 17,
      bascule_journal_written_total: 900,
      bascule_media_ports_free: 196,
    };
    expect(Object.fromEntries(Object.keys(wanted).map((name) => [name, figures.get(name)]))).toEqual(wanted);
    expect(figures.has('process_resident_memory_bytes')).toBe(true);
  });

  it('what is not known is absent rather than zero', async () => {
    const figures = await scrape(await serve(aStatus));
    expect(figures.has('bascule_queue_estimated_wait_seconds{queue="support"}')).toBe(false);
    expect(figures.has('bascule_queue_service_level_ratio{queue="support"}')).toBe(false);
  });

  it('counters do not count twice, and a queue that is gone is gone', async () => {
    let status = aStatus();
    const url = await serve(() => status);
    await scrape(url);
    status = { ...status, site: { ...status.site, queues: [] } };
    const figures = await scrape(url);
    expect(figures.get('bascule_calls_offered_total')).toBe(120);
    expect([...figures.keys()].filter((name) => name.includes('queue="sales"'))).toEqual([]);
  });

  it('hold no telephone number and no name of a person', async () => {
    const url = await serve(aStatus);
    const text = await (await fetch(`${url}/metrics`)).text();
    for (const word of ['0612345678', '0199000001', 'anna', 'bruno']) expect(text).not.toContain(word);
  });

  it('see the event loop stall', async () => {
    const url = await serve(aStatus);
    await new Promise((resolve) => setTimeout(resolve, 120));
    const until = performance.now() + 300;
    while (performance.now() < until);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const figures = await scrape(url);
    const all = figures.get('bascule_event_loop_delay_seconds_count') ?? 0;
    expect(all).toBeGreaterThan(0);
    expect(figures.get('bascule_event_loop_delay_seconds_bucket{le="0.1"}')).toBeLessThan(all);
  });

  it('nothing else is there', async () => {
    const url = await serve(aStatus);
    expect((await fetch(url)).status).toBe(404);
    expect((await fetch(`${url}/metrics`, { method: 'POST' })).status).toBe(405);
  });

  it('a source that fails is no end of the server', async () => {
    let fail = true;
    const url = await serve(() => {
      if (fail) throw new Error('not yet');
      return aStatus();
    });
    expect((await fetch(`${url}/metrics`)).status).toBe(500);
    fail = false;
    expect((await fetch(`${url}/metrics`)).status).toBe(200);
  });

  it('a taken port is told with its remedy', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    ends.push(() => other.close());
    const { port } = other.address() as AddressInfo;
    await expect(
      new MetricsServer({ address: '127.0.0.1', port, source: aStatus, log: silentLog }).start(),
    ).rejects.toMatchObject({
      code: 'DMN_METRICS',
      fields: { port, detail: 'EADDRINUSE' },
    });
  });
});
