import type { IncomingResponseMessage, NameAddrHeader } from 'sip.js/lib/core/index.js';
import { BasculeError } from '../../core/kernel/errors.ts';
import type { Duration } from '../../core/kernel/time.ts';
import type { Host } from './host.ts';
import { isLocal } from './in-dialog.ts';
import type { Line } from './line.ts';
import { DEFAULTS } from './options.ts';
import { makeUri } from './wire/uri.ts';

/** One contact that the registrar knows for a line's user. */
export interface Binding {
  readonly uri: string;
  readonly user: string | null;
  readonly host: string;
  readonly port: number | null;
  /** What is left of it; null when the registrar does not say. */
  readonly expiresSeconds: number | null;
}

/** More contacts than this for one user is not a registrar's list (RFC 3261 §10.2.8 sets no bound). */
const MAX_BINDINGS = 50;
const MAX_TRIES = 3;

/** REGISTER for one line (RFC 3261 §10): keeps the binding alive, reports its state, reads and clears bindings. */
export class Registration {
  readonly #line: Line;
  readonly #host: Host;
  readonly #callId: string;
  #sequence = 0;
  #expiresSeconds: number;
  #failures = 0;
  #timer: (() => void) | null = null;
  #running = false;
  #again = false;
  #stopped = false;

  constructor(line: Line, host: Host, callId: string) {
    this.#line = line;
    this.#host = host;
    this.#callId = callId;
    this.#expiresSeconds = line.options.expiresSeconds ?? DEFAULTS.registrationSeconds;
  }

  /** Registers now: at the start, when the timer says so, and when another IPBX address takes over. */
  refresh(): void {
    if (this.#stopped || !this.#line.options.register) return;
    if (this.#running) {
      this.#again = true;
      return;
    }
    this.#timer?.();
    this.#timer = null;
    this.#running = true;
    this.#attempt(1);
  }

  /** Removes our own contact (RFC 3261 §10.2.2); resolves whatever the answer, since a crash would leave it to expire too. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.();
    if (!this.#line.options.register || !this.#line.registered) return;
    this.#line.registered = false;
    await this.#send([`Contact: <${this.#line.contact.toString()}>;expires=0`]).catch((error: unknown) => {
      this.#host.log.log('warn', 'A line could not be de-registered', { line: this.#line.id, error: String(error) });
    });
  }

  /** RFC 3261 §10.2.3: a REGISTER without Contact asks for the list. Rejects with SIP_REGISTER or SIP_UNREACHABLE. */
  async read(): Promise<readonly Binding[]> {
    return bindingsOf(await this.#send([]));
  }

  /** Removes every contact of the user, whoever made it (RFC 3261 §10.2.2). */
  async clear(): Promise<void> {
    await this.#send(['Contact: *', 'Expires: 0']);
  }

  #attempt(tries: number): void {
    const { contact, id } = this.#line;
    this.#send([`Contact: <${contact.toString()}>;expires=${this.#expiresSeconds}`], (response) => {
      // RFC 3261 §10.2.8: 423 says how long is long enough.
      const minimum = response.statusCode === 423 ? (response.parseHeader('min-expires') as number | undefined) : undefined;
      if (minimum === undefined || minimum <= this.#expiresSeconds || minimum > 86_400 || tries >= MAX_TRIES) return false;
      this.#expiresSeconds = minimum;
      return true;
    }).then(
      (response) => this.#registered(response),
      (error: unknown) => {
        const again = error instanceof Retry;
        if (again && !this.#stopped) return this.#attempt(tries + 1);
        this.#failed(error, id);
      },
    );
  }

  #registered(response: IncomingResponseMessage): void {
    this.#running = false;
    this.#failures = 0;
    if (this.#stopped) return;
    this.#report(true, null);
    const granted = this.#granted(response);
    // Half of what was granted leaves time for two more tries; one that is very short still gets a second.
    this.#schedule(this.#line.options.refreshMs ?? Math.max(granted * 500, 1_000));
  }

  #failed(error: unknown, line: string): void {
    this.#running = false;
    if (this.#stopped) return;
    const status = error instanceof BasculeError && typeof error.fields.status === 'number' ? error.fields.status : null;
    this.#host.log.log('warn', 'A line is not registered', {
      line,
      status,
      code: error instanceof BasculeError ? error.code : null,
    });
    if (!(error instanceof BasculeError))
      this.#host.log.log('error', 'REGISTER failed unexpectedly', { line, error: String(error) });
    this.#report(false, status === null ? 'no answer from the IPBX' : `refused with ${status}`);
    const { first, longest } = this.#host.settings.retryMs;
    const wait = Math.min(first * 2 ** Math.min(this.#failures++, 16), longest);
    // RFC 5626 §4.5: between half and all of it, so that many lines do not come back in one moment.
    this.#schedule(wait * (0.5 + this.#host.randomness() / 2));
  }

  #schedule(delay: Duration): void {
    this.#timer?.();
    this.#timer = this.#host.clock.after(this.#again ? 0 : delay, () => this.refresh());
    this.#again = false;
  }

  #report(registered: boolean, reason: string | null): void {
    const line = this.#line;
    if (line.registered === registered && line.reason === reason) return;
    line.registered = registered;
    line.reason = reason;
    this.#host.emit({ type: 'line.state', line: line.id, registered, reason });
  }

  /** RFC 3261 §10.2.4: the registrar may have shortened our contact's life. */
  #granted(response: IncomingResponseMessage): number {
    const { contact } = this.#line;
    const own = bindingsOf(response).find(
      (binding) =>
        binding.user === contact.user && binding.host === contact.host && (binding.port ?? 5060) === (contact.port ?? 5060),
    );
    return own?.expiresSeconds ?? this.#expiresSeconds;
  }

  #send(
    headers: string[],
    retry: (response: IncomingResponseMessage) => boolean = () => false,
  ): Promise<IncomingResponseMessage> {
    const { address, id } = this.#line;
    const { userAgent, settings } = this.#host;
    const done = this.#host.pending();
    return new Promise<IncomingResponseMessage>((resolve, reject) => {
      // RFC 3261 §10.2.4: one Call-ID and rising CSeq for all of a user agent's registrations of one user.
      const message = userAgent.core.makeOutgoingRequestMessage(
        'REGISTER',
        makeUri(undefined, settings.domain),
        address,
        address,
        { callId: this.#callId, cseq: ++this.#sequence },
        headers,
      );
      const refused = ({ message: response }: { message: IncomingResponseMessage }): void => {
        this.#sequence = Math.max(this.#sequence, message.cseq);
        const status = response.statusCode ?? 500;
        const host = settings.ipbx[0]?.host ?? settings.domain;
        if (isLocal(response)) reject(new BasculeError('SIP_UNREACHABLE', { line: id, address: host }));
        else if (retry(response)) reject(new Retry());
        else reject(new BasculeError('SIP_REGISTER', { line: id, status }));
      };
      userAgent.core.register(message, {
        onAccept: ({ message: response }) => {
          this.#sequence = Math.max(this.#sequence, message.cseq);
          resolve(response);
        },
        onReject: refused,
        onRedirect: refused,
      });
    }).finally(done);
  }
}

/** Not a failure: the same again, with what the answer asked for. */
class Retry extends Error {}

function bindingsOf(response: IncomingResponseMessage): Binding[] {
  const bindings: Binding[] = [];
  const count = Math.min(response.getHeaders('contact').length, MAX_BINDINGS);
  for (let index = 0; index < count; index++) {
    const contact = response.parseHeader('contact', index) as NameAddrHeader | undefined;
    if (contact?.uri === undefined) continue;
    const { uri } = contact;
    const expires = Number(contact.getParam('expires') ?? response.getHeader('expires') ?? Number.NaN);
    bindings.push({
      uri: uri.toString(),
      user: uri.user ?? null,
      host: uri.host,
      port: uri.port ?? null,
      expiresSeconds: Number.isFinite(expires) ? expires : null,
    });
  }
  return bindings;
}
