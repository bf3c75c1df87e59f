import type { AgentView, QueueView } from '../core/kernel/view.ts';
import type { StatusDocument } from '../wire/control.ts';
import { aligned, clean, lasting } from './output.ts';

/** The live view of a node, as lines. Pure: shown by `status`, `status --watch` and the demonstration. */

const percent = (share: number | null): string => (share === null ? '-' : `${Math.round(share * 100)}%`);

const headline = ({ version, node, uptimeMs, site }: StatusDocument): string => {
  const calls = `${site.totals.inProgress} ${site.totals.inProgress === 1 ? 'call' : 'calls'} in progress`;
  return `bascule ${version} · ${clean(node)} · up ${lasting(uptimeMs)} · ${calls}${site.draining ? ' · DRAINING: no new calls' : ''}`;
};

const lineText = ({ line, registered, reason, channelsInUse, channels }: StatusDocument['lines'][number]): string => {
  const state = registered ? '' : ` NOT REGISTERED${reason === null ? '' : ` (${clean(reason)})`}`;
  return `${clean(line)} ${channelsInUse}/${channels}${state}`;
};

const health = ({ lines, journal, media }: StatusDocument): readonly string[] => {
  const backlog = [
    ...(journal.queued > 0 ? [`${journal.queued} queued`] : []),
    ...(journal.spooled > 0 ? [`${journal.spooled} spooled`] : []),
  ];
  const database = journal.databaseReachable ? 'reachable' : 'AWAY, records are spooled';
  return [
    `Lines     ${lines.length === 0 ? 'none' : lines.map(lineText).join('   ')}`,
    `Database  ${[database, ...backlog].join(', ')}   Media  ${media.streams} streams, ${media.bridges} bridges, ${media.portsFree} ports free`,
  ];
};

const totalsText = ({ site: { totals } }: StatusDocument): string =>
  `Calls     ${totals.offered} offered = ${totals.answered} answered + ${totals.abandoned} abandoned + ${totals.overflowed} overflowed` +
  ` + ${totals.deterred} deterred + ${totals.lost} lost + ${totals.inProgress} in progress`;

const QUEUE_HEAD = [
  'QUEUE',
  'WAITING',
  'RINGING',
  'TALKING',
  'LONGEST',
  'ESTIMATED',
  'READY',
  'SIGNED IN',
  'ANSWERED',
  'ABANDONED',
  'LEVEL',
  'ASA',
];

const queueRow = (queue: QueueView): readonly string[] => [
  clean(queue.name),
  String(queue.waiting),
  String(queue.ringing),
  String(queue.talking),
  queue.waiting === 0 ? '-' : lasting(queue.longestWaitMs),
  lasting(queue.estimatedWaitMs),
  String(queue.agentsReady),
  String(queue.agentsSignedIn),
  String(queue.totals.answered),
  String(queue.totals.abandoned),
  percent(queue.serviceLevel),
  lasting(queue.asaMs),
];

const AGENT_HEAD = ['AGENT', 'STATE', 'FOR', 'CALL', 'ANSWERED', 'NO ANSWER'];

const stateText = ({ state, reason, reachable }: AgentView): string =>
  [state, ...(reason === null ? [] : [`(${clean(reason)})`]), ...(reachable ? [] : ['UNREACHABLE'])].join(' ');

const agentRow = (agent: AgentView, now: number): readonly string[] => [
  clean(agent.name),
  stateText(agent),
  lasting(now - agent.since),
  agent.call === null ? '-' : clean(agent.call),
  String(agent.callsAnswered),
  String(agent.ringNoAnswers),
];

/** Who does something first, then who could. */
const ORDER: Readonly<Record<AgentView['state'], number>> = {
  talking: 0,
  ringing: 1,
  reserved: 2,
  'wrap-up': 3,
  ready: 4,
  resting: 5,
  paused: 6,
  'signed-out': 7,
};

const byState = (left: AgentView, right: AgentView): number =>
  ORDER[left.state] - ORDER[right.state] || (left.name < right.name ? -1 : left.name > right.name ? 1 : 0);

const cut = (line: string, columns: number): string =>
  line.length <= columns ? line : `${line.slice(0, Math.max(0, columns - 1))}…`;

/** Queues and agents of a node in at most `columns` columns; signed-out agents are counted, not listed. */
export const renderStatus = (status: StatusDocument, columns = Number.POSITIVE_INFINITY): string[] => {
  const { site } = status;
  const present = site.agents.filter(({ state }) => state !== 'signed-out').sort(byState);
  const absent = site.agents.length - present.length;
  const queues =
    site.queues.length === 0 ? ['No queue yet: bascule queue set ID'] : aligned(QUEUE_HEAD, site.queues.map(queueRow));
  const agents =
    present.length === 0
      ? []
      : aligned(
          AGENT_HEAD,
          present.map((agent) => agentRow(agent, site.at)),
        );
  return [
    headline(status),
    ...health(status),
    totalsText(status),
    '',
    ...queues,
    '',
    ...agents,
    ...(absent === 0 ? [] : [`${absent} ${absent === 1 ? 'agent' : 'agents'} signed out`]),
  ].map((line) => cut(line, columns));
};

/** One line that says what matters, for a watch that is not on a terminal. */
export const renderLine = ({ site, lines, journal }: StatusDocument): string => {
  const sum = (read: (queue: QueueView) => number): number => site.queues.reduce((total, queue) => total + read(queue), 0);
  const count = (state: AgentView['state']): number => site.agents.filter((agent) => agent.state === state).length;
  const registered = lines.filter((line) => line.registered).length;
  return [
    `calls ${site.totals.inProgress}`,
    `waiting ${sum(({ waiting }) => waiting)}`,
    `ringing ${sum(({ ringing }) => ringing)}`,
    `talking ${sum(({ talking }) => talking)}`,
    `agents ready ${count('ready')} talking ${count('talking')} wrap-up ${count('wrap-up')} paused ${count('paused')}`,
    `offered ${site.totals.offered} answered ${site.totals.answered} abandoned ${site.totals.abandoned}`,
    `lines ${registered}/${lines.length}`,
    `database ${journal.databaseReachable ? 'up' : 'away'}${journal.spooled > 0 ? ` spooled ${journal.spooled}` : ''}`,
    ...(site.draining ? ['draining'] : []),
  ].join(' · ');
};
