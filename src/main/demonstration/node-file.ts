import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import type { z } from 'zod';
import { nodeFileSchema } from '../../config/schema.ts';
import type { NodeFile } from '../../config/schema.ts';
import type { Address } from './sip/transactions.ts';

const LOOPBACK = '127.0.0.1';
/** RTP and RTCP for two legs of each of a few dozen calls. */
const MEDIA_PORTS = 200;
/** Ranges of RTP ports to choose from, below those that Linux gives out by itself (32768 and above). */
const FIRST_MEDIA_PORT = 16_384;
const MEDIA_RANGES = 80;
/** Where the README looks for the figures; another port when this one is taken. */
const METRICS_PORT = 9_464;

export interface Account {
  readonly ipbx: Address;
  readonly domain: string;
  readonly user: string;
  readonly password: string;
}

/** The file that `bascule init` would write for this site: everything on loopback, on ports that are free now. */
export async function demonstrationFile(dataDir: string, account: Account): Promise<NodeFile> {
  const port = await freeUdpPort();
  const first = FIRST_MEDIA_PORT + (port % MEDIA_RANGES) * MEDIA_PORTS;
  const file: z.input<typeof nodeFileSchema> = {
    node: 'demonstration',
    dataDir: resolve(dataDir),
    sip: {
      listen: { address: LOOPBACK, port },
      ipbx: { addresses: [`${account.ipbx.host}:${account.ipbx.port}`], domain: account.domain },
      lines: [{ id: 'ipbx', user: account.user, password: account.password, displayName: 'Demonstration', expiresSeconds: 60 }],
    },
    media: { address: LOOPBACK, ports: { first, last: first + MEDIA_PORTS - 1 } },
    metrics: { port: await freeTcpPort(METRICS_PORT) },
    drain: { timeoutMs: '5s' },
  };
  return nodeFileSchema.parse(file);
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
