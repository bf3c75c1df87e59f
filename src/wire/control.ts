import { z } from 'zod';
import { STRATEGIES } from '../core/kernel/centre.ts';
import type { BasculeError } from '../core/kernel/errors.ts';
import type { Order } from '../core/kernel/events.ts';
import type { SiteView } from '../core/kernel/view.ts';
import { CENTRE_KINDS } from './centre.ts';
import { strict } from './issues.ts';
import { extension, id } from './values.ts';

/**
 * What is said on the daemon's local socket: one JSON document a line, each way. A request has a number, and each of its
 * answers carries it. `watch` is answered by events until the connection ends; every other request by one answer.
 */

/** Changes when an old command could misunderstand a new daemon, or the reverse. */
export const PROTOCOL = 1;

/** A whole centre of 2000 agents and 200 queues is 1 MB; more than this is a mistake or an attack. */
export const MAX_LINE_BYTES = 8 * 1024 * 1024;

const callId = z.string().min(1).max(128);

const ORDERS = z.discriminatedUnion('kind', [
  strict({ kind: z.literal('agent.signIn'), agent: id(), extension: extension().nullable().default(null) }),
  strict({ kind: z.literal('agent.signOut'), agent: id() }),
  strict({ kind: z.literal('agent.pause'), agent: id(), reason: id() }),
  strict({ kind: z.literal('agent.resume'), agent: id() }),
  strict({ kind: z.literal('agent.endWrapUp'), agent: id() }),
  strict({ kind: z.literal('call.hangup'), call: callId }),
  strict({ kind: z.literal('call.move'), call: callId, queue: id() }),
  strict({ kind: z.literal('call.reserve'), call: callId, agent: id(), forMs: z.int().min(1_000).max(3_600_000) }),
]) satisfies z.ZodType<Order>;

const kind = z.enum(CENTRE_KINDS);
const objectId = z.string().min(1).max(64);

const change = strict({ kind, id: objectId, document: z.unknown() });

/** Every operation with the fields that it takes. */
const OPERATIONS = {
  ping: strict({}),
  status: strict({}),
  watch: strict({}),
  calls: strict({ ended: z.int().min(1).max(10_000).nullable().default(null) }),
  agents: strict({}),
  order: strict({ order: ORDERS }),
  'centre.list': strict({ kind }),
  'centre.get': strict({ kind, id: objectId }),
  /** `document` is the whole object, in the canonical or the human form. */
  'centre.set': strict({ kind, id: objectId, document: z.unknown() }),
  'centre.remove': strict({ kind, id: objectId }),
  /** All or nothing. `replace`: objects that are not among `changes` are removed. */
  'centre.import': strict({ changes: z.array(change).max(20_000), replace: z.boolean().default(false) }),
  'centre.export': strict({}),
  drain: strict({ on: z.boolean().default(true) }),
  /** `now`: calls in progress are hung up; otherwise the daemon drains first. */
  stop: strict({ now: z.boolean().default(false) }),
  reload: strict({}),
} as const;

export type Operation = keyof typeof OPERATIONS;
const OPERATION_NAMES = Object.keys(OPERATIONS) as readonly Operation[];

export type Fields<Op extends Operation> = z.output<(typeof OPERATIONS)[Op]>;
export type FieldsGiven<Op extends Operation> = z.input<(typeof OPERATIONS)[Op]>;

/** The fields' schema of an operation, to validate what came and to describe it. */
export const fieldsOf = (operation: Operation): z.ZodType => OPERATIONS[operation];

/** What is around the fields of every request. */
export const envelopeSchema = strict({
  v: z.int(),
  id: z.int().min(0).max(Number.MAX_SAFE_INTEGER),
  op: z.enum(OPERATION_NAMES as [Operation, ...Operation[]]),
  /** Who asks, for the history of changes: the system account behind the command. */
  by: z.string().min(1).max(64),
  fields: z.unknown().optional(),
});
export type Envelope = z.output<typeof envelopeSchema>;

export interface LineReport {
  readonly line: string;
  readonly kind: 'sip' | 'analogue';
  readonly registered: boolean;
  readonly reason: string | null;
  readonly channelsInUse: number;
  readonly channels: number;
}

export interface JournalReport {
  readonly databaseReachable: boolean;
  readonly queued: number;
  readonly spooled: number;
  readonly written: number;
}

export interface MediaReport {
  readonly streams: number;
  readonly portsFree: number;
  readonly bridges: number;
}

/** The whole state of a node, as `bascule status --json` prints it. */
export interface StatusDocument {
  readonly version: string;
  readonly node: string;
  readonly pid: number;
  readonly startedAt: number;
  readonly uptimeMs: number;
  readonly site: SiteView;
  readonly lines: readonly LineReport[];
  readonly journal: JournalReport;
  readonly media: MediaReport;
}

export interface CentreObject {
  readonly kind: (typeof CENTRE_KINDS)[number];
  readonly id: string;
  readonly document: unknown;
}

/** What a change did: the objects before (null: new) and after (null: removed). */
export interface ChangeReport {
  readonly kind: (typeof CENTRE_KINDS)[number];
  readonly id: string;
  readonly before: unknown;
  readonly after: unknown;
}

export interface Results {
  ping: { readonly pid: number; readonly version: string; readonly node: string };
  status: StatusDocument;
  watch: StatusDocument;
  /** Live calls are CallView; ended ones rows of `calls`. */
  calls: readonly Readonly<Record<string, unknown>>[];
  agents: SiteView['agents'];
  order: null;
  'centre.list': readonly CentreObject[];
  'centre.get': CentreObject;
  'centre.set': readonly ChangeReport[];
  'centre.remove': readonly ChangeReport[];
  'centre.import': readonly ChangeReport[];
  'centre.export': readonly CentreObject[];
  drain: { readonly draining: boolean; readonly callsInProgress: number };
  stop: { readonly pid: number; readonly callsInProgress: number };
  /** What was taken over at once, and keys that need a restart. */
  reload: { readonly applied: readonly string[]; readonly needRestart: readonly string[] };
}

/** What the daemon does for each operation; `by` is who asks. A BasculeError thrown is told to the client. */
export type ControlHandlers = {
  readonly [Op in Exclude<Operation, 'watch'>]: (fields: Fields<Op>, by: string) => Results[Op] | Promise<Results[Op]>;
};

export interface ErrorReport {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

const answerBase = { v: z.int(), id: z.int() };

/** What comes back. `result` is trusted: it comes from the daemon whose socket only its owner may open. */
export const answerSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('result'), ...answerBase, result: z.unknown() }),
  z.object({ kind: z.literal('event'), ...answerBase, event: z.unknown() }),
  z.object({
    kind: z.literal('error'),
    ...answerBase,
    error: z.object({ code: z.string(), message: z.string(), remedy: z.string() }),
  }),
]);
export type Answer = z.output<typeof answerSchema>;

export const errorReport = (error: BasculeError): ErrorReport => ({
  code: error.code,
  message: error.message,
  remedy: error.remedy,
});

/** The strategies, for help texts and completion. */
export const STRATEGY_NAMES: readonly string[] = STRATEGIES;
