import { createSocket } from 'node:dgram';
import type { HostPort } from './wire/types.ts';

const WILDCARDS: ReadonlySet<string> = new Set(['0.0.0.0', '::', '[::]']);
/** The discard port: nothing is sent, the socket only asks the routing table. */
const ANY_PORT = 9;

export const isWildcard = (address: string): boolean => WILDCARDS.has(address);

/** The local address from which packets leave for `host`: what a server that listens on every address tells its peers. */
export function localAddressTowards({ host }: HostPort): Promise<string | null> {
  const bare = host.replace(/^\[|\]$/g, '');
  const socket = createSocket(bare.includes(':') ? 'udp6' : 'udp4');
  return new Promise((resolve) => {
    const finish = (address: string | null): void => {
      socket.close();
      resolve(address);
    };
    // No route or no such name: the caller goes on with what it has, and the IPBX is reported unreachable.
    socket.on('error', () => finish(null));
    socket.connect(ANY_PORT, bare, () => finish(socket.address().address));
  });
}
