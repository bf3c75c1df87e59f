import { z } from 'zod';
import { strict } from '../wire/issues.ts';
import { duration, ID_PATTERN, id, whole, zone } from '../wire/values.ts';

/**
 * The node's own file, `config/bascule.yaml`: what differs from one server to the next. Everything about the centre
 * (queues, agents, hours …) is in the database. This is the one place where defaults live.
 */

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

const path = () => z.string().min(1).max(4_096);
const port = () => whole(1, 65_535);
const hostPattern = /^(\[[0-9a-fA-F:.]+\]|[0-9a-zA-Z]([0-9a-zA-Z.-]{0,251}[0-9a-zA-Z])?)$/;
const host = () => z.string().regex(hostPattern, { error: 'must be an IP address or a host name; IPv6 in brackets' });
const address = () =>
  z
    .string()
    .refine((text) => hostPattern.test(text) || /^[0-9a-fA-F:.]+$/.test(text), { error: 'must be an IP address or a host name' });
const hostPort = () =>
  z.string().refine(
    (text) => {
      const [, name, digits] = /^(.*?)(?::(\d{1,5}))?$/.exec(text) ?? [];
      const number = digits === undefined ? 5060 : Number(digits);
      return name !== undefined && hostPattern.test(name) && number >= 1 && number <= 65_535;
    },
    { error: 'must be host:port, for example 192.0.2.10:5060' },
  );
/** A value that only `passwordFile` should replace in production; kept out of descriptions of what was read. */
const secret = () => z.string().min(1).max(1_024);

const line = strict({
  id: id().describe('Name of the line in commands, logs and metrics'),
  user: z
    .string()
    .regex(/^[0-9A-Za-z.!~*'()&=+$,;?/_-]{1,64}$/, { error: 'must be the user part of a SIP address' })
    .describe('SIP user, as the IPBX knows it'),
  authUser: z.string().min(1).max(128).nullable().default(null).describe('User of the digest authentication; null: same as user'),
  passwordFile: path().nullable().default(null).describe('File with the password alone, mode 0600; relative to this file'),
  password: secret().nullable().default(null).describe('The password itself, for tests; prefer passwordFile'),
  displayName: z
    .string()
    .max(64)
    .regex(/^[^"\\\r\n]*$/, { error: 'must not contain quotes, backslashes or line ends' })
    .nullable()
    .default(null)
    .describe('Name shown on called telephones; null: none'),
  channels: whole(1, 10_000)
    .default(30)
    .describe('Calls of this SIP user at the same time, callers and agents counted each; beyond, the IPBX gets 486'),
  register: z.boolean().default(true).describe('Register as a SIP user; false for a trunk that the IPBX knows by address'),
  expiresSeconds: whole(60, 86_400)
    .default(60)
    .describe(
      'Lifetime asked for a registration; it is refreshed at half of it, and an IPBX that restarted is served again then',
    ),
  showCaller: z.boolean().default(true).describe('Show the caller’s number to agents, where the IPBX allows it'),
});

const tls = strict({
  certFile: path().nullable().default(null).describe('Certificate chain (PEM); needed to listen with TLS'),
  keyFile: path().nullable().default(null).describe('Private key (PEM), mode 0600'),
  caFile: path().nullable().default(null).describe('Authorities trusted for the IPBX (PEM); null: those of the system'),
  verify: z.boolean().default(true).describe('Verify the IPBX’s certificate'),
});

const sip = strict({
  listen: strict({
    address: address().default('0.0.0.0').describe('Local address; 0.0.0.0: all'),
    port: port().default(5060).describe('Local port'),
    protocol: z.enum(['udp', 'tcp', 'tls']).default('udp').describe('Transport to the IPBX'),
  })
    .prefault({})
    .describe('Where SIP listens'),
  advertisedAddress: host().nullable().default(null).describe('Address told to the IPBX; null: found from the route to it'),
  ipbx: strict({
    addresses: z.array(hostPort()).min(1).max(2).describe('One address, or two of a redundant pair, as host:port'),
    domain: host().nullable().default(null).describe('SIP domain; null: the host of the first address'),
  }).describe('The establishment’s switch'),
  lines: z.array(line).min(1).max(100).describe('SIP users of this server'),
  codecs: z
    .array(z.enum(['PCMA', 'PCMU']))
    .min(1)
    .max(2)
    .default(['PCMA', 'PCMU'])
    .describe('Codecs, the preferred first'),
  sessionExpiresSeconds: whole(90, 86_400).default(1_800).describe('Session timer (RFC 4028): a dead dialog is found after this'),
  newCallsPerSecond: whole(1, 100_000).default(300).describe('Above this rate new calls get 503; calls in progress go on'),
  retryAfterSeconds: whole(1, 3_600).default(5).describe('Told to the IPBX with a 503'),
  tls: tls.prefault({}).describe('Certificates, when the protocol is tls'),
});

const media = strict({
  address: address().default('0.0.0.0').describe('Local address of RTP; 0.0.0.0: all'),
  advertisedAddress: host().nullable().default(null).describe('Address told in SDP; null: that of SIP'),
  ports: strict({
    first: whole(1_024, 65_534).default(16_384).describe('First RTP port, even'),
    last: whole(1_025, 65_535).default(32_767).describe('Last RTP port'),
  })
    .prefault({})
    .describe('Ports of RTP and RTCP: two for each leg'),
  promptsDir: path().nullable().default(null).describe('Folder of prompts, by language; null: those shipped'),
});

const database = strict({
  url: z
    .string()
    .regex(/^postgres(ql)?:\/\/\S+$/, { error: 'must begin with postgres:// and hold no space' })
    .nullable()
    .default(null)
    .describe('PostgreSQL to use, without its password; null: one embedded under dataDir'),
  passwordFile: path().nullable().default(null).describe('File with the password of the database’s user, mode 0600'),
  spoolLimit: whole(1_000, 100_000_000).default(1_000_000).describe('Records kept on this node’s disk while PostgreSQL is away'),
});

const syslog = strict({
  host: host().describe('Syslog server'),
  port: port().default(514).describe('Its port'),
  protocol: z.enum(['udp4', 'tcp4']).default('udp4').describe('Transport'),
});

const log = strict({
  level: z.enum(['error', 'warn', 'info', 'debug']).default('info').describe('Least level written'),
  dir: path().nullable().default(null).describe('Folder of the daily files; null: log under dataDir'),
  days: whole(1, 3_650).default(30).describe('Days that files are kept'),
  syslog: syslog.nullable().default(null).describe('Also to a syslog server; null: no'),
  maskNumbers: z.boolean().default(true).describe('Hide telephone numbers but their last two digits'),
});

export const nodeFileSchema = strict({
  node: z
    .string()
    .regex(ID_PATTERN, { error: 'must be small letters, digits and hyphens, 63 at most' })
    .nullable()
    .default(null)
    .describe('Name of this server; null: its host name'),
  dataDir: path()
    .default('../data')
    .describe('Folder of everything this node writes; relative to this file. BASCULE_DATA_DIR wins'),
  language: z.enum(['fr', 'en']).default('fr').describe('Language of this node’s messages to people'),
  zone: zone().default('Europe/Paris').describe('Time zone of the establishment'),
  sip: sip.describe('The lines to the IPBX'),
  media: media.prefault({}).describe('Sound'),
  database: database.prefault({}).describe('Where calls, agents’ actions and the centre are kept'),
  control: strict({
    socket: path().nullable().default(null).describe('Socket of `bascule` commands; null: control.sock under dataDir'),
    group: z.boolean().default(false).describe('Let the group of the daemon’s account use it too (mode 0660)'),
  })
    .prefault({})
    .describe('Local commands'),
  metrics: strict({
    enabled: z.boolean().default(true).describe('Serve Prometheus metrics on /metrics'),
    address: address().default('127.0.0.1').describe('Local address; keep it on loopback'),
    port: port().default(9_464).describe('Local port'),
  })
    .prefault({})
    .describe('Figures for Prometheus'),
  log: log.prefault({}).describe('Logs'),
  drain: strict({
    timeoutMs: duration(0, 24 * HOUR)
      .default(5 * MINUTE)
      .describe('Calls left after this are hung up'),
  })
    .prefault({})
    .describe('Orderly stop'),
  limits: strict({
    calls: whole(1, 100_000).default(2_000).describe('Calls at the same time on this node'),
  })
    .prefault({})
    .describe('Bounds of this node'),
});

/** The file as read: defaults filled in, nothing resolved yet. */
export type NodeFile = z.output<typeof nodeFileSchema>;
