import { all, first, parameter, parseUri, sequenceOf, uriOf } from '../sip/message.ts';
import type { Header, Request } from '../sip/message.ts';
import type { Address } from '../sip/transactions.ts';

/** Where a user's calls go now. */
export interface Binding {
  readonly contact: string;
  /** Where the REGISTER came from: reachable even when the contact names something else. */
  readonly source: Address;
  readonly expiresAt: number;
  readonly callId: string;
  readonly sequence: number;
}

const MIN_EXPIRES_S = 2;
const MAX_EXPIRES_S = 3_600;
const DEFAULT_EXPIRES_S = 60;

export interface RegisterAnswer {
  readonly status: number;
  readonly headers: readonly Header[];
}

/** Bindings of the users (RFC 3261 §10.3). One contact a user: the last REGISTER wins, as on most IPBXs. */
export class Registrar {
  readonly #bindings = new Map<string, Binding>();

  /** The live binding of `user`, `null` without one. */
  lookup(user: string, now: number): Binding | null {
    const binding = this.#bindings.get(user);
    if (binding === undefined) return null;
    if (binding.expiresAt > now) return binding;
    this.#bindings.delete(user);
    return null;
  }

  /** The user who registered from this address. */
  userAt(source: Address, now: number): string | null {
    for (const [user, binding] of this.#bindings) {
      if (binding.source.port === source.port && binding.source.host === source.host && binding.expiresAt > now) return user;
    }
    return null;
  }

  /** Users with a binding. */
  registered(now: number): readonly string[] {
    return [...this.#bindings.keys()].filter((user) => this.lookup(user, now) !== null);
  }

  /** Does what an authenticated REGISTER of `user` asks; without a Contact it only answers what is bound. */
  register(user: string, request: Request, source: Address, now: number): RegisterAnswer {
    const contacts = all(request, 'Contact');
    const general = first(request, 'Expires');
    if (contacts.length > 1 && contacts.includes('*')) return { status: 400, headers: [] };
    const held = this.lookup(user, now);
    const sequence = sequenceOf(request).number;
    const callId = first(request, 'Call-ID') ?? '';
    // §10.3 step 7: an older REGISTER of the same telephone that arrives late changes nothing.
    if (contacts.length > 0 && held?.callId === callId && sequence <= held.sequence) return { status: 500, headers: [] };
    for (const contact of contacts) {
      if (contact === '*') {
        if (general !== '0') return { status: 400, headers: [] };
        this.#bindings.delete(user);
        continue;
      }
      const uri = uriOf(contact);
      const seconds = expiresOf(parameter(contact, 'expires') ?? general);
      if (parseUri(uri) === null) return { status: 400, headers: [] };
      if (seconds === 0) {
        if (this.#bindings.get(user)?.contact === uri) this.#bindings.delete(user);
      } else if (seconds < MIN_EXPIRES_S) {
        return { status: 423, headers: [{ name: 'Min-Expires', value: String(MIN_EXPIRES_S) }] };
      } else {
        this.#bindings.set(user, { contact: uri, source, expiresAt: now + 1_000 * seconds, callId, sequence });
      }
    }
    return { status: 200, headers: this.#contactsOf(user, now) };
  }

  #contactsOf(user: string, now: number): Header[] {
    const binding = this.lookup(user, now);
    if (binding === null) return [];
    const left = Math.max(1, Math.round((binding.expiresAt - now) / 1_000));
    return [{ name: 'Contact', value: `<${binding.contact}>;expires=${left}` }];
  }
}

function expiresOf(text: string | null): number {
  if (text === null || !/^\d{1,10}$/.test(text)) return DEFAULT_EXPIRES_S;
  return Math.min(Number(text), MAX_EXPIRES_S);
}
