import { chmodSync, mkdirSync } from 'node:fs';
import { systemClock } from '../adapters/clock/clock.ts';
import { ControlServer } from '../adapters/control/server.ts';
import { openLog } from '../adapters/log/log.ts';
import { MetricsServer } from '../adapters/metrics/server.ts';
import { createMedia } from '../adapters/rtp/media.ts';
import { createSipLines } from '../adapters/sip/lines.ts';
import type { Config } from '../config/config.ts';
import type { Centre } from '../core/kernel/centre.ts';
import { BasculeError } from '../core/kernel/errors.ts';
import { createSite, viewSite } from '../core/site.ts';
import { createRunner } from '../runtime/effects.ts';
import type { ReplyError } from '../runtime/effects.ts';
import { createLoop } from '../runtime/loop.ts';
import { guardAgainstOverload } from '../runtime/overload.ts';
import type { CentreDocument } from '../wire/centre.ts';
import type { StatusDocument } from '../wire/control.ts';
import { databaseUrl, mediaOptions, sipOptions } from './daemon/adapters.ts';
import { begin, rememberCentre } from './daemon/centre-cache.ts';
import { createCentreService } from './daemon/centre-service.ts';
import { createAdmission, createWait } from './daemon/drain.ts';
import type { Parts } from './daemon/handlers.ts';
import { createHandlers } from './daemon/handlers.ts';
import { systemRandomness } from './daemon/randomness.ts';
import { createReload } from './daemon/reload.ts';
import { openStore } from './daemon/store.ts';

export interface DaemonOptions {
  readonly config: Config;
  readonly version: string;
  /** Log to the terminal too; off while it shows something else. */
  readonly console: boolean;
  /** Imported when the database holds no centre yet. */
  readonly centreImport?: readonly CentreDocument[];
  /** `bascule stop` or `drain` ended the daemon; the process may exit. */
  readonly onStopped?: () => void;
}

export interface Daemon {
  status(): StatusDocument;
  /** No new calls, those in progress to their end (at most `drain.timeoutMs`), then everything in order. */
  drain(): Promise<void>;
  /** Hangs up, de-registers, writes, stops the database. Again: the same end. */
  stop(): Promise<void>;
  /** Reads the node's file again; what is wrong with it is logged, and nothing changed. */
  reload(): void;
}

/** How long hang-ups may take to be told before the lines close. */
const SETTLE_MS = 1_000;

/** Puts the whole appliance together: the only place that names every adapter. Rejects, with all closed again, on failure. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { config, version } = options;
  const opened = openLog({ ...config.log, node: config.node, console: options.console });
  const { log } = opened;
  const clock = systemClock();
  const startedAt = clock.now();
  // What we write is ours alone; others may pass through the folder, as the account of the embedded PostgreSQL must.
  process.umask(0o077);
  mkdirSync(config.dataDir, { recursive: true });
  chmodSync(config.dataDir, 0o711);
  const undo: (() => Promise<unknown> | void)[] = [() => opened.stop()];
  const closeAll = async (): Promise<void> => {
    for (const close of undo.splice(0).reverse()) {
      try {
        await close();
      } catch (error) {
        log.log('error', 'A part did not stop cleanly', { error });
      }
    }
  };
  try {
    return await assemble();
  } catch (error) {
    await closeAll();
    throw error;
  }

  async function assemble(): Promise<Daemon> {
    let parts: Parts | null = null;
    const control = new ControlServer({
      socket: config.control.socket,
      group: config.control.group,
      log,
      handlers: createHandlers(() => needed(parts), config.node, version),
    });
    await control.start();
    undo.push(() => control.stop());

    const store = await openStore({
      dataDir: config.dataDir,
      node: config.node,
      url: databaseUrl(config),
      spoolLimit: config.database.spoolLimit,
      log,
      clock,
    });
    undo.push(() => store.stop());
    const { centre, agents, late } = await begin(store, clock, log);

    const randomness = systemRandomness();
    const media = createMedia(await mediaOptions(config), { log });
    const lines = createSipLines(sipOptions(config, version), { media, clock, log, randomness });
    const site = createSite({
      centre,
      prefix: `${config.node}-${store.nodeState.boot.toString(36)}`,
      seed: Math.floor(randomness() * 4_294_967_296),
      now: clock.now(),
      agents,
    });
    const wait = createWait(clock);
    const admission = createAdmission(lines, (reasons) =>
      log.log('warn', 'Admission of new calls changed', { refusedFor: reasons }),
    );
    const replies = new Map<number, (error: ReplyError) => void>();
    const loop = createLoop({
      site,
      clock,
      log,
      run: createRunner({ lines, media, journal: store.journal, log, reply: (reply, error) => replies.get(reply)?.(error) }),
      afterTurn() {
        admission.set('full', site.calls.size >= config.limits.calls);
        wait.check();
        control.changed();
      },
    });
    undo.push(() => loop.stop());

    const makeEffective = async (changed: Centre): Promise<void> => {
      rememberCentre(store, await centres.all());
      media.setSilenceLimit(changed.settings.silenceProbeMs);
      loop.post({ type: 'centre.changed', centre: changed });
      await loop.idle();
    };
    const centres = createCentreService({ repository: store.centres, clock, changed: makeEffective });
    if (late === null) {
      const documents = await centres.all();
      if (documents.length > 0 || options.centreImport === undefined) rememberCentre(store, documents);
      else await centres.import(options.centreImport, false, 'import');
    }

    await media.start(loop.post);
    undo.push(() => media.stop());
    media.setSilenceLimit(site.centre.settings.silenceProbeMs);
    await lines.start(loop.post);
    undo.push(() => lines.stop());
    const guard = guardAgainstOverload(clock, (on) => admission.set('late', on));
    undo.push(() => guard.stop());

    const status = (): StatusDocument => ({
      version,
      node: config.node,
      pid: process.pid,
      startedAt,
      uptimeMs: clock.now() - startedAt,
      site: viewSite(site),
      lines: lines.status(),
      journal: store.journal.status(),
      media: media.status(),
    });
    if (config.metrics.enabled) {
      const metrics = new MetricsServer({ ...config.metrics, log, source: status });
      undo.push(() => metrics.stop());
      // Calls must be answered even where the figures cannot be served.
      await metrics.start().catch((error: unknown) => log.log('error', 'Figures are not served', { error: String(error) }));
    }

    let ended: Promise<void> | null = null;
    const stop = (): Promise<void> => {
      ended ??= (async () => {
        admission.set('draining', true);
        loop.post({ type: 'stop' });
        await loop.idle();
        await wait.until(() => lines.legs().size === 0, SETTLE_MS);
        log.log('info', 'Stopping');
        await closeAll();
        options.onStopped?.();
      })();
      return ended;
    };
    let draining = false;
    const setDrain = (on: boolean): void => {
      draining = on;
      admission.set('draining', on);
      loop.post({ type: 'drain', on });
    };
    const drain = async (): Promise<void> => {
      log.log('info', 'Draining', { calls: site.calls.size, atMostMs: config.drain.timeoutMs });
      setDrain(true);
      await loop.idle();
      await wait.until(() => site.legs.size === 0 || !draining, config.drain.timeoutMs);
      if (draining) await stop();
    };
    const reload = createReload(config, log, opened.change);
    parts = {
      node: config.node,
      version,
      site,
      loop,
      centres,
      history: store.history,
      replies,
      status,
      stop,
      drain,
      setDrain,
      reload,
    };
    void late?.then(makeEffective, (error: unknown) => log.log('error', 'The centre could not be read', { error }));
    log.log('info', 'Started', { node: config.node, version, agents: site.agents.size, queues: site.centre.queues.size });
    return {
      status,
      drain,
      stop,
      reload() {
        try {
          reload();
        } catch (error) {
          log.log('error', 'The configuration could not be read again', { error });
        }
      },
    };
  }
}

function needed(parts: Parts | null): Parts {
  if (parts === null) throw new BasculeError('DMN_STARTING');
  return parts;
}
