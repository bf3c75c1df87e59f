import { all, first, parameter, parseUri, sequenceOf, uriOf } from '../sip/message.ts';
import type { Header, Request, Response } from '../sip/message.ts';
import type { Address } from '../sip/transactions.ts';

/** What both ends agree on (RFC 3261 §12). */
export interface Dialog {
  readonly callId: string;
  /** Whole From and To values of our requests, tags included. */
  readonly local: string;
  readonly remote: string;
  readonly localTag: string;
  readonly remoteTag: string;
  readonly routes: readonly string[];
  target: string;
  sequence: number;
  remoteSequence: number;
}

const tagOf = (value: string): string => parameter(value, 'tag') ?? '';

/** The caller's dialog: made by the callee's answer (§12.1.2). */
export function dialogOfAnswer(invite: Request, answer: Response): Dialog {
  const local = first(invite, 'From') ?? '';
  const remote = first(answer, 'To') ?? '';
  return {
    callId: first(invite, 'Call-ID') ?? '',
    local,
    remote,
    localTag: tagOf(local),
    remoteTag: tagOf(remote),
    routes: all(answer, 'Record-Route').toReversed(),
    target: uriOf(first(answer, 'Contact') ?? invite.uri),
    sequence: sequenceOf(invite).number,
    remoteSequence: 0,
  };
}

/** The callee's dialog, with the tag it answers with (§12.1.1). */
export function dialogOfInvite(invite: Request, localTag: string): Dialog {
  const remote = first(invite, 'From') ?? '';
  return {
    callId: first(invite, 'Call-ID') ?? '',
    local: `${first(invite, 'To') ?? ''};tag=${localTag}`,
    remote,
    localTag,
    remoteTag: tagOf(remote),
    routes: all(invite, 'Record-Route'),
    target: uriOf(first(invite, 'Contact') ?? ''),
    sequence: 0,
    remoteSequence: sequenceOf(invite).number,
  };
}

/** A request within the dialog; an ACK takes its INVITE's number instead of a new one. */
export function requestWithin(
  dialog: Dialog,
  method: string,
  extra: readonly Header[] = [],
  body = '',
  sequence: number = (dialog.sequence +=
    1),
): Request {
  const headers: Header[] = [
    ...dialog.routes.map((value) => ({ name: 'Route', value })),
    { name: 'Max-Forwards', value: '70' },
    { name: 'From', value: dialog.local },
    { name: 'To', value: dialog.remote },
    { name: 'Call-ID', value: dialog.callId },
    { name: 'CSeq', value: `${sequence} ${method}` },
    ...extra,
  ];
  return { kind: 'request', method, uri: dialog.target, headers, body };
}

/** First hop of the dialog's requests; `null` when it leads off loopback. */
export function hopOf(dialog: Dialog): Address | null {
  const route = dialog.routes[0];
  const uri = parseUri(route === undefined ? dialog.target : uriOf(route));
  if (uri === null || (uri.host !== 'localhost' && !uri.host.startsWith('127.'))) return null;
  return { host: '127.0.0.1', port: uri.port };
}
