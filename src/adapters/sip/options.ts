import type { LineId } from '../../core/kernel/ids.ts';
import type { Duration } from '../../core/kernel/time.ts';
import type { Codec } from '../../ports/media.ts';
import type { FailoverTiming, HostPort, Protocol, Resolver, TlsOptions, TransactionTimers } from './wire/types.ts';

/** One SIP user of the IPBX. The password is read only to compute digests. */
export interface SipLineOptions {
  readonly id: LineId;
  readonly user: string;
  /** Name in the digest when it is not `user`. */
  readonly authUser?: string | undefined;
  readonly password: string;
  readonly displayName?: string | undefined;
  /** Calls at once, both ways together; the next incoming one gets 486. */
  readonly channels: number;
  /** false: a trunk that the IPBX knows by its address. */
  readonly register: boolean;
  readonly expiresSeconds?: number | undefined;
  /** Numbers that belong to this line when neither Request-URI nor To names its user. */
  readonly numbers?: readonly string[] | undefined;
  /** User part of the Contact when it is not `user` (it may carry the epoch). */
  readonly contactUser?: string | undefined;
  readonly callerShown?: CallerShown | undefined;
  /** Refresh the registration this often instead of at half of what was granted. */
  readonly refreshMs?: Duration | undefined;
}

/** Where the called party finds the caller's number: RFC 3325 P-Asserted-Identity, the From user, both, or nowhere. */
export type CallerShown = 'asserted' | 'from' | 'both' | 'none';

export interface SipLinesOptions {
  readonly protocol: Protocol;
  readonly listen: { readonly address: string; readonly port: number };
  /** Address that the IPBX reaches us by, when it is not the one we listen on. */
  readonly advertised?: { readonly host: string; readonly port: number } | undefined;
  readonly tls?: TlsOptions | undefined;
  /** One or two, the preferred first. */
  readonly ipbx: readonly HostPort[];
  /** Host part of the addresses of record. */
  readonly domain: string;
  /** Digest realm that the passwords are for; any when absent. */
  readonly realm?: string | undefined;
  readonly lines: readonly SipLineOptions[];
  /** In order of preference. Default PCMA, PCMU. */
  readonly codecs?: readonly Codec[] | undefined;
  /** RFC 4028. `expiresSeconds` 0: none asked for, still accepted. Default 1800 and 90. */
  readonly sessionTimer?: { readonly expiresSeconds: number; readonly minSeconds: number } | undefined;
  /** Above it new calls get 503 with Retry-After. Default 400. */
  readonly newCallsPerSecond?: number | undefined;
  readonly retryAfterSeconds?: number | undefined;
  /** For lines that do not say otherwise. Default `asserted`. */
  readonly callerShown?: CallerShown | undefined;
  readonly auditIntervalMs?: Duration | undefined;
  /** After a refused or unanswered REGISTER: first wait, doubled up to the longest. */
  readonly retryMs?: { readonly first: Duration; readonly longest: Duration } | undefined;
  /** How long `stop` waits for the answers to its BYEs and de-registrations. */
  readonly stopWithinMs?: Duration | undefined;
  readonly userAgent?: string | undefined;
  readonly timers?: Partial<TransactionTimers> | undefined;
  readonly failover?: Partial<FailoverTiming> | undefined;
  readonly resolver?: Resolver | undefined;
}

/** Uniform in [0, 1), for jitter and identifiers that are no secrets. */
export type Randomness = () => number;

export const DEFAULTS = {
  codecs: ['PCMA', 'PCMU'] as readonly Codec[],
  sessionTimer: { expiresSeconds: 1800, minSeconds: 90 },
  newCallsPerSecond: 400,
  retryAfterSeconds: 5,
  callerShown: 'asserted' as CallerShown,
  auditIntervalMs: 5_000,
  registrationSeconds: 300,
  retryMs: { first: 1_000, longest: 60_000 },
  stopWithinMs: 2_000,
  timers: { t1Ms: 500, t2Ms: 4_000, t4Ms: 5_000 },
  userAgent: 'bascule',
} as const;
