import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import type { Config } from '../../config/config.ts';
import { nodeFileSchema } from '../../config/schema.ts';
import { Secret } from '../../config/secret.ts';
import type { Address } from './sip/transactions.ts';

const LOOPBACK = '127.0.0.1';
/** RTP and RTCP for two legs of each of a few dozen calls. */
const MEDIA_PORTS = 200;
/** Ranges of RTP ports to choose from, below those that Linux gives out by itself (32768 and above). */
const FIRST_MEDIA_PORT = 16_384;
const MEDIA_RANGES = 80;
/** Where the README looks for the figures; another port when this one is taken. */
const METRICS_PORT = 9_464;

const REGISTRATION_S = 60;
/** Everybody has hung up when the daemon is asked to stop; this is for a call that nobody told it about. */
const DRAIN_MS = 5_000;
/** There is no file to read again. */
const NO_FILE = '(demonstration)';

export interface Account {
  readonly ipbx: Address;
  readonly domain: string;
  readonly user: string;
  readonly password: string;
}

/** What a file written for this site would be read as: everything on loopback, on ports that are free now. */
export async function demonstrationConfig(dataDir: string, account: Account): Promise<Config> {
  const port = await freeUdpPort();
  const first = FIRST_MEDIA_PORT + (port % MEDIA_RANGES) * MEDIA_PORTS;
  const values = nodeFileSchema.parse({
    node: 'demonstration',
    dataDir: resolve(dataDir),
    sip: {
      listen: { address: LOOPBACK, port },
      ipbx: { addresses: [`${account.ipbx.host}:${account.ipbx.port}`], domain: account.domain },
      lines: [{ id: 'ipbx', user: account.user, displayName: 'bascule', expiresSeconds: REGISTRATION_S }],
    },
    media: { address: LOOPBACK, ports: { first, last: first + MEDIA_PORTS - 1 } },
    metrics: { port: await freeTcpPort(METRICS_PORT) },
    drain: { timeoutMs: DRAIN_MS },
  });
  const { sip, dataDir: folder, log, database } = values;
  return {
    ...values,
    file: NO_FILE,
    node: 'demonstration',
    sip: {
      ...sip,
      ipbx: { addresses: [account.ipbx], domain: account.domain },
      lines: sip.lines.map((line) => ({ ...line, authUser: line.user, password: new Secret(account.password) })),
    },
    database: { url: database.url, password: null, spoolLimit: database.spoolLimit },
    control: { socket: resolve(folder, 'control.sock'), group: false },
    log: { ...log, dir: resolve(folder, 'log') },
  };
}

async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, LOOPBACK);
  await once(socket, 'listening');
  const { port } = socket.address();
  const closed = once(socket, 'close');
  socket.close();
  await closed;
  return port;
}

/** `wanted` when nobody listens there, else any. */
async function freeTcpPort(wanted: number): Promise<number> {
  const server = createServer();
  try {
    server.listen(wanted, LOOPBACK);
    await once(server, 'listening');
  } catch {
    return wanted === 0 ? 0 : freeTcpPort(0);
  }
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : wanted;
  const closed = once(server, 'close');
  server.close();
  await closed;
  return port;
}
