import type { IncomingRequestMessage, IncomingResponseMessage } from 'sip.js/lib/core/index.js';
import { contactHeader, dialogGone, lose, requestInDialog } from './in-dialog.ts';
import type { Leg } from './leg.ts';
import type { Settings } from './settings.ts';
import type { SessionExpires } from './wire/header-values.ts';

type Message = IncomingRequestMessage | IncomingResponseMessage;

export interface SavedTimer {
  readonly seconds: number;
  readonly weRefresh: boolean;
  readonly updateAllowed: boolean;
}

const lists = (message: Message, header: string, token: string): boolean =>
  message.getHeaders(header).some((value) =>
    value
      .toLowerCase()
      .split(',')
      .some((item) => item.trim() === token),
  );

/**
 * RFC 4028 §9: the interval asked for is below our minimum, and who asks knows the extension; answered 422 with Min-SE.
 * A request of someone who does not know it must not be refused for that.
 */
export function tooBrief(message: IncomingRequestMessage, settings: Settings): boolean {
  const asked = message.parseHeader('session-expires') as SessionExpires | undefined;
  return asked !== undefined && asked.deltaSeconds < settings.sessionTimer.minSeconds && lists(message, 'supported', 'timer');
}

/** RFC 4028: both sides agree on who shows from time to time that the call still lives, and on when it is given up. */
export class SessionTimer {
  readonly #leg: Leg;
  #seconds = 0;
  #minSeconds: number;
  #weRefresh = false;
  #updateAllowed = false;
  #cancel: (() => void) | null = null;

  constructor(leg: Leg) {
    this.#leg = leg;
    this.#minSeconds = leg.host.settings.sessionTimer.minSeconds;
  }

  /** Headers of an INVITE or UPDATE of ours. */
  asked(): string[] {
    const configured = this.#leg.host.settings.sessionTimer.expiresSeconds;
    const seconds = Math.max(this.#seconds || configured, this.#minSeconds);
    if (configured === 0 && this.#seconds === 0) return [];
    // Inside the dialog the roles are kept (RFC 4028 §7.4); `uac` is whoever sends this request.
    const refresher = this.#seconds === 0 ? '' : `;refresher=${this.#weRefresh ? 'uac' : 'uas'}`;
    return [`Session-Expires: ${seconds}${refresher}`, `Min-SE: ${this.#minSeconds}`];
  }

  /** RFC 4028 §6: takes Min-SE of a 422 over; false when it asks for nothing longer. */
  lengthen(response: IncomingResponseMessage): boolean {
    const minimum = response.parseHeader('min-se') as number | undefined;
    // A day is more than any conversation: a larger demand is nonsense.
    if (minimum === undefined || minimum <= this.#minSeconds || minimum > 86_400) return false;
    this.#minSeconds = minimum;
    return true;
  }

  /** We answer a request: the headers for its 2xx, and the timer set anew (RFC 4028 §9). */
  answered(request: IncomingRequestMessage): string[] {
    this.#notice(request);
    const asked = request.parseHeader('session-expires') as SessionExpires | undefined;
    const peerKnows = lists(request, 'supported', 'timer');
    const configured = this.#leg.host.settings.sessionTimer.expiresSeconds;
    if (asked === undefined && (configured === 0 || !peerKnows)) return this.#set(0, false);
    this.#minSeconds = Math.max(this.#minSeconds, (request.parseHeader('min-se') as number | undefined) ?? 0);
    const seconds = Math.max(asked?.deltaSeconds ?? configured, this.#minSeconds);
    // Table 2 of RFC 4028 §9: the refresher that was asked for is kept; left to us, it is the caller where it can be.
    const refresher = asked?.refresher ?? (peerKnows ? 'uac' : 'uas');
    this.#set(seconds, refresher === 'uas');
    const headers = [`Session-Expires: ${seconds};refresher=${refresher}`];
    if (refresher === 'uac') headers.push('Require: timer');
    return headers;
  }

  /** A 2xx to our INVITE or UPDATE: without Session-Expires there is no timer (RFC 4028 §7.2). */
  agreed(response: IncomingResponseMessage): void {
    this.#notice(response);
    const granted = response.parseHeader('session-expires') as SessionExpires | undefined;
    if (granted === undefined) this.#set(0, false);
    else this.#set(granted.deltaSeconds, granted.refresher !== 'uas');
  }

  /** Goes on with an agreement made elsewhere. */
  resume(saved: SavedTimer): void {
    this.#updateAllowed = saved.updateAllowed;
    this.#set(saved.seconds, saved.weRefresh);
  }

  get state(): SavedTimer {
    return { seconds: this.#seconds, weRefresh: this.#weRefresh, updateAllowed: this.#updateAllowed };
  }

  #notice(message: Message): void {
    if (message.hasHeader('allow')) this.#updateAllowed = lists(message, 'allow', 'update');
  }

  #set(seconds: number, weRefresh: boolean): string[] {
    this.#cancel?.();
    this.#cancel = null;
    this.#seconds = seconds;
    this.#weRefresh = weRefresh;
    if (seconds > 0 && !this.#leg.over) {
      // RFC 4028 §10: the refresher refreshes at half time; the other gives up min(32 s, a third) before the end.
      if (weRefresh) this.#cancel = this.#leg.after(seconds * 500, () => this.#refresh());
      else this.#cancel = this.#leg.after(seconds * 1000 - Math.min(32_000, (seconds * 1000) / 3), () => this.#expire());
    }
    return [];
  }

  #expire(): void {
    this.#leg.host.log.log('info', 'A session was not refreshed in time', { leg: this.#leg.id });
    lose(this.#leg, 408);
  }

  #refresh(): void {
    const leg = this.#leg;
    // Until the end of the interval, less what is needed to say BYE; a refresh that succeeds sets it anew.
    this.#cancel = leg.after(this.#seconds * 400, () => this.#expire());
    if (!this.#updateAllowed || leg.phase !== 'established') return this.#refreshByInvite();
    requestInDialog(leg, 'UPDATE', { extraHeaders: [contactHeader(leg), ...this.asked()] }, (status, response) => {
      if (leg.over) return;
      if (status >= 200 && status < 300) this.agreed(response);
      else if (dialogGone(status)) lose(leg, status);
      else this.#refreshByInvite();
    });
  }

  #refreshByInvite(): void {
    const { conversation, sound } = this.#leg;
    const wasDirect = sound.direct;
    conversation.renegotiation.run(
      () => sound.local || sound.offer(),
      (outcome) => {
        if (!outcome.ok || outcome.body === '') return;
        if (wasDirect) sound.passedBy(outcome.body);
        else sound.accepted(outcome.body);
      },
    );
  }
}
