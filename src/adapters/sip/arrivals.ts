import type { IncomingInviteRequest, IncomingRequestMessage, URI } from 'sip.js/lib/core/index.js';
import { RateLimit } from './admission.ts';
import type { Host } from './host.ts';
import { callerOf, dialledOf, diversionOf } from './identity.ts';
import { IncomingCall } from './incoming.ts';
import { Leg } from './leg.ts';
import type { Line } from './line.ts';
import { tooBrief } from './session-timer.ts';
import type { Admission } from './sipjs/types.ts';
import { acceptable } from './sound.ts';
import type { Replaces } from './wire/header-values.ts';

type Verdict = ReturnType<Admission>;

/** New calls from the IPBX: which may come in, on which line, and what the core is told of them. */
export class Arrivals {
  readonly #host: Host;
  readonly #lines: readonly Line[];
  readonly #rate: RateLimit;
  /** Unique over restarts: a leg's name is the key of what is written about its call. */
  readonly #prefix: string;
  #count = 0;
  #refusing = false;

  constructor(host: Host, lines: readonly Line[]) {
    this.#host = host;
    this.#lines = lines;
    this.#rate = new RateLimit(host.settings.newCallsPerSecond);
    this.#prefix = `${Math.floor(host.clock.now()).toString(36)}${Math.floor(host.randomness() * 46_656)
      .toString(36)
      .padStart(3, '0')}`;
  }

  refuse(on: boolean): void {
    this.#refusing = on;
  }

  /** Decided before anything is created for the call. Requests inside a dialog and other methods pass. */
  admit(message: IncomingRequestMessage): Verdict {
    if (message.method !== 'INVITE' || message.toTag) return null;
    const { settings, clock } = this.#host;
    const retryAfter = [`Retry-After: ${settings.retryAfterSeconds}`];
    if (this.#refusing) return { statusCode: 503, extraHeaders: retryAfter };
    if (message.hasHeader('replaces')) return this.#admitReplacement(message);
    const line = this.#lineOf(message, message.ruri);
    if (line === undefined) return { statusCode: 404 };
    // Before the rate is counted: a full line costs the others nothing.
    if (!line.free) return { statusCode: 486 };
    if (tooBrief(message, settings)) return { statusCode: 422, extraHeaders: [`Min-SE: ${settings.sessionTimer.minSeconds}`] };
    if (message.body !== '' && !acceptable(message.body, settings.codecs)) return { statusCode: 488 };
    if (!this.#rate.take(clock.now())) return { statusCode: 503, extraHeaders: retryAfter };
    return null;
  }

  arrive(request: IncomingInviteRequest): void {
    const { message } = request;
    if (message.hasHeader('replaces')) {
      const replaced = this.#replacedBy(message);
      if (replaced === null) request.reject({ statusCode: 481 });
      else replaced.conversation.replacedBy(request);
      return;
    }
    const requestUri = message.ruri;
    const line = this.#lineOf(message, requestUri);
    if (line === undefined || requestUri === undefined) return void request.reject({ statusCode: 404 });
    const leg = new Leg(`${this.#prefix}-${(++this.#count).toString(36)}`, line, this.#host, message.callId, false);
    new IncomingCall(leg, request);
    this.#host.add(leg);
    const isOwn = (user: string): boolean => line.isOwn(user);
    this.#host.emit({
      type: 'leg.incoming',
      leg: leg.id,
      line: line.id,
      ...callerOf(message),
      dialled: dialledOf(message, requestUri, isOwn),
      diverted: diversionOf(message, isOwn),
    });
  }

  /** RFC 3891 §3: 481 for a dialog that is not there, 486 for an answered one that was to be replaced only while it rings. */
  #admitReplacement(message: IncomingRequestMessage): Verdict {
    const replaced = this.#replacedBy(message);
    if (replaced === null) return { statusCode: 481 };
    return (message.parseHeader('replaces') as Replaces).earlyOnly ? { statusCode: 486 } : null;
  }

  /** The answered leg whose dialog the Replaces names: its to-tag is our tag, its from-tag theirs. */
  #replacedBy(message: IncomingRequestMessage): Leg | null {
    const replaces = message.parseHeader('replaces') as Replaces | undefined;
    const leg = replaces && message.getHeaders('replaces').length === 1 ? this.#host.findCall(replaces.callId) : undefined;
    if (replaces === undefined || leg === undefined || leg.phase !== 'established') return null;
    const { session } = leg;
    return session?.localTag === replaces.toTag && session.remoteTag === replaces.fromTag ? leg : null;
  }

  /** By the user that was registered, then To, then the numbers that lines own; what fits none is the first line's. */
  #lineOf(message: IncomingRequestMessage, requestUri: URI | undefined): Line | undefined {
    if (this.#lines.length === 1) return this.#lines[0];
    for (const user of [requestUri?.user, message.to.uri.user]) {
      if (!user) continue;
      const line = this.#lines.find((candidate) => candidate.isOwn(user) || candidate.options.numbers?.includes(user));
      if (line !== undefined) return line;
    }
    return this.#lines[0];
  }
}
