/**
 * Writes SIPp scenarios: one place says how a message looks, each behaviour says only what happens. A message is a list of
 * lines; SIPp fills the words in square brackets.
 */

const element = (
  name: string,
  attributes: Readonly<Record<string, string | number | boolean | undefined>>,
  body = '',
): string => {
  const given = Object.entries(attributes).filter(([, value]) => value !== undefined);
  const head = [name, ...given.map(([key, value]) => `${key}="${value}"`)].join(' ');
  return body === '' ? `<${head}/>` : `<${head}>${body}</${name}>`;
};

type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

const sdp = (version: number, direction: Direction): string[] => [
  'v=0',
  `o=sipp 1 ${version} IN IP[local_ip_type] [local_ip]`,
  's=-',
  'c=IN IP[media_ip_type] [media_ip]',
  't=0 0',
  'm=audio [media_port] RTP/AVP 8 101',
  'a=rtpmap:8 PCMA/8000',
  'a=rtpmap:101 telephone-event/8000',
  'a=fmtp:101 0-15',
  'a=ptime:20',
  `a=${direction}`,
];

const message = (lines: readonly string[], body: readonly string[] = []): string => {
  const content =
    body.length > 0 ? ['Content-Type: application/sdp', 'Content-Length: [len]', '', ...body] : ['Content-Length: 0'];
  return `<![CDATA[\n${[...lines, ...content, '', ''].join('\n')}]]>`;
};

const VIA = 'Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch];rport';
const CONTACT = 'Contact: <sip:[local_ip]:[local_port];transport=[transport]>';
const LAST = ['[last_Via:]', '[last_From:]', '[last_To:]', '[last_Call-ID:]', '[last_CSeq:]'];

const send = (text: string, attributes: Readonly<Record<string, string | number | boolean>> = {}): string =>
  element('send', attributes, text);
const receive = (
  attributes: Readonly<Record<string, string | number | boolean | undefined>>,
  actions: readonly string[] = [],
): string => element('recv', attributes, actions.length === 0 ? '' : `<action>${actions.join('')}</action>`);
const label = (id: string): string => element('label', { id });
const pause = (ms: number): string => element('pause', { milliseconds: Math.max(1, Math.round(ms)) });
const goTo = (id: string): string => element('nop', { next: id });
const log = (text: string): string => element('log', { message: text });
const header = (name: string, variable: string): string =>
  element('ereg', { regexp: '.*', search_in: 'hdr', header: `${name}:`, check_it: true, assign_to: variable });

const reply = (status: string, extra: readonly string[] = [], body: readonly string[] = []): string =>
  send(message([`SIP/2.0 ${status}`, ...LAST, ...extra, CONTACT], body));

const scenario = (name: string, steps: readonly string[]): string =>
  `<?xml version="1.0" encoding="UTF-8" ?>\n<scenario name="${name}">\n${steps.join('\n')}\n</scenario>\n`;

type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** One of these messages, within `ms`. SIPp looks at the limit of whichever step it happens to stand at, so all carry it. */
const oneOf = (ms: number | null, over: string, messages: readonly Attributes[]): string[] =>
  messages.map((attributes) => receive({ ...attributes, ...(ms === null ? {} : { timeout: Math.max(1, ms), ontimeout: over }) }));

/**
 * In conversation until the far end hangs up or `ms` are over, which leads to `over`. Whatever else a far end may send meanwhile
 * (hold, refresh, probe) is answered.
 */
const converse = (id: string, ms: number | null, over: string): string[] => [
  label(id),
  ...oneOf(ms, over, [
    { request: 'INVITE', optional: true, next: `${id}i` },
    { request: 'UPDATE', optional: true, next: `${id}u` },
    { request: 'OPTIONS', optional: true, next: `${id}o` },
    { request: 'NOTIFY', optional: true, next: `${id}o` },
    { request: 'ACK', optional: true, next: id },
    { request: 'BYE' },
  ]),
  reply('200 OK'),
  goTo('end'),
  label(`${id}i`),
  send(message(['SIP/2.0 200 OK', ...LAST, '[last_Record-Route:]', CONTACT], sdp(2, 'sendrecv')), { retrans: 500 }),
  receive({ request: 'ACK' }),
  goTo(id),
  label(`${id}u`),
  reply('200 OK', [], sdp(2, 'sendrecv')),
  goTo(id),
  label(`${id}o`),
  reply('200 OK'),
  goTo(id),
];

const END = label('end');

const hangUp = (bye: string): string[] => [
  bye,
  // Both may hang up at the same time: the far end's BYE crosses ours.
  receive({ request: 'BYE', optional: true, next: 'crossed' }),
  receive({ response: 481, optional: true, next: 'end' }),
  receive({ response: 200 }),
  goTo('end'),
  label('crossed'),
  reply('200 OK'),
];

/** A number that no other call of the run has: what the caller's and the agent's side of one call are matched by. */
const CALLER_NUMBER = '06[pid][call_number]';

/**
 * Branch of the first INVITE: its CANCEL and the ACK of its refusal carry the same (RFC 3261 §9.1, §17.1.1.3). SIPp's own
 * `[branch-N]` counts the steps between, which nobody can keep right.
 */
const VIA_INVITE = 'Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=z9hG4bK-[pid]-[call_number]-first;rport';

/** What goes with the first INVITE, on its branch: the CANCEL of it, or the ACK of its refusal. */
const withFirstInvite = (method: 'ACK' | 'CANCEL'): string =>
  message([
    `${method} sip:[service]@ipbx.test SIP/2.0`,
    VIA_INVITE,
    `From: <sip:${CALLER_NUMBER}@trunk.example>;tag=[pid]c[call_number]`,
    `To: <sip:[service]@ipbx.test>${method === 'ACK' ? '[peer_tag_param]' : ''}`,
    'Call-ID: [call_id]',
    `CSeq: 1 ${method}`,
    'Max-Forwards: 70',
  ]);

const callerRequest = (method: string, cseq: number, { to, extra = [] }: { to: string; extra?: readonly string[] }): string[] => [
  `${method} ${to} SIP/2.0`,
  method === 'INVITE' && cseq === 1 ? VIA_INVITE : VIA,
  ...(method === 'INVITE' && cseq === 1 ? [] : ['[routes]']),
  `From: <sip:${CALLER_NUMBER}@trunk.example>;tag=[pid]c[call_number]`,
  `To: <sip:[service]@ipbx.test>${method === 'INVITE' && cseq === 1 ? '' : '[peer_tag_param]'}`,
  'Call-ID: [call_id]',
  `CSeq: ${cseq} ${method}`,
  'Contact: <sip:caller@[local_ip]:[local_port];transport=[transport]>',
  'Max-Forwards: 70',
  ...extra,
];

export interface CallerBehaviour {
  /** The caller hangs up after this long in the call; null: waits for the far end to do it. */
  readonly talkMs: number | null;
  /** Puts the far end on hold for this long, after half of `talkMs`. */
  readonly holdMs?: number;
  /** Digits sent by INFO after the answer, one each 200 ms. */
  readonly infoDigits?: string;
  /** Writes `caller NUMBER TIME` for each call, so that delays can be measured. */
  readonly traced?: boolean;
  /** A 503 is an answer like another: the call ends well, and `shed` is logged. */
  readonly mayBeShed?: boolean;
}

const inviteOf = (traced: boolean, mayBeShed: boolean): string[] => [
  ...(traced ? [element('nop', {}, `<action>${log(`caller ${CALLER_NUMBER} [timestamp]`)}</action>`)] : []),
  send(message(callerRequest('INVITE', 1, { to: 'sip:[service]@ipbx.test' }), sdp(1, 'sendrecv')), {
    retrans: 500,
    start_rtd: 'answer',
  }),
  receive({ response: 100, optional: true }),
  receive({ response: 180, optional: true }),
  receive({ response: 183, optional: true }),
  ...(mayBeShed ? [receive({ response: 503, optional: true, next: 'shed' })] : []),
  receive({ response: 200, rrs: true, rtd: 'answer' }),
  send(message(callerRequest('ACK', 1, { to: '[next_url]' }))),
];

const shed = (): string[] => [
  label('shed'),
  send(withFirstInvite('ACK')),
  element('nop', {}, `<action>${log('shed')}</action>`),
  goTo('end'),
];

const reinvite = (cseq: number, direction: Direction): string[] => [
  send(message(callerRequest('INVITE', cseq, { to: '[next_url]' }), sdp(cseq, direction)), { retrans: 500 }),
  receive({ response: 100, optional: true }),
  receive({ response: 200 }),
  send(message(callerRequest('ACK', cseq, { to: '[next_url]' }))),
];

const callerBye = (cseq: number): string[] =>
  hangUp(send(message(callerRequest('BYE', cseq, { to: '[next_url]' })), { retrans: 500 }));

/** Calls, talks, hangs up. An abandoning caller is one whose `talkMs` ends before an agent answers. */
export const caller = ({ talkMs, holdMs, infoDigits, traced = false, mayBeShed = false }: CallerBehaviour): string => {
  const first = holdMs === undefined ? talkMs : (talkMs ?? 0) / 2;
  let cseq = 2;
  const steps = [...inviteOf(traced, mayBeShed)];
  for (const digit of infoDigits ?? '') {
    const info = callerRequest('INFO', cseq++, { to: '[next_url]', extra: ['Content-Type: application/dtmf-relay'] });
    const body = `Content-Length: [len]\n\nSignal=${digit}\nDuration=160\n`;
    steps.push(pause(200), send(`<![CDATA[\n${info.join('\n')}\n${body}]]>`, { retrans: 500 }), receive({ response: 200 }));
  }
  steps.push(...converse('talk', first, holdMs === undefined ? 'hangup' : 'hold'));
  if (holdMs !== undefined) {
    steps.push(
      label('hold'),
      ...reinvite(cseq++, 'sendonly'),
      pause(holdMs),
      ...reinvite(cseq++, 'sendrecv'),
      ...converse('again', first, 'hangup'),
    );
  }
  return scenario('caller', [...steps, label('hangup'), ...callerBye(cseq), ...(mayBeShed ? shed() : []), END]);
};

/** Gives up before the answer: CANCEL after `afterMs`. A call that is answered all the same is hung up at once. */
export const cancellingCaller = (afterMs: number): string =>
  scenario('caller who gives up', [
    send(message(callerRequest('INVITE', 1, { to: 'sip:[service]@ipbx.test' }), sdp(1, 'sendrecv')), { retrans: 500 }),
    ...oneOf(afterMs, 'cancel', [
      { response: 100, optional: true },
      { response: 180, optional: true },
      { response: 183, optional: true },
      { response: 200, rrs: true },
    ]),
    send(message(callerRequest('ACK', 1, { to: '[next_url]' }))),
    ...callerBye(2),
    goTo('end'),
    label('cancel'),
    send(withFirstInvite('CANCEL'), { retrans: 500 }),
    receive({ response: 200 }),
    receive({ response: 487 }),
    END,
  ]);

/** Calls and expects to be refused with `status`. */
export const refusedCaller = (status: number): string =>
  scenario('caller who is refused', [
    send(message(callerRequest('INVITE', 1, { to: 'sip:[service]@ipbx.test' }), sdp(1, 'sendrecv')), { retrans: 500 }),
    receive({ response: 100, optional: true }),
    receive({ response: 180, optional: true }),
    receive({ response: status }),
    send(withFirstInvite('ACK')),
  ]);

export type AgentBehaviour =
  | {
      readonly does: 'answer';
      /** Rings for so long before the answer. */
      readonly ringMs: number;
      /** Hangs up after this long; null: waits for the caller to. */
      readonly talkMs: number | null;
      /** Writes `agent NUMBER TIME` when the answer is acknowledged. */
      readonly traced?: boolean;
      /** Writes `offered EXTENSION TIME` for each INVITE and `bye EXTENSION TIME` for each BYE it sends. */
      readonly marked?: boolean;
    }
  | { readonly does: 'refuse'; readonly status: string }
  | { readonly does: 'ring' }
  /** Answers, and after `talkMs` knows nothing of the call any more: its BYE was lost. */
  | { readonly does: 'forget'; readonly talkMs: number }
  | { readonly does: 'transfer'; readonly afterMs: number; readonly target: string };

const OWN_TAG = ';tag=[pid]a[call_number]';

/** Headers of the INVITE that are needed again after another request came (RFC 3261 §8.2.6.2). */
const remember = [
  ...[header('Via', 'via'), header('From', 'from'), header('To', 'to'), header('CSeq', 'cseq')],
  element('ereg', { regexp: '.*', search_in: 'hdr', header: 'P-Asserted-Identity:', assign_to: 'asserted' }),
];
const toInvite = (status: string): string =>
  send(
    message([`SIP/2.0 ${status}`, 'Via: [$via]', 'From: [$from]', `To: [$to]${OWN_TAG}`, 'Call-ID: [call_id]', 'CSeq: [$cseq]']),
    { retrans: 500 },
  );

const fresh = (
  status: string,
  body: readonly string[] = [],
  attributes: Readonly<Record<string, string | number>> = {},
): string =>
  send(
    message(
      [
        `SIP/2.0 ${status}`,
        '[last_Via:]',
        '[last_Record-Route:]',
        '[last_From:]',
        `[last_To:]${OWN_TAG}`,
        '[last_Call-ID:]',
        '[last_CSeq:]',
        'Contact: <sip:agent@[local_ip]:[local_port];transport=[transport]>',
      ],
      body,
    ),
    attributes,
  );

const agentRequest = (method: string, cseq: number, extra: readonly string[] = []): string =>
  send(
    message([
      `${method} [next_url] SIP/2.0`,
      VIA,
      '[routes]',
      `From: [$to]${OWN_TAG}`,
      'To: [$from]',
      'Call-ID: [call_id]',
      `CSeq: ${cseq} ${method}`,
      'Contact: <sip:agent@[local_ip]:[local_port];transport=[transport]>',
      'Max-Forwards: 70',
      ...extra,
    ]),
    { retrans: 500 },
  );

const agentBye = (cseq: number): string[] => hangUp(agentRequest('BYE', cseq));

/** After 180: until `ms` are over, or the caller gives up. */
const ringing = (ms: number | null): string[] => [
  fresh('180 Ringing'),
  receive({ request: 'CANCEL', ...(ms === null ? {} : { timeout: Math.max(1, ms), ontimeout: 'answer' }) }),
  reply('200 OK'),
  toInvite('487 Request Terminated'),
  receive({ request: 'ACK' }),
  goTo('end'),
];

const answering = (traced: boolean): string[] => [
  label('answer'),
  fresh('200 OK', sdp(1, 'sendrecv'), { retrans: 500 }),
  // The caller may have given up while the answer was on its way.
  receive({ request: 'CANCEL', optional: true, next: 'late' }),
  receive({ request: 'ACK' }, traced ? [log('agent [$from] [$asserted] [timestamp]')] : []),
  goTo('talk'),
  label('late'),
  reply('200 OK'),
  receive({ request: 'ACK' }),
];

/** A telephone, or as many as extensions lead to it. */
export const agent = (behaviour: AgentBehaviour): string => {
  const marked = behaviour.does === 'answer' && behaviour.marked === true;
  const invited = [
    // Asked from outside a call whether it is there.
    receive({ request: 'OPTIONS', optional: true, next: 'asked' }),
    receive({ request: 'INVITE', rrs: true }, marked ? [...remember, log('offered [$to] [timestamp]')] : remember),
  ];
  const asked = [goTo('end'), label('asked'), fresh('200 OK'), END];
  // SIPp refuses a scenario with a variable that is set and never read.
  const used = element('Reference', { variables: 'via,from,to,cseq,asserted' });
  switch (behaviour.does) {
    case 'answer':
      return scenario('agent who answers', [
        ...invited,
        ...(behaviour.ringMs > 0 ? ringing(behaviour.ringMs) : []),
        ...answering(behaviour.traced ?? false),
        ...converse('talk', behaviour.talkMs, 'hangup'),
        label('hangup'),
        ...(marked ? [element('nop', {}, `<action>${log('bye [$to] [timestamp]')}</action>`)] : []),
        ...agentBye(1),
        ...asked,
        used,
      ]);
    case 'refuse':
      return scenario('agent who refuses', [
        ...invited,
        fresh(behaviour.status, [], { retrans: 500 }),
        receive({ request: 'ACK' }),
        ...asked,
        used,
      ]);
    case 'ring':
      return scenario('agent who does not answer', [...invited, ...ringing(null), ...asked, used]);
    case 'forget':
      return scenario('agent whose BYE was lost', [
        ...invited,
        ...ringing(100),
        ...answering(false),
        label('talk'),
        pause(behaviour.talkMs),
        label('gone'),
        receive({ request: 'OPTIONS', optional: true, next: 'unknown' }),
        receive({ request: 'UPDATE', optional: true, next: 'unknown' }),
        receive({ request: 'INVITE', optional: true, next: 'unknownInvite' }),
        receive({ request: 'BYE', next: 'last' }),
        label('unknown'),
        reply('481 Call Does Not Exist'),
        goTo('end'),
        label('unknownInvite'),
        reply('481 Call Does Not Exist'),
        receive({ request: 'ACK' }),
        goTo('end'),
        label('last'),
        reply('481 Call Does Not Exist'),
        ...asked,
        used,
      ]);
    case 'transfer':
      return scenario('agent who transfers', [
        ...invited,
        ...ringing(50),
        ...answering(false),
        label('talk'),
        pause(behaviour.afterMs),
        agentRequest('REFER', 1, [`Refer-To: <sip:${behaviour.target}@ipbx.test>`, 'Referred-By: <sip:agent@ipbx.test>']),
        receive({ response: 202 }),
        ...converse('wait', 20_000, 'hangup'),
        label('hangup'),
        ...agentBye(2),
        ...asked,
        used,
      ]);
  }
};

/** Registers the users of a CSV file, each on the contact it names: `user;contact;[authentication …]`. */
export const registration = (expires: number): string => {
  const register = (cseq: number, extra: readonly string[]): string =>
    send(
      message([
        'REGISTER sip:ipbx.test SIP/2.0',
        VIA,
        'From: <sip:[field0]@ipbx.test>;tag=[pid]r[call_number]',
        'To: <sip:[field0]@ipbx.test>',
        'Call-ID: [call_id]',
        `CSeq: ${cseq} REGISTER`,
        'Contact: <sip:[field0]@[field1];transport=[transport]>',
        ...extra,
        'Max-Forwards: 70',
        `Expires: ${expires}`,
      ]),
      { retrans: 500 },
    );
  return scenario('registration', [
    register(1, []),
    receive({ response: 401, auth: true }),
    register(2, ['[field2]']),
    receive({ response: 200 }),
  ]);
};
