/**
 * Every error an operator or a program can be shown. The table is the documentation: `code` never changes meaning,
 * `message` says what is wrong, `remedy` says what to do next. `{name}` is filled from the error's fields.
 */
export const ERRORS = {
  // Configuration file (CFG)
  CFG_NOT_FOUND: {
    message: 'The configuration file {file} does not exist.',
    remedy: 'Run `bascule init` to write one, or give its path with --config.',
  },
  CFG_UNREADABLE: {
    message: 'The configuration file {file} cannot be read: {detail}.',
    remedy: 'Let the account that runs bascule read it.',
  },
  CFG_EXISTS: { message: '{file} exists already.', remedy: 'Give another folder with --dir, or --force to replace it.' },
  CFG_YAML: {
    message: '{file}:{line}: the file is not valid YAML: {detail}.',
    remedy: 'Correct the line; indentation is two spaces, never a tab.',
  },
  CFG_INVALID: { message: '{file}:{line}: {key}: {detail}.', remedy: '{remedy}' },
  CFG_RELATION: { message: '{file}: {detail}.', remedy: '{remedy}' },
  // Configuration of the centre (CTR)
  CTR_UNKNOWN: { message: 'There is no {kind} “{id}”.', remedy: 'List those that exist with `bascule {kind} list`.' },
  CTR_INVALID: { message: '{kind} “{id}”: {key}: {detail}.', remedy: '{remedy}' },
  CTR_FILE: { message: '{file}:{line}: {detail}.', remedy: '{remedy}' },
  CTR_REFERENCE: {
    message: '{kind} “{id}” names the {otherKind} “{other}”, which does not exist.',
    remedy: 'Create it first, or name another.',
  },
  CTR_IN_USE: { message: '{kind} “{id}” is used by {users}.', remedy: 'Change those first, then remove it.' },
  CTR_DUPLICATE: { message: '{kind} “{id}”: {key} is already taken by {users}.', remedy: 'Give each its own.' },
  // Orders about agents and calls (AGT, CAL)
  AGT_UNKNOWN: { message: 'There is no agent “{id}”.', remedy: 'List the agents with `bascule agent list`.' },
  AGT_NOT_SIGNED_IN: {
    message: 'Agent “{id}” is not signed in.',
    remedy: 'Sign in first: `bascule agent sign-in {id}`, or the sign-in code from the extension.',
  },
  AGT_SIGNED_IN: { message: 'Agent “{id}” is already signed in.', remedy: 'Nothing to do; to change extension, sign out first.' },
  AGT_BUSY: {
    message: 'Agent “{id}” is {state}: this can be done when the call is over.',
    remedy: 'Wait for the end of the call.',
  },
  AGT_REASON: { message: 'There is no pause reason “{reason}”.', remedy: 'Use one of: {reasons}.' },
  AGT_EXTENSION_TAKEN: {
    message: 'Extension is already used by agent “{other}”.',
    remedy: 'Sign that agent out first, or use another telephone.',
  },
  CAL_UNKNOWN: { message: 'There is no call “{id}” in progress.', remedy: 'List the calls with `bascule calls`.' },
  CAL_STATE: { message: 'The call “{id}” is {state}: this needs a waiting call.', remedy: 'See `bascule calls`.' },
  // SIP (SIP)
  SIP_LIBRARY: {
    message: 'sip.js {version} lacks {member}, on which the SIP adapter relies.',
    remedy: 'Install the pinned version: `npm ci`.',
  },
  SIP_BIND: {
    message: 'SIP cannot listen on {address}:{port}: {detail}.',
    remedy: 'Free the port or change sip.listen in the configuration.',
  },
  SIP_REGISTER: {
    message: 'Line “{line}”: the IPBX refused the registration with {status}.',
    remedy: 'Check the user and the password of the line, and that the IPBX knows it.',
  },
  SIP_UNREACHABLE: {
    message: 'Line “{line}”: the IPBX at {address} does not answer.',
    remedy: 'Check the address, the network and the firewall between the two.',
  },
  // Media (MED)
  MED_PORTS: { message: 'All RTP ports from {first} to {last} are in use.', remedy: 'Widen media.ports: two ports a leg.' },
  MED_BIND: {
    message: 'RTP cannot use {address}, ports {first} to {last}: {detail}.',
    remedy: 'Correct media.address and media.ports in the configuration; the address must be one of this server.',
  },
  MED_PROMPT: {
    message: 'The prompt “{prompt}” was not found for language {language}.',
    remedy: 'Put {prompt}.wav into the prompts folder, or change the name where it is used.',
  },
  MED_WAV: {
    message: 'The sound file {file} cannot be read: {detail}.',
    remedy: 'Give a WAV file: PCM of 8 to 32 bits, float or G.711, any rate, one or two channels.',
  },
  // Store (STO)
  STO_UNAVAILABLE: {
    message: 'PostgreSQL does not answer: {detail}.',
    remedy: 'Calls go on and are spooled; start PostgreSQL again, the spool drains by itself.',
  },
  STO_MIGRATION: {
    message: 'The database’s schema is at {found}, this version knows up to {known}.',
    remedy: 'Install the version that wrote it, or restore a backup made before.',
  },
  STO_EMBEDDED: {
    message: 'The embedded PostgreSQL did not start: {detail}.',
    remedy: 'See {log}; or set database.url to a PostgreSQL of yours.',
  },
  STO_SPOOL_FULL: {
    message: 'The spool of writes has reached its limit of {limit} records.',
    remedy: 'Start PostgreSQL again at once: further call records cannot be kept.',
  },
  STO_IN_USE: {
    message: 'Another daemon already uses the data folder {folder}.',
    remedy: 'Stop it first, or give this one a folder of its own.',
  },
  STO_NODE_STATE: {
    message: 'The node’s own file {file} cannot be used: {detail}.',
    remedy: 'Free space on its disk and check its rights; then start the daemon again if it has stopped.',
  },
  STO_REJECTED: {
    message: 'PostgreSQL refused the record {key} with SQLSTATE {state}: it was set aside.',
    remedy: 'Nothing else was held up; report it, the record is in the table `rejected` of node.db.',
  },
  // Command line (CLI)
  CLI_USAGE: { message: 'The command is not right: {detail}.', remedy: 'See `bascule help` and `bascule help COMMAND`.' },
  // Daemon and its socket (DMN)
  DMN_NOT_RUNNING: {
    message: 'No daemon answers on {socket}.',
    remedy: 'Start it: `bascule start`, or `systemctl start bascule`.',
  },
  DMN_RUNNING: { message: 'A daemon already runs on {socket} (process {pid}).', remedy: 'Stop it first: `bascule stop`.' },
  DMN_STARTING: { message: 'The daemon is still starting.', remedy: 'Try again in a moment.' },
  DMN_REQUEST: {
    message: 'The request is not valid: {detail}.',
    remedy: 'Use a `bascule` command of the same version as the daemon.',
  },
  DMN_SOCKET: {
    message: 'The socket {socket} cannot be used: {detail}.',
    remedy: 'Use the daemon’s account (or its group, with control.group), and check the rights of the folder.',
  },
  DMN_FAILED: {
    message: 'The daemon could not do it: {detail}.',
    remedy: 'See the daemon’s log at this time; if it stays so, report it.',
  },
  DMN_LOST: {
    message: 'The daemon closed the connection before it answered.',
    remedy: 'See whether it still runs: `bascule status`; then its log.',
  },
  DMN_METRICS: {
    message: 'Metrics cannot listen on {address}:{port}: {detail}.',
    remedy: 'Free the port, change metrics.port, or set metrics.enabled to false.',
  },
  DMN_CAPACITY: {
    message: '{what} has reached its limit of {limit}.',
    remedy: 'Raise the limit in the configuration if the server can carry it.',
  },
} as const satisfies Record<string, { readonly message: string; readonly remedy: string }>;

export type ErrorCode = keyof typeof ERRORS;
export type ErrorFields = Readonly<Record<string, string | number>>;

const fill = (template: string, fields: ErrorFields): string =>
  template.replace(/\{(\w+)\}/g, (whole, name: string) => String(fields[name] ?? whole));

/** An expected failure with a code of the table; `message` and `remedy` are ready to be shown. */
export class BasculeError extends Error {
  override readonly name = 'BasculeError';
  readonly code: ErrorCode;
  readonly remedy: string;
  readonly fields: ErrorFields;

  constructor(code: ErrorCode, fields: ErrorFields = {}, options?: { cause?: unknown }) {
    super(fill(ERRORS[code].message, fields), options);
    this.code = code;
    this.remedy = fill(ERRORS[code].remedy, fields);
    this.fields = fields;
  }
}
