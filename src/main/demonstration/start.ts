import { randomBytes } from 'node:crypto';
import type { Config } from '../../config/config.ts';
import type { CentreDocument } from '../../wire/centre.ts';
import { demonstrationCentre } from './centre.ts';
import { demonstrationConfig } from './config.ts';
import { Ipbx } from './ipbx/ipbx.ts';
import type { IpbxUser } from './ipbx/ipbx.ts';
import {
  AGENTS,
  BILLING_NUMBER,
  CLOSED_NUMBER,
  DOMAIN,
  OUTSIDE_EXTENSION,
  RECEPTION_NUMBER,
  SERVICE_USER,
  URGENT_NUMBER,
  WATCH_USER,
} from './numbers.ts';
import { Crowd } from './people/crowd.ts';
import { Scene } from './people/scene.ts';
import type { News } from './people/scene.ts';
import { Random } from './random.ts';
import { Show } from './show/show.ts';
import { tallyLine } from './show/tally.ts';
import type { Tally } from './show/tally.ts';
import type { Output } from './show/terminal.ts';
import type { Address } from './sip/transactions.ts';

/** What the daemon is to be started with. The centre is for a database that has none yet: what somebody changed since stays. */
export interface DaemonSetup {
  readonly config: Config;
  readonly centreImport: readonly CentreDocument[];
  /** To be called when the daemon ends for another reason, such as a `bascule stop`: the demonstration ends with it. */
  readonly onStopped: () => void;
}

export interface RunningDaemon<Status> {
  status(): Status;
  /** Ends in order: calls, lines, writes, database. */
  stop(): Promise<void>;
}

export interface DemonstrationOptions<Status> {
  readonly dataDir: string;
  readonly stdout: Output;
  readonly isTty: boolean;
  readonly startDaemon: (setup: DaemonSetup) => Promise<RunningDaemon<Status>>;
  /** Queues and agents as lines, at most so many columns wide. */
  readonly render: (status: Status, columns: number) => readonly string[];
  /** The same seed makes the same people call. */
  readonly seed?: number;
  /** Calls to make before the demonstration ends by itself; null, the default: until it is stopped. */
  readonly calls?: number | null;
  /** 1: real time. Less makes the people (not the daemon) quicker. */
  readonly pace?: number;
  readonly maxCallers?: number;
  /** Users that the hunt numbers try in turn. Default `[svc]`; with a second server, `[svc, watch, svc]`. */
  readonly huntUsers?: readonly string[];
  /** Told everything that happens, besides what is shown. */
  readonly onNews?: (news: News) => void;
}

export interface Demonstration {
  readonly ipbx: Address;
  /** Resolves when everything is closed, with what was counted. */
  readonly ended: Promise<Tally>;
  /** Ends everything in order; again: the same end. */
  stop(): Promise<Tally>;
}

const HUNT_NO_ANSWER_MS = 8_000;
const HUNT_SILENCE_MS = 2_000;
const REGISTERED_WITHIN_MS = 20_000;
const REGISTERED_LOOK_MS = 50;
const DEFAULT_SEED = 1_990;
const DEFAULT_MAX_CALLERS = 10;

const secret = (): string => randomBytes(12).toString('base64url');

/** Everybody with an account at the IPBX, with passwords of the day. */
function accounts(): ReadonlyMap<string, IpbxUser> {
  const users = new Map<string, IpbxUser>();
  for (const user of [SERVICE_USER, WATCH_USER]) users.set(user, { password: secret(), service: true });
  for (const user of [...AGENTS.map(({ extension }) => extension), OUTSIDE_EXTENSION]) {
    users.set(user, { password: secret(), service: false });
  }
  return users;
}

function introduction(dataDir: string, ipbx: Address): readonly string[] {
  return [
    'bascule demonstration: simulated people, real SIP and sound. Ctrl-C ends it.',
    `Elsewhere: scripts/bascule status --watch   Data ${dataDir}   IPBX ${ipbx.host}:${ipbx.port}`,
    'A centre of your own: scripts/bascule init',
  ];
}

/**
 * Starts the IPBX, the daemon registered at it, the agents, then the callers. Resolves when calls begin to come.
 * Rejects, with everything closed again, when the daemon does not start or does not register.
 */
export async function startDemonstration<Status>(options: DemonstrationOptions<Status>): Promise<Demonstration> {
  const users = accounts();
  const passwordOf = (user: string): string => users.get(user)?.password ?? '';
  const ipbx = new Ipbx({
    domain: DOMAIN,
    users,
    hunt: {
      numbers: [RECEPTION_NUMBER, URGENT_NUMBER, BILLING_NUMBER, CLOSED_NUMBER],
      users: options.huntUsers ?? [SERVICE_USER],
      noAnswerMs: HUNT_NO_ANSWER_MS,
      silenceMs: HUNT_SILENCE_MS,
    },
  });
  await ipbx.start();
  let daemon: RunningDaemon<Status> | null = null;
  const daemonStopped = Promise.withResolvers<void>();
  try {
    daemon = await options.startDaemon({
      config: await demonstrationConfig(options.dataDir, {
        ipbx: ipbx.address,
        domain: DOMAIN,
        user: SERVICE_USER,
        password: passwordOf(SERVICE_USER),
      }),
      centreImport: demonstrationCentre(),
      onStopped: daemonStopped.resolve,
    });
    await registered(ipbx);
  } catch (error) {
    await daemon?.stop();
    await ipbx.stop();
    throw error;
  }
  const demonstration = run(options, ipbx, daemon, passwordOf);
  void daemonStopped.promise.then(() => demonstration.stop().catch(() => {}));
  return demonstration;
}

async function registered(ipbx: Ipbx): Promise<void> {
  const until = performance.now() + REGISTERED_WITHIN_MS;
  while (!ipbx.registered().includes(SERVICE_USER)) {
    if (performance.now() > until) throw new Error('The daemon did not register at the demonstration’s IPBX');
    await new Promise((resolve) => setTimeout(resolve, REGISTERED_LOOK_MS));
  }
}

function run<Status>(
  options: DemonstrationOptions<Status>,
  ipbx: Ipbx,
  daemon: RunningDaemon<Status>,
  passwordOf: (user: string) => string,
): Demonstration {
  const show = new Show({
    output: options.stdout,
    isTty: options.isTty,
    introduction: introduction(options.dataDir, ipbx.address),
    view: (columns) => options.render(daemon.status(), columns),
  });
  const scene = new Scene(options.pace ?? 1, (news) => {
    show.add(news);
    options.onNews?.(news);
  });
  const crowd = new Crowd({
    scene,
    random: new Random(options.seed ?? DEFAULT_SEED),
    ipbx: ipbx.address,
    passwordOf,
    maxCallers: options.maxCallers ?? DEFAULT_MAX_CALLERS,
    calls: options.calls ?? null,
  });
  show.start();
  const ended = Promise.withResolvers<Tally>();
  let stopping = false;
  const stop = (): Promise<Tally> => {
    if (!stopping) {
      stopping = true;
      end(options.stdout, { scene, show, crowd, daemon, ipbx }).then(ended.resolve, ended.reject);
    }
    return ended.promise;
  };
  crowd
    .comeIn()
    .then(() => crowd.call())
    .then(stop)
    .catch((error: unknown) => {
      void stop().catch(() => {});
      ended.reject(error);
    });
  return { ipbx: ipbx.address, ended: ended.promise, stop };
}

interface Everything {
  readonly scene: Scene;
  readonly show: Show;
  readonly crowd: Crowd;
  readonly daemon: RunningDaemon<unknown>;
  readonly ipbx: Ipbx;
}

/** Callers hang up, then agents; the daemon de-registers while the IPBX still listens; telephones and IPBX close last. */
async function end(stdout: Output, { scene, show, crowd, daemon, ipbx }: Everything): Promise<Tally> {
  scene.end();
  show.stop();
  stdout.write('Ending: calls hang up, the daemon de-registers, its database stops.\n');
  try {
    await crowd.hangUp();
    await daemon.stop();
  } finally {
    await crowd.goHome();
    await ipbx.stop();
  }
  stdout.write(`${tallyLine(show.tally)}.\n`);
  return show.tally;
}
