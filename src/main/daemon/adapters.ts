import { readFileSync } from 'node:fs';
import type { MediaOptions } from '../../adapters/rtp/media.ts';
import { isWildcard, localAddressTowards } from '../../adapters/sip/advertise.ts';
import type { SipLinesOptions } from '../../adapters/sip/options.ts';
import type { Config } from '../../config/config.ts';

const PROTOCOL = { udp: 'UDP', tcp: 'TCP', tls: 'TLS' } as const;
const textOf = (file: string | null): string | undefined => (file === null ? undefined : readFileSync(file, 'utf8'));

/** The node's file in the words of the SIP adapter. */
export function sipOptions({ sip }: Config, version: string): SipLinesOptions {
  return {
    protocol: PROTOCOL[sip.listen.protocol],
    listen: { address: sip.listen.address, port: sip.listen.port },
    ...(sip.advertisedAddress === null ? {} : { advertised: { host: sip.advertisedAddress, port: sip.listen.port } }),
    ...(sip.listen.protocol === 'tls'
      ? {
          tls: {
            ca: textOf(sip.tls.caFile),
            cert: textOf(sip.tls.certFile),
            key: textOf(sip.tls.keyFile),
            verify: sip.tls.verify,
          },
        }
      : {}),
    ipbx: sip.ipbx.addresses,
    domain: sip.ipbx.domain,
    lines: sip.lines.map((line) => ({
      id: line.id,
      user: line.user,
      authUser: line.authUser,
      password: line.password?.reveal() ?? '',
      displayName: line.displayName ?? undefined,
      channels: line.channels,
      register: line.register,
      expiresSeconds: line.expiresSeconds,
      callerShown: line.showCaller ? 'asserted' : 'none',
    })),
    codecs: sip.codecs,
    sessionTimer: { expiresSeconds: sip.sessionExpiresSeconds, minSeconds: 90 },
    newCallsPerSecond: sip.newCallsPerSecond,
    retryAfterSeconds: sip.retryAfterSeconds,
    userAgent: `bascule/${version}`,
  };
}

/** The node's file in the words of the media adapter. Far ends are told the address that faces the IPBX. */
export async function mediaOptions({ media, sip }: Config): Promise<MediaOptions> {
  const [ipbx] = sip.ipbx.addresses;
  const facing = isWildcard(media.address) && ipbx !== undefined ? await localAddressTowards(ipbx) : null;
  const advertised = media.advertisedAddress ?? facing;
  return {
    address: media.address,
    ports: media.ports,
    ...(advertised === null ? {} : { advertised }),
    ...(media.promptsDir === null ? {} : { prompts: media.promptsDir }),
    trustedSources: sip.ipbx.addresses.map(({ host }) => host),
  };
}

/** A PostgreSQL address with its password put in, for the driver alone; never logged. */
export function databaseUrl({ database }: Config): string | null {
  if (database.url === null || database.password === null) return database.url;
  const url = new URL(database.url);
  url.password = encodeURIComponent(database.password.reveal());
  return url.toString();
}
