import dgram from 'node:dgram';
import type { AddressInfo } from 'node:net';
import type { UserAgentCoreDelegate } from 'sip.js/lib/core/index.js';
import { afterEach, describe, expect, it } from 'vitest';
import type { UserAgent } from '../../../src/adapters/sip/sipjs/types.ts';
import { createUserAgentCore } from '../../../src/adapters/sip/sipjs/user-agent.ts';
import { makeUri } from '../../../src/adapters/sip/wire/uri.ts';
import { until } from '../../support/wait.ts';
import { SDP, session } from '../sipjs/support.ts';
import { openTransport } from './support.ts';

const TIMERS = { t1Ms: 20, t2Ms: 80, t4Ms: 100 };
const CALLS = 60;

const sockets: dgram.Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close();
});

/** The same losses at every run, as far as packets come in the same order. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}

async function bind(): Promise<dgram.Socket> {
  const socket = dgram.createSocket('udp4');
  sockets.push(socket);
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return socket;
}

/** Two sockets that pass on to each other's user what they get, but for a share of it, and some of it twice. */
class LossyWire {
  readonly caller: dgram.Socket;
  readonly called: dgram.Socket;
  lost = 0;
  private readonly users = new Map<dgram.Socket, number>();
  private readonly random = chance(7);

  constructor(caller: dgram.Socket, called: dgram.Socket) {
    this.caller = caller;
    this.called = called;
    this.pass(caller, called);
    this.pass(called, caller);
  }

  join(caller: number, called: number): void {
    this.users.set(this.caller, caller).set(this.called, called);
  }

  private pass(from: dgram.Socket, to: dgram.Socket): void {
    from.on('message', (data) => {
      const draw = this.random();
      if (draw < 0.2) {
        this.lost++;
        return;
      }
      to.send(data, this.users.get(to), '127.0.0.1');
      if (draw > 0.95) to.send(data, this.users.get(to), '127.0.0.1');
    });
  }
}

const portOf = (socket: dgram.Socket): number => (socket.address() as AddressInfo).port;

async function agent(
  user: string,
  near: dgram.Socket,
  far: dgram.Socket,
  delegate: UserAgentCoreDelegate,
): Promise<{ port: number; userAgent: UserAgent }> {
  const { transport } = await openTransport({
    timers: TIMERS,
    outbound: [{ host: '127.0.0.1', port: portOf(near) }],
    failover: { deadAfterMs: 60_000, probeIntervalMs: 60_000 },
  });
  const userAgent = createUserAgentCore({
    user,
    domain: 'example',
    advertised: { host: '127.0.0.1', port: portOf(far) },
    transport,
    timers: TIMERS,
    credentials: () => null,
    delegate,
    onError: (error) => expect.unreachable(String(error)),
  });
  return { port: transport.local.port, userAgent };
}

describe('a network that loses a fifth of all packets and doubles a twentieth', () => {
  it('loses no call', async () => {
    const wire = new LossyWire(await bind(), await bind());
    const invited = new Set<string>();
    let hungUp = 0;
    const called = await agent('called', wire.called, wire.caller, {
      onInvite(call) {
        expect(invited.has(call.message.callId)).toBe(false);
        invited.add(call.message.callId);
        call.progress();
        setTimeout(() => {
          const dialog = call.accept({ statusCode: 200, body: session() }).session;
          dialog.delegate = {
            onBye(bye) {
              hungUp++;
              bye.accept();
            },
          };
        }, 5);
      },
    });
    const caller = await agent('caller', wire.caller, wire.called, {});
    wire.join(caller.port, called.port);
    const outcomes: string[] = [];
    const note = ({ message }: { message: { statusCode: number | undefined } }): void =>
      void outcomes.push(String(message.statusCode));
    const { core, aor, contact } = caller.userAgent;
    for (let count = 0; count < CALLS; count++) {
      const target = makeUri('called', 'example');
      const message = core.makeOutgoingRequestMessage(
        'INVITE',
        target,
        aor,
        target,
        {},
        [`Contact: <${contact.toString()}>`],
        session(SDP),
      );
      core.invite(message, {
        onReject: note,
        onAccept(accepted) {
          accepted.ack();
          setTimeout(() => accepted.session.bye({ onAccept: note, onReject: note }), 5);
        },
      });
    }
    await until('the end of all calls', () => outcomes.length === CALLS);
    expect(outcomes).toEqual(Array(CALLS).fill('200'));
    expect([invited.size, hungUp, core.dialogs.size, called.userAgent.core.dialogs.size]).toEqual([CALLS, CALLS, 0, 0]);
    expect(wire.lost).toBeGreaterThan(CALLS / 2);
    caller.userAgent.dispose();
    called.userAgent.dispose();
  });
});
