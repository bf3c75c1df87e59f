import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import { OUTCOMES } from '../../core/kernel/journal.ts';
import type { AgentStateName, QueueView, SiteView } from '../../core/kernel/view.ts';
import type { JournalStatus } from '../../ports/store.ts';
import type { LineStatus } from '../../ports/lines.ts';

/** What is measured at each scrape. */
export interface MetricsSource {
  readonly version: string;
  readonly node: string;
  readonly site: SiteView;
  readonly lines: readonly LineStatus[];
  readonly journal: JournalStatus;
  readonly media: { readonly streams: number; readonly portsFree: number; readonly bridges: number };
}

const AGENT_STATES: readonly AgentStateName[] = [
  'signed-out',
  'ready',
  'reserved',
  'ringing',
  'talking',
  'wrap-up',
  'paused',
  'resting',
];

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [labels: Labels, value: number];
type Reader = (source: MetricsSource) => readonly Sample[];

interface Figure {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly counts: boolean;
  readonly read: Reader;
}

const gauge = (name: string, help: string, labels: readonly string[], read: Reader): Figure => ({
  name,
  help,
  labels,
  counts: false,
  read,
});
const counter = (name: string, help: string, labels: readonly string[], read: Reader): Figure => ({
  name,
  help,
  labels,
  counts: true,
  read,
});

const seconds = (ms: number): number => ms / 1_000;

/** A figure of each queue; a null (not known) is left out rather than told as zero. */
const perQueue =
  (read: (queue: QueueView) => number | null): Reader =>
  ({ site }) =>
    site.queues.flatMap((queue) => {
      const value = read(queue);
      return value === null ? [] : [[{ queue: queue.queue }, value] as const];
    });

const agentsOfQueue: Reader = ({ site }) =>
  site.queues.flatMap((queue): Sample[] => [
    [{ queue: queue.queue, state: 'ready' }, queue.agentsReady],
    [{ queue: queue.queue, state: 'talking' }, queue.agentsTalking],
    [{ queue: queue.queue, state: 'paused' }, queue.agentsPaused],
    [{ queue: queue.queue, state: 'signed-in' }, queue.agentsSignedIn],
  ]);

const agents: Reader = ({ site }) =>
  AGENT_STATES.map((state) => [{ state }, site.agents.filter((agent) => agent.state === state).length] as const);

/** Labels are ids that an administrator chose; a telephone number is never one. */
const FIGURES: readonly Figure[] = [
  gauge('bascule_info', 'Version and node; always 1', ['version', 'node'], ({ version, node }) => [[{ version, node }, 1]]),
  gauge('bascule_draining', '1 while no new calls are taken', [], ({ site }) => [[{}, site.draining ? 1 : 0]]),
  gauge('bascule_calls_in_progress', 'Calls in progress', [], ({ site }) => [[{}, site.totals.inProgress]]),
  counter('bascule_calls_offered_total', 'Calls offered since the start', [], ({ site }) => [[{}, site.totals.offered]]),
  counter('bascule_calls_total', 'Calls ended, by outcome', ['outcome'], ({ site }) =>
    OUTCOMES.map((outcome) => [{ outcome }, site.totals[outcome]] as const),
  ),
  counter(
    'bascule_queue_offered_total',
    'Calls offered to the queue',
    ['queue'],
    perQueue(({ totals }) => totals.offered),
  ),
  counter('bascule_queue_calls_total', 'Calls of the queue ended, by outcome', ['queue', 'outcome'], ({ site }) =>
    site.queues.flatMap(({ queue, totals }) => OUTCOMES.map((outcome) => [{ queue, outcome }, totals[outcome]] as const)),
  ),
  gauge(
    'bascule_queue_waiting',
    'Calls waiting, those being rung included',
    ['queue'],
    perQueue(({ waiting }) => waiting),
  ),
  gauge(
    'bascule_queue_ringing',
    'Calls being rung at an agent',
    ['queue'],
    perQueue(({ ringing }) => ringing),
  ),
  gauge(
    'bascule_queue_talking',
    'Calls in conversation',
    ['queue'],
    perQueue(({ talking }) => talking),
  ),
  gauge(
    'bascule_queue_longest_wait_seconds',
    'Wait of the call that waits longest',
    ['queue'],
    perQueue(({ longestWaitMs }) => seconds(longestWaitMs)),
  ),
  gauge(
    'bascule_queue_estimated_wait_seconds',
    'Estimated wait of a new call; absent when not known',
    ['queue'],
    perQueue(({ estimatedWaitMs }) => (estimatedWaitMs === null ? null : seconds(estimatedWaitMs))),
  ),
  gauge(
    'bascule_queue_service_level_ratio',
    'Answered within the threshold / answered; absent without any',
    ['queue'],
    perQueue(({ serviceLevel }) => serviceLevel),
  ),
  gauge(
    'bascule_queue_asa_seconds',
    'Mean wait of answered calls; absent without any',
    ['queue'],
    perQueue(({ asaMs }) => (asaMs === null ? null : seconds(asaMs))),
  ),
  gauge('bascule_queue_agents', 'Agents of the queue, by state', ['queue', 'state'], agentsOfQueue),
  gauge('bascule_agents', 'Agents, by state', ['state'], agents),
  gauge('bascule_line_registered', '1 while the line is registered', ['line', 'kind'], ({ lines }) =>
    lines.map(({ line, kind, registered }) => [{ line, kind }, registered ? 1 : 0] as const),
  ),
  gauge('bascule_line_channels_in_use', 'Channels in use', ['line'], ({ lines }) =>
    lines.map(({ line, channelsInUse }) => [{ line }, channelsInUse] as const),
  ),
  gauge('bascule_line_channels', 'Channels of the line', ['line'], ({ lines }) =>
    lines.map(({ line, channels }) => [{ line }, channels] as const),
  ),
  gauge('bascule_database_reachable', '1 while PostgreSQL answers', [], ({ journal }) => [
    [{}, journal.databaseReachable ? 1 : 0],
  ]),
  gauge('bascule_journal_queued', 'Records in memory, not yet written', [], ({ journal }) => [[{}, journal.queued]]),
  gauge('bascule_journal_spooled', 'Records on this node’s disk, waiting for PostgreSQL', [], ({ journal }) => [
    [{}, journal.spooled],
  ]),
  counter('bascule_journal_written_total', 'Records written to PostgreSQL', [], ({ journal }) => [[{}, journal.written]]),
  gauge('bascule_media_streams', 'RTP streams open', [], ({ media }) => [[{}, media.streams]]),
  gauge('bascule_media_ports_free', 'RTP ports free', [], ({ media }) => [[{}, media.portsFree]]),
  gauge('bascule_media_bridges', 'Bridges', [], ({ media }) => [[{}, media.bridges]]),
];

/** Registers every figure; the function returned sets them from a source, right before a scrape is answered. */
export const instruments = (registry: Registry): ((source: MetricsSource) => void) => {
  const setters = FIGURES.map(({ name, help, labels, counts, read }) => {
    const options = { name, help, labelNames: [...labels], registers: [registry] };
    if (counts) {
      const metric = new Counter(options);
      return (source: MetricsSource): void => {
        metric.reset();
        for (const [own, value] of read(source)) metric.inc({ ...own }, value);
      };
    }
    const metric = new Gauge(options);
    return (source: MetricsSource): void => {
      metric.reset();
      for (const [own, value] of read(source)) metric.set({ ...own }, value);
    };
  });
  return (source) => {
    for (const set of setters) set(source);
  };
};
