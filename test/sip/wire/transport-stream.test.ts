import net from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../../support/wait.ts';
import { header, request, response } from '../sipjs/support.ts';
import { CERTIFICATE, KEY } from './certificates.ts';
import { openTransport, ours } from './support.ts';

const sockets = new Set<{ destroy(): void }>();
const servers = new Set<net.Server>();
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
  sockets.clear();
  servers.clear();
});

interface Server {
  readonly port: number;
  readonly connections: net.Socket[];
  readonly received: () => string;
  close(): void;
}

/** A plain TCP server that plays an IPBX. */
async function serve(port = 0): Promise<Server> {
  const connections: net.Socket[] = [];
  let received = '';
  const server = net.createServer((socket) => {
    connections.push(socket);
    sockets.add(socket);
    socket.on('data', (data) => {
      received += data.toString();
    });
    socket.on('error', () => {});
  });
  servers.add(server);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const close = (): void => {
    server.close();
    for (const socket of connections) socket.destroy();
  };
  return { port: (server.address() as net.AddressInfo).port, connections, received: () => received, close };
}

async function connect(port: number): Promise<{ socket: net.Socket; received: () => string }> {
  const socket = net.connect(port, '127.0.0.1');
  sockets.add(socket);
  let received = '';
  socket.on('data', (data) => {
    received += data.toString();
  });
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('connect', resolve));
  return { socket, received: () => received };
}

const theirs = (branch: string): string => request('OPTIONS', { via: `SIP/2.0/TCP 127.0.0.1:9;branch=${branch}` });

describe('connections that the IPBX opens', () => {
  it('carry messages cut anywhere, and the answers to them (RFC 3261 §18.2.2)', async () => {
    const { transport, messages } = await openTransport({ protocol: 'TCP' });
    const { socket, received } = await connect(transport.local.port);
    const bytes = Buffer.from(`${theirs('z9hG4bK1')}\r\n\r\n${theirs('z9hG4bK2')}`);
    for (let at = 0; at < bytes.length; at += 100) {
      socket.write(bytes.subarray(at, at + 100));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until('both', () => messages.length === 2);
    await until('the pong', () => received() === '\r\n');
    for (const { text } of messages) await transport.send(response(text, 200));
    await until('the answers', () => received().split('SIP/2.0 200').length === 3);
    expect(header(messages[0]?.text, 'Via')).toBe(
      `SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bK1;rport=${socket.localPort};received=127.0.0.1`,
    );
    expect(transport.counters).toMatchObject({ received: 2, connections: 1, keepAlives: 1 });
  });

  it('once closed are replaced by one to the sender’s own port', async () => {
    const server = await serve();
    const { transport, messages } = await openTransport({ protocol: 'TCP' });
    const { socket } = await connect(transport.local.port);
    socket.write(request('OPTIONS', { via: `SIP/2.0/TCP 127.0.0.1:${server.port};branch=z9hG4bK1` }));
    await until('the request', () => messages.length === 1);
    socket.destroy();
    await until('the loss to be noticed', async () => {
      await transport.send(response(messages[0]?.text, 200)).catch(() => {});
      return server.received().startsWith('SIP/2.0 200');
    });
  });

  it('from elsewhere are closed unheard', async () => {
    const { transport, messages } = await openTransport({ protocol: 'TCP', allowSource: () => false });
    const { socket } = await connect(transport.local.port);
    socket.write(theirs('z9hG4bK1'));
    await until('the end', () => socket.closed);
    expect([messages.length, transport.counters.dropped.source]).toEqual([0, 1]);
  });

  it('that do not speak SIP are closed', async () => {
    const { transport } = await openTransport({ protocol: 'TCP' });
    const { socket } = await connect(transport.local.port);
    socket.write('GET / HTTP/1.1\r\nContent-Length: nonsense\r\n\r\n');
    await until('the end', () => socket.closed);
    expect(transport.counters.dropped.framing).toBe(1);
  });
});

describe('connections that we open', () => {
  it('are used for requests outside a dialog, never repeated, and hear what comes back', async () => {
    const server = await serve();
    const { transport, messages } = await openTransport({
      protocol: 'TCP',
      outbound: [{ host: '127.0.0.1', port: server.port }],
    });
    await transport.send(ours(transport, 'REGISTER', { uri: 'sip:ipbx.example' }));
    await until('the request', () => server.received().includes('REGISTER'));
    server.connections[0]?.write(response(server.received(), 200));
    await until('the answer', () => messages.length === 1);
    expect(server.connections).toHaveLength(1);
    expect([transport.counters.retransmitted, transport.sizes.pending]).toEqual([0, 0]);
  });

  it('are opened again for ever, and the target is used again', async () => {
    const server = await serve();
    const { transport, targets } = await openTransport({ protocol: 'TCP', outbound: [{ host: '127.0.0.1', port: server.port }] });
    await until('the connection', () => server.connections.length === 1);
    server.close();
    await until('the loss', () => targets.at(-1) === null);
    const again = await serve(server.port);
    await until('the return', () => targets.at(-1)?.port === server.port);
    await transport.send(ours(transport, 'OPTIONS', { uri: 'sip:ipbx.example' }));
    await until('the request', () => again.received().includes('OPTIONS'));
  });

  it('that are refused fail the requests that wait for them at once (RFC 3261 §18.4)', async () => {
    const server = await serve();
    server.close();
    const { transport, unreachable } = await openTransport({
      protocol: 'TCP',
      outbound: [{ host: '127.0.0.1', port: server.port }],
    });
    await transport.send(ours(transport, 'INVITE', { uri: 'sip:ipbx.example' }));
    await until('the failure', () => unreachable.length === 1);
    expect(unreachable[0]).toMatch(/^INVITE /);
    expect(transport.sizes.pending).toBe(0);
  });

  it('are pinged, and given up when a far end that has answered pings stops doing so (RFC 5626 §4.4.1)', async () => {
    const server = await serve();
    await openTransport({
      protocol: 'TCP',
      outbound: [{ host: '127.0.0.1', port: server.port }],
      keepAliveMs: 10,
      pongTimeoutMs: 30,
    });
    await until('a ping', () => server.received().includes('\r\n\r\n'));
    await until('another, though none was answered', () => server.received().length >= 8);
    expect(server.connections).toHaveLength(1);
    server.connections[0]?.write('\r\n');
    await until('a new connection', () => server.connections.length === 2);
  });

  it('give up on a far end that takes nothing', async () => {
    const server = await serve();
    const { transport } = await openTransport({ protocol: 'TCP', outbound: [{ host: '127.0.0.1', port: server.port }] });
    await until('the connection', () => server.connections.length === 1);
    server.connections[0]?.pause();
    const text = ours(transport, 'MESSAGE', { uri: 'sip:ipbx.example', body: 'x'.repeat(60_000), type: 'text/plain' });
    await until('the refusal', async () => {
      for (let count = 0; count < 50; count++) await transport.send(text).catch(() => {});
      return transport.counters.dropped.overflow > 0;
    });
  });
});

describe('TLS', () => {
  const server = (options = {}) => openTransport({ protocol: 'TLS', tls: { cert: CERTIFICATE, key: KEY }, ...options });

  it('carries requests and answers both ways when the certificate verifies', async () => {
    const ipbx = await server();
    const { transport, messages } = await openTransport({
      protocol: 'TLS',
      outbound: [{ host: '127.0.0.1', port: ipbx.transport.local.port }],
      tls: { ca: CERTIFICATE },
    });
    await transport.send(ours(transport, 'REGISTER', { uri: 'sip:ipbx.example' }));
    await until('the request', () => ipbx.messages.length === 1);
    await ipbx.transport.send(response(ipbx.messages[0]?.text, 200));
    await until('the answer', () => messages.length === 1);
    const { source } = ipbx.messages[0] as { source: { port: number; address: string; protocol: 'TLS' } };
    await ipbx.transport.sendTo(ours(ipbx.transport, 'OPTIONS', { uri: 'sip:x@y' }), source);
    await until('a request on the same connection', () => messages.length === 2);
  });

  it('finds the configured name in the certificate', async () => {
    const ipbx = await server();
    const resolver = { srv: () => Promise.resolve([]), addresses: () => Promise.resolve(['127.0.0.1']) };
    const port = ipbx.transport.local.port;
    const good = await openTransport({
      protocol: 'TLS',
      outbound: [{ host: 'ipbx.example', port }],
      tls: { ca: CERTIFICATE },
      resolver,
    });
    await until('a connection', () => good.transport.counters.connections === 1);
    const bad = await openTransport({
      protocol: 'TLS',
      outbound: [{ host: 'other.example', port }],
      tls: { ca: CERTIFICATE },
      resolver,
    });
    await until('the refusal', () => bad.targets.at(-1) === null);
    expect(bad.transport.counters.connections).toBe(0);
  });

  it('refuses an unknown certificate, unless told not to verify', async () => {
    const ipbx = await server();
    const outbound = [{ host: '127.0.0.1', port: ipbx.transport.local.port }];
    const strict = await openTransport({ protocol: 'TLS', outbound });
    await until('the refusal', () => strict.targets.at(-1) === null);
    const lax = await openTransport({ protocol: 'TLS', outbound, tls: { verify: false } });
    await until('a connection', () => lax.transport.counters.connections === 1);
  });
});
