import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

const LOOPBACK = '127.0.0.1';
// Below the kernel's ephemeral range (32768…), so that no client socket takes a port between the probe and its use.
const FIRST = 12_000;
const LAST = 31_000;
// Processes that test at the same time start looking at different places.
let next = FIRST + ((process.pid * 97) % (LAST - FIRST));

const udpFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => resolve(false));
    socket.bind({ port, address: LOOPBACK, exclusive: true }, () => socket.close(() => resolve(true)));
  });

const tcpFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: LOOPBACK, exclusive: true }, () => server.close(() => resolve(true)));
  });

/** The first of `count` ports in a row, even, free on loopback for UDP and TCP, and not given before by this process. */
export const freePorts = async (count = 1): Promise<number> => {
  for (let attempt = 0; attempt < 500; attempt++) {
    if (next + count >= LAST) next = FIRST;
    const first = next + (next % 2);
    next = first + count;
    let free = true;
    for (let port = first; free && port < first + count; port++) free = (await udpFree(port)) && (await tcpFree(port));
    if (free) return first;
  }
  throw new Error(`No ${count} free ports in a row between ${FIRST} and ${LAST}.`);
};

/** A range for RTP: not probed one by one, only kept apart from what `freePorts` gives. */
export const portRange = (count: number): { readonly first: number; readonly last: number } => {
  const spread = Math.max(1, 65_000 - 33_000 - count);
  const first = 33_000 + 2 * Math.floor(((process.pid * 997) % spread) / 2);
  return { first, last: first + count - 1 };
};
