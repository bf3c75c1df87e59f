import { randomFillSync } from 'node:crypto';
import { constants, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../core/kernel/assert.ts';
import { MediaEngine } from '../../media/engine.ts';
import { PortPool } from './port-pool.ts';
import type { Berth } from './port-pool.ts';
import { PromptStore } from './prompt-store.ts';
import type { WorkerOrder, WorkerReport, WorkerSettings } from './protocol.ts';

const PROGRESS_MS = 200;

/** The media thread: sockets, one clockwork, orders in, reports out. All decisions are the engine's. */

assert(parentPort !== null, 'the media worker is started as a worker thread');
const main = parentPort;
const settings = workerData as WorkerSettings;

// Sound cannot wait while the same machine's database works. On Linux the priority is this thread's alone; without the
// right to raise it (CAP_SYS_NICE, or LimitNICE= in the unit) the thread takes its turn like others.
try {
  setPriority(0, constants.priority.PRIORITY_HIGH);
} catch {
  // Nothing to be done, and nothing wrong on a machine that is not full.
}

/** Milliseconds since 1970, with fractions; steps of the system's clock do not move it. */
const clock = (): number => performance.timeOrigin + performance.now();

const chance = new Uint32Array(256);
let chanceLeft = 0;
const random = (): number => {
  if (chanceLeft === 0) {
    randomFillSync(chance);
    chanceLeft = chance.length;
  }
  return chance[--chanceLeft] as number;
};

/** Reports of one turn of the event loop go together: a message between threads costs as much as a packet sent. */
let reports: WorkerReport[] = [];
const report = (one: WorkerReport): void => {
  if (reports.push(one) > 1) return;
  setImmediate(() => {
    main.postMessage(reports);
    reports = [];
  });
};

const prompts = new PromptStore({
  folders: settings.promptFolders,
  cacheBytes: settings.cacheBytes,
  now: clock,
  report: (code, fields) => report({ t: 'sound', code, fields }),
});

const engine = new MediaEngine(
  {
    inbandDtmf: settings.inbandDtmf,
    random,
    sounds: prompts.source,
    emit: (event) => report({ t: 'event', event }),
    cname: `bascule@${settings.address}`,
  },
  clock(),
);

let ticking = false;
const tick = (): void => {
  engine.wheel.advance(clock());
  ticking = false;
  wake();
};
/** The clockwork stands still while nothing is to be done: an idle centre uses no processor. */
const wake = (): void => {
  if (ticking || engine.wheel.size === 0) return;
  ticking = true;
  setTimeout(tick, Math.max(1, engine.wheel.nextAt - clock()));
};

const pool = new PortPool(
  {
    address: settings.address,
    first: settings.first,
    last: settings.last,
    ahead: settings.ahead,
    quarantineMs: settings.quarantineMs,
    policy: { anyAddress: settings.anySource, trusted: new Set(settings.trustedSources) },
    announce: (port) => report({ t: 'free', port }),
    refused: (port, detail) => report({ t: 'sockets', port, detail }),
    handlers: {
      rtp: (pair, packet, address, port) => {
        const stream = pool.berths.get(pair.port)?.stream;
        if (stream) engine.receive(stream, packet, address, port, clock());
      },
      rtcp: (pair, packet, address) => {
        const stream = pool.berths.get(pair.port)?.stream;
        if (stream) engine.receiveControl(stream, packet, address, clock());
      },
    },
  },
  engine.wheel,
  wake,
);

/** Which pair a stream uses, to give it back. */
const berths = new Map<number, Berth>();

const open = (id: number, port: number): void => {
  const berth = pool.take(port);
  if (berth === null) return report({ t: 'sockets', port, detail: 'the port is not bound' });
  berth.stream = engine.open(id, berth.pair, berth.lock, clock());
  berths.set(id, berth);
};

const close = (id: number): void => {
  const now = clock();
  const quality = engine.close(id, now);
  const berth = berths.get(id);
  if (quality === null || berth === undefined) return;
  berths.delete(id);
  pool.release(berth, now);
  report({ t: 'closed', id, quality });
};

const stop = (): void => {
  for (const id of berths.keys()) engine.close(id, clock());
  pool.close();
  // Of this thread only; ports at rest and sounds being loaded are not waited for.
  process.exit(0);
};

const obey = (order: WorkerOrder): void => {
  switch (order.t) {
    case 'open':
      return open(order.id, order.port);
    case 'connect':
      return engine.connect(order.id, order.remote, clock());
    case 'close':
      return close(order.id);
    case 'play':
      return engine.play(order.id, order.play, order.language, order.items, order.loop, clock());
    case 'bridge':
      return engine.bridge(order.first, order.second, clock());
    case 'quiet':
      return engine.quiet(order.id, clock());
    case 'silence':
      return engine.setSilenceLimit(order.limitMs);
    case 'stop':
      return stop();
  }
};

const progress = new Int32Array(settings.progress);
setInterval(() => Atomics.add(progress, 0, 1), PROGRESS_MS);

main.on('message', (orders: readonly WorkerOrder[]) => {
  for (const order of orders) obey(order);
  wake();
});

await pool.restore(settings.restore);
await pool.refill();
report({ t: 'ready' });
