import type { Body, IncomingResponseMessage, SessionDialog } from 'sip.js/lib/core/index.js';
import type { Leg } from './leg.ts';

export const sessionBody = (content: string): Body => ({
  contentDisposition: 'session',
  contentType: 'application/sdp',
  content,
});

export const contactHeader = (leg: Leg): string => `Contact: <${leg.line.contact.toString()}>`;

/** RFC 3261 §12.2.1.2: the dialog no longer exists on the other side, or nobody answers in it. */
export const dialogGone = (status: number): boolean => status === 481 || status === 408;

/** A response that sip.js made up because none came (RFC 3261 §8.1.3.1); it has no Call-ID. */
export const isLocal = (response: IncomingResponseMessage): boolean => !response.callId;

type Method = 'OPTIONS' | 'UPDATE' | 'NOTIFY';
type Done = (status: number, response: IncomingResponseMessage) => void;

/** Sends a request inside the leg's dialog and reports its final response; 408 when none came, 503 when it could not be sent. */
export function requestInDialog(leg: Leg, method: Method, options: { extraHeaders?: string[]; body?: Body }, done: Done): void {
  const { session, host } = leg;
  if (session === null) return;
  const message = session.createOutgoingRequestMessage(method, options);
  const finish = ({ message: response }: { message: IncomingResponseMessage }): void => {
    keepSequence(session, message.cseq);
    done(response.statusCode ?? 0, response);
  };
  host.userAgent.core.request(message, { onAccept: finish, onRedirect: finish, onReject: finish });
}

/** A challenge made sip.js send the request again with a higher CSeq behind the dialog's back (RFC 3261 §22.2). */
function keepSequence(session: SessionDialog, used: number): void {
  while ((session.localSequenceNumber ?? used) < used) session.incrementLocalSequenceNumber();
}

/** Says BYE, where the dialog still allows it, and lets `stop` wait for the answer. */
export function sayBye(leg: Leg, session: SessionDialog): void {
  const done = leg.host.pending();
  try {
    session.bye({ onAccept: done, onReject: done, onRedirect: done });
  } catch (error) {
    done();
    leg.host.log.log('debug', 'A dialog could not be ended by BYE', { leg: leg.id, error: String(error) });
    session.dispose();
  }
}

/** The dialog turned out to be gone: free what may be left of it over there, and tell the core. */
export function lose(leg: Leg, status: number): void {
  const { session } = leg;
  if (session !== null && status !== 481) sayBye(leg, session);
  else session?.dispose();
  leg.end('lost');
}
