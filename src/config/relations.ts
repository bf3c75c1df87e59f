import { BasculeError } from '../core/kernel/errors.ts';
import type { NodeFile } from './schema.ts';

/** What one value says about another, checked with the arithmetic in the message. */

interface Finding {
  readonly detail: string;
  readonly remedy: string;
}

type Relation = (file: NodeFile) => readonly Finding[];

/** RTP and its RTCP. A channel is one leg, so it has one stream. */
const PORTS_A_CHANNEL = 2;

const channelsOf = ({ sip }: NodeFile): number => sip.lines.reduce((sum, { channels }) => sum + channels, 0);

const rtpPorts: Relation = (file) => {
  const { first, last } = file.media.ports;
  if (last <= first)
    return [
      {
        detail: `media.ports.last (${last}) is not above media.ports.first (${first})`,
        remedy: 'Give a last port above the first.',
      },
    ];
  if (first % 2 !== 0)
    return [
      {
        detail: `media.ports.first (${first}) is odd: RTP takes even ports, RTCP the next`,
        remedy: `Give ${first + 1} or ${first - 1}.`,
      },
    ];
  const channels = channelsOf(file);
  const needed = PORTS_A_CHANNEL * channels;
  const given = last - first + 1;
  if (given >= needed) return [];
  return [
    {
      detail:
        `media.ports gives ${given} ports (${first} to ${last}), but ${channels} channels need ${needed}: ` +
        `${PORTS_A_CHANNEL} ports × ${channels} channels`,
      remedy:
        first + needed - 1 <= 65_535
          ? `Set media.ports.last to ${first + needed - 1} or more, or lower the channels to ${Math.floor(given / PORTS_A_CHANNEL)} in all.`
          : `Lower the channels to ${Math.floor(given / PORTS_A_CHANNEL)} in all.`,
    },
  ];
};

const sipPortApart: Relation = ({ media, sip }) => {
  const { port, protocol } = sip.listen;
  const { first, last } = media.ports;
  if (protocol !== 'udp' || port < first || port > last) return [];
  return [
    {
      detail: `sip.listen.port (${port}) lies within media.ports (${first} to ${last})`,
      remedy: 'Give SIP a port outside that range.',
    },
  ];
};

const metricsPortApart: Relation = ({ metrics, sip }) => {
  if (!metrics.enabled || sip.listen.protocol === 'udp' || metrics.port !== sip.listen.port) return [];
  return [{ detail: `metrics.port and sip.listen.port are both ${metrics.port} on TCP`, remedy: 'Give them different ports.' }];
};

const twice = (values: readonly string[]): readonly string[] => [
  ...new Set(values.filter((value, index) => values.indexOf(value) !== index)),
];

const linesApart: Relation = ({ sip }) => [
  ...twice(sip.lines.map(({ id }) => id)).map((id) => ({
    detail: `sip.lines has the id ${id} twice`,
    remedy: 'Give each line its own id.',
  })),
  ...twice(sip.lines.map(({ user }) => user)).map((user) => ({
    detail: `sip.lines registers the SIP user ${user} twice`,
    remedy: 'Give each line a user of its own, or raise the channels of one.',
  })),
];

const onePassword: Relation = ({ sip }) =>
  sip.lines
    .filter(({ password, passwordFile }) => password !== null && passwordFile !== null)
    .map(({ id }) => ({ detail: `line ${id} has both password and passwordFile`, remedy: 'Keep passwordFile.' }));

const ipbxPairApart: Relation = ({ sip }) =>
  twice(sip.ipbx.addresses).map((address) => ({
    detail: `sip.ipbx.addresses names ${address} twice`,
    remedy: 'Give the address of the other IPBX of the pair, or only one.',
  }));

const tlsFiles: Relation = ({ sip }) => {
  if (sip.listen.protocol !== 'tls') return [];
  const absent = (['certFile', 'keyFile'] as const).filter((key) => sip.tls[key] === null);
  if (absent.length === 0) return [];
  return [
    {
      detail: `sip.listen.protocol is tls, which needs ${absent.map((key) => `sip.tls.${key}`).join(' and ')}`,
      remedy: 'Give both files: the IPBX opens connections to this server too.',
    },
  ];
};

const noPasswordInUrl: Relation = ({ database }) => {
  if (database.url === null || !URL.canParse(database.url)) return [];
  if (new URL(database.url).password === '' && !/[?&]password=/.test(database.url)) return [];
  return [
    {
      detail: 'database.url holds a password, which process lists and logs would show',
      remedy: 'Remove it from the URL and put it into a file named by database.passwordFile.',
    },
  ];
};

const RELATIONS: readonly Relation[] = [
  rtpPorts,
  sipPortApart,
  metricsPortApart,
  linesApart,
  onePassword,
  ipbxPairApart,
  tlsFiles,
  noPasswordInUrl,
];

/** Relations between values that do not hold, as BasculeErrors CFG_RELATION. */
export const checkRelations = (values: NodeFile, file: string): readonly BasculeError[] =>
  RELATIONS.flatMap((relation) => relation(values)).map(
    ({ detail, remedy }) => new BasculeError('CFG_RELATION', { file, detail, remedy }),
  );

const LOOPBACK = /^(127\.|::1$|localhost$)/;

/** What works but should be known. */
export const warningsOf = (values: NodeFile): readonly string[] => [
  ...(values.metrics.enabled && !LOOPBACK.test(values.metrics.address)
    ? [`metrics.address (${values.metrics.address}) is not loopback: figures of the service are readable from the network.`]
    : []),
  ...values.sip.lines
    .filter(({ register, password, passwordFile }) => register && password === null && passwordFile === null)
    .map(({ id }) => `line ${id} registers without a password: the IPBX must accept it so.`),
  ...values.sip.lines
    .filter(({ password }) => password !== null)
    .map(({ id }) => `line ${id} has its password in this file: prefer passwordFile.`),
  ...(values.sip.listen.protocol === 'tls' && !values.sip.tls.verify
    ? ['sip.tls.verify is off: anybody could pretend to be the IPBX.']
    : []),
  ...(channelsOf(values) > values.limits.calls
    ? [`the lines have ${channelsOf(values)} channels in all, but limits.calls refuses calls beyond ${values.limits.calls}.`]
    : []),
  ...(values.log.maskNumbers ? [] : ['log.maskNumbers is off: telephone numbers are written to the logs.']),
];
