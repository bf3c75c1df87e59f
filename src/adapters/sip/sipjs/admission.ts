import { type IncomingRequestMessage, type ResponseOptions, SessionDialog, type UserAgentCore } from 'sip.js/lib/core/index.js';
import { AllowedMethods } from 'sip.js/lib/core/user-agent-core/allowed-methods.js';
import { coreInternals, dialogOfRequest } from './internals.ts';
import type { MergedRequests } from './merged.ts';
import { receiveUpdate } from './update.ts';

/** sip.js writes this list into Allow: without UPDATE in it no IPBX would use it (RFC 3311 §5.1). */
export function allowUpdate(): void {
  if (!AllowedMethods.includes('UPDATE')) AllowedMethods.push('UPDATE');
}

const SCHEMES = new Set(['sip', 'sips', 'tel']);
/** Requests that mean something only inside a dialog. */
const INSIDE_ONLY = new Set(['BYE', 'INFO', 'PRACK', 'UPDATE']);

export interface AdmissionOptions {
  readonly core: UserAgentCore;
  readonly supported: ReadonlySet<string>;
  readonly merged: MergedRequests;
  /** The product's own word on a request outside any dialog. */
  readonly ask: (message: IncomingRequestMessage) => ResponseOptions | null;
  readonly onRefused: (merged: boolean) => void;
}

/** RFC 3261 §8.2.2.3: option tags in Require that we do not know. */
function unsupported(message: IncomingRequestMessage, supported: ReadonlySet<string>): string[] {
  const required = message.getHeaders('require');
  if (required.length === 0) return [];
  return required
    .flatMap((value) => value.split(','))
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '' && !supported.has(tag.toLowerCase()));
}

/** What is wrong with the request as such (RFC 3261 §8.2.1 to §8.2.2.3), in the order of the RFC. */
function fault(message: IncomingRequestMessage, supported: ReadonlySet<string>): ResponseOptions | undefined {
  if (!AllowedMethods.includes(message.method)) return { statusCode: 405, extraHeaders: [`Allow: ${AllowedMethods.toString()}`] };
  if (message.ruri === undefined || !SCHEMES.has(message.ruri.scheme)) return { statusCode: 416 };
  const unknown = unsupported(message, supported);
  if (unknown.length > 0) return { statusCode: 420, extraHeaders: [`Unsupported: ${unknown.join(', ')}`] };
  // RFC 3261 §8.1.1.8; sip.js throws on a re-INVITE without one and leaves the dialog half changed.
  const contacts = message.headers.Contact;
  if (message.method === 'INVITE' && contacts?.[0]?.parsed === undefined) {
    return { statusCode: 400, reasonPhrase: 'Missing Contact Header' };
  }
  return undefined;
}

/**
 * Takes the place of sip.js's `receiveRequest`: what a user agent server does with a request that belongs to no transaction
 * (RFC 3261 §8.2). Unlike sip.js's it takes any user in the Request-URI (a trunk delivers all its DDIs to one registered
 * user, OPTIONS often has none), tel: and sips: URIs, UPDATE, answers 420, and finds merged requests without a search.
 */
export function makeAdmission({
  core,
  supported,
  merged,
  ask,
  onRefused,
}: AdmissionOptions): (message: IncomingRequestMessage) => void {
  const internals = coreInternals(core);
  const refuse = (message: IncomingRequestMessage, options: ResponseOptions, isMerged = false): void => {
    onRefused(isMerged);
    core.replyStateless(message, options);
  };

  const outside = (message: IncomingRequestMessage): void => {
    // RFC 3262 §3 and RFC 3311 §5.2 as RFC 3261 §12.2.2: no such dialog. sip.js throws on PRACK and says 405 to INFO.
    if (INSIDE_ONLY.has(message.method)) return refuse(message, { statusCode: 481 });
    if (merged.isMerged(message)) return refuse(message, { statusCode: 482 }, true);
    const refusal = ask(message);
    if (refusal !== null) return refuse(message, refusal);
    internals.receiveOutsideDialogRequest(message);
  };

  return (message) => {
    // An ACK is never answered (RFC 3261 §17.1.1.3 and §8.2.6): it finds its dialog or nothing.
    if (message.method === 'ACK') {
      if (message.toTag) internals.receiveInsideDialogRequest(message);
      return;
    }
    const wrong = fault(message, supported);
    if (wrong !== undefined) return refuse(message, wrong);
    if (!message.toTag) return outside(message);
    if (message.method !== 'UPDATE') return internals.receiveInsideDialogRequest(message);
    const dialog = dialogOfRequest(core, message);
    if (dialog instanceof SessionDialog) receiveUpdate(dialog, message);
    else refuse(message, { statusCode: 481 });
  };
}
