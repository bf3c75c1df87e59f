import { join } from 'node:path';
import { ControlServer } from '../../../src/adapters/control/server.ts';
import { usersOf } from '../../../src/core/centre/references.ts';
import { validateCentre } from '../../../src/core/centre/validate.ts';
import { BasculeError } from '../../../src/core/kernel/errors.ts';
import type { Order } from '../../../src/core/kernel/events.ts';
import type { Log } from '../../../src/ports/log.ts';
import type { CentreDocument, CentreKind } from '../../../src/wire/centre.ts';
import { assembleCentre, parseEntry } from '../../../src/wire/centre.ts';
import type { ChangeReport, ControlHandlers } from '../../../src/wire/control.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { aStatus } from './status.ts';

export const silentLog: Log = {
  log: () => {},
  child: () => silentLog,
};

/** The other end of the socket, with a centre in memory and orders that are only noted. */
export class FakeDaemon {
  readonly socket = join(temporaryFolder('control'), 'control.sock');
  readonly orders: { readonly order: Order; readonly by: string }[] = [];
  readonly requests: string[] = [];
  readonly server: ControlServer;
  readonly #objects = new Map<string, CentreDocument>();
  callsInProgress = 3;

  constructor(changes: Partial<ControlHandlers> = {}) {
    this.server = new ControlServer({
      socket: this.socket,
      group: false,
      log: silentLog,
      handlers: { ...this.#handlers(), ...changes },
    });
  }

  async start(): Promise<this> {
    await this.server.start();
    return this;
  }

  #all(): readonly CentreDocument[] {
    return [...this.#objects.values()];
  }

  #change(kind: CentreKind, id: string, document: unknown): ChangeReport {
    const key = `${kind}/${id}`;
    const before = this.#objects.get(key);
    if (document === null) {
      if (before === undefined) throw new BasculeError('CTR_UNKNOWN', { kind, id });
      const users = usersOf(assembleCentre(this.#all()), kind, id);
      if (users.length > 0) throw new BasculeError('CTR_IN_USE', { kind, id, users: users.join(', ') });
      this.#objects.delete(key);
      return { kind, id, before: before.document, after: null };
    }
    const entry = parseEntry(kind, id, document);
    const [problem] = validateCentre(assembleCentre([...this.#all().filter((other) => other !== before), entry]));
    if (problem !== undefined) throw problem;
    this.#objects.set(key, entry);
    return { kind, id, before: before?.document ?? null, after: entry.document };
  }

  #handlers(): ControlHandlers {
    return {
      ping: () => ({ pid: process.pid, version: '1.2.3', node: 'srv1' }),
      status: () => aStatus(),
      calls: ({ ended }) => (ended === null ? aStatus().site.calls.map((call) => ({ ...call })) : [ENDED]),
      agents: () => aStatus().site.agents,
      order: ({ order }, by) => {
        if ('agent' in order && order.agent === 'nobody') throw new BasculeError('AGT_UNKNOWN', { id: 'nobody' });
        this.orders.push({ order, by });
        return null;
      },
      'centre.list': ({ kind }) => this.#all().filter((entry) => entry.kind === kind),
      'centre.get': ({ kind, id }) => {
        const found = this.#objects.get(`${kind}/${id}`);
        if (found === undefined) throw new BasculeError('CTR_UNKNOWN', { kind, id });
        return found;
      },
      'centre.set': ({ kind, id, document }) => [this.#change(kind, id, document)],
      'centre.remove': ({ kind, id }) => [this.#change(kind, id, null)],
      'centre.import': ({ changes }) => {
        const entries = changes.map(({ kind, id, document }) => parseEntry(kind, id, document));
        const [problem] = validateCentre(assembleCentre([...this.#all(), ...entries]));
        if (problem !== undefined) throw problem;
        for (const entry of entries) this.#objects.set(`${entry.kind}/${entry.id}`, entry);
        return entries.map(({ kind, id, document }) => ({ kind, id, before: null, after: document }));
      },
      'centre.export': () => this.#all(),
      drain: ({ on }) => {
        this.requests.push(`drain ${on}`);
        if (on) setTimeout(() => void this.server.stop(), 20);
        return { draining: on, callsInProgress: this.callsInProgress };
      },
      stop: ({ now }) => {
        this.requests.push(`stop ${now}`);
        setTimeout(() => void this.server.stop(), 20);
        return { pid: process.pid, callsInProgress: this.callsInProgress };
      },
      reload: () => ({ applied: ['limits.calls'], needRestart: ['sip.listen.port'] }),
    };
  }
}

const ENDED = {
  call: 'c-9',
  campaign: 'sales',
  queue: 'sales',
  agent: 'anna',
  line: 'main',
  caller: '0612345678',
  dialled: '0199000001',
  arrivedAt: Date.UTC(2026, 10, 2, 9, 30, 15),
  endedAt: Date.UTC(2026, 10, 2, 9, 33, 0),
  outcome: 'answered',
  stage: 'conversation',
  waitMs: 12_400,
  talkMs: 150_000,
};
