import {
  type IncomingInviteRequest,
  type InviteUserAgentServer,
  type SessionDialog,
  UserAgentCore,
  type UserAgentCoreDelegate,
} from 'sip.js/lib/core/index.js';
import { parseMessage } from '../wire/parser.ts';
import { makeUri } from '../wire/uri.ts';
import { SilentLoggerFactory } from './silence.ts';

const BODY = { contentDisposition: 'session', contentType: 'application/sdp', content: 'v=0\r\n' };

function makeCore(send: (text: string) => void, delegate: UserAgentCoreDelegate): UserAgentCore {
  const uri = makeUri('rehearsal', '192.0.2.1');
  return new UserAgentCore(
    {
      aor: uri,
      contact: { uri, pubGruu: undefined, tempGruu: undefined, toString: () => `<${uri.toString()}>` },
      displayName: '',
      loggerFactory: new SilentLoggerFactory(),
      hackViaTcp: false,
      routeSet: [],
      sipjsId: '',
      supportedOptionTags: [],
      supportedOptionTagsResponse: [],
      userAgentHeaderFieldValue: '',
      viaForceRport: true,
      viaHost: '192.0.2.1',
      authenticationFactory: () => undefined,
      transportAccessor: () => ({
        protocol: 'UDP',
        send: (text) => {
          send(text);
          return Promise.resolve();
        },
      }),
    },
    delegate,
  );
}

export type RehearsedObjects = Readonly<
  Record<'dialog' | 'server' | 'serverTransaction' | 'client' | 'clientTransaction', object>
>;

/**
 * A call between two cores in memory: its objects show `inspect`, while they live, whether sip.js still looks inside as it
 * did. Leaves no timer behind.
 */
export function rehearse(inspect: (objects: RehearsedObjects) => void): void {
  const toCaller: string[] = [];
  const toCalled: string[] = [];
  let server: InviteUserAgentServer | undefined;
  let dialog: SessionDialog | undefined;
  const called = makeCore((text) => toCaller.push(text), {
    onInvite(request: IncomingInviteRequest) {
      server = request as InviteUserAgentServer;
      dialog = request.accept({ statusCode: 200, body: { ...BODY } }).session as SessionDialog;
    },
  });
  const caller = makeCore((text) => toCalled.push(text), {});
  try {
    const uri = makeUri('rehearsal', '192.0.2.1');
    const message = caller.makeOutgoingRequestMessage('INVITE', uri, uri, uri, {}, [`Contact: <${uri.toString()}>`], BODY);
    const client = caller.invite(message, { onAccept: (response) => void response.ack() }) as unknown as { transaction: object };
    deliver(toCalled, called);
    deliver(toCaller, caller);
    inspect({
      dialog: dialog ?? {},
      server: server ?? {},
      serverTransaction: server?.transaction ?? {},
      client,
      clientTransaction: client.transaction,
    });
  } finally {
    called.dispose();
    caller.dispose();
  }
}

function deliver(texts: string[], core: UserAgentCore): void {
  for (const text of texts.splice(0)) {
    const result = parseMessage(text);
    if (!result.ok) continue;
    if ('statusCode' in result.message) core.receiveIncomingResponseFromTransport(result.message);
    else core.receiveIncomingRequestFromTransport(result.message);
  }
}
