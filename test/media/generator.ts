/**
 * The telephones of the media bench, a process of its own: sends 50 packets a second on each leg, evenly spread as calls
 * that began at any time are, and receives what comes out of the other leg. Every packet carries its number and when it
 * was sent, by this process's own clock. Talks with its parent by messages.
 */
import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { once } from 'node:events';
import { constants, setPriority } from 'node:os';

export type GeneratorOrder =
  /** Legs of the appliance, in pairs; their index is the leg's number here. */
  { readonly t: 'legs'; readonly ports: readonly number[] } | { readonly t: 'measure'; readonly durationMs: number };

export type GeneratorReport =
  /** Leg n's telephone is at `ports[n % ports.length]`. */
  | { readonly t: 'listening'; readonly ports: readonly number[] }
  | {
      readonly t: 'measured';
      readonly sent: number;
      readonly received: number;
      readonly p50: number;
      readonly p99: number;
      readonly max: number;
      /** Share of one processor that this process took. */
      readonly ownCpu: number;
    };

const SOCKETS = 16;
const PACKET = 172;
const PERIOD_MS = 20;
const TICK_MS = 1;
/** Bins of 20 µs up to a second. */
const BIN_MS = 0.02;
const BINS = 50_000;

// Real telephones do not wait for the appliance's processor: what they wait here would be counted as the relay's delay.
try {
  setPriority(0, constants.priority.PRIORITY_HIGH);
} catch {
  // Without the right to it the figures are only worse.
}

const report = (one: GeneratorReport): void => void process.send?.(one);

const sockets: Socket[] = [];
const histogram = new Uint32Array(BINS);
let ports: readonly number[] = [];
let sent = 0;
let received = 0;
/** Packets of this measurement carry its number: the late ones of the one before do not count. */
let round = 0;

const packets = Array.from({ length: 4_096 }, () => Buffer.alloc(PACKET, 0xd5));
let nextPacket = 0;
const sequences = new Uint16Array(20_000);

const sendOne = (leg: number): void => {
  const packet = packets[nextPacket++ % packets.length] as Buffer;
  const sequence = ((sequences[leg] as number) + 1) & 0xffff;
  sequences[leg] = sequence;
  packet[0] = 0x80;
  packet[1] = 8;
  packet.writeUInt16BE(sequence, 2);
  packet.writeUInt32BE(sequence * 160, 4);
  packet.writeUInt32BE(leg + 1, 8);
  packet.writeUInt32BE(round, 12);
  packet.writeDoubleBE(performance.now(), 16);
  (sockets[leg % SOCKETS] as Socket).send(packet, ports[leg] as number, '127.0.0.1');
  sent++;
};

const hear = (packet: Buffer): void => {
  if (packet.length !== PACKET || packet.readUInt32BE(12) !== round) return;
  received++;
  const delay = performance.now() - packet.readDoubleBE(16);
  const bin = Math.min(BINS - 1, Math.floor(delay / BIN_MS));
  histogram[bin] = (histogram[bin] as number) + 1;
};

const percentile = (share: number): number => {
  let left = received * share;
  for (let bin = 0; bin < BINS; bin++) {
    left -= histogram[bin] as number;
    if (left <= 0) return (bin + 1) * BIN_MS;
  }
  return BINS * BIN_MS;
};

/** Sends until `end`; the legs in turn, as many as the time that has gone by asks for. */
const sendUntil = async (end: number): Promise<void> => {
  let done = performance.now();
  let leg = 0;
  let owed = 0;
  while (done < end) {
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
    const now = performance.now();
    owed += ((now - done) * ports.length) / PERIOD_MS;
    done = now;
    for (; owed >= 1; owed--) {
      sendOne(leg);
      leg = (leg + 1) % ports.length;
    }
  }
};

const measure = async (durationMs: number): Promise<void> => {
  // A second for sources to be learnt and code to be warm.
  round++;
  await sendUntil(performance.now() + 1_000);
  round++;
  histogram.fill(0);
  sent = 0;
  received = 0;
  const cpu = process.cpuUsage();
  await sendUntil(performance.now() + durationMs);
  const used = process.cpuUsage(cpu);
  await new Promise((resolve) => setTimeout(resolve, 500));
  const ownCpu = (used.user + used.system) / 1_000 / durationMs;
  report({ t: 'measured', sent, received, p50: percentile(0.5), p99: percentile(0.99), max: percentile(1), ownCpu });
};

process.on('message', (order: GeneratorOrder) => {
  if (order.t === 'legs') ports = order.ports;
  else void measure(order.durationMs);
});
process.on('disconnect', () => process.exit(0));

for (let i = 0; i < SOCKETS; i++) {
  const socket = createSocket({
    type: 'udp4',
    lookup: (address, _options, callback) => callback(null, address, 4),
  });
  socket.on('message', hear);
  // Asked for first: with a resolver that answers at once the socket is bound before bind returns.
  const listening = once(socket, 'listening');
  socket.bind(0, '127.0.0.1');
  await listening;
  socket.setRecvBufferSize(4 * 1024 * 1024);
  sockets.push(socket);
}
report({ t: 'listening', ports: sockets.map((socket) => socket.address().port) });
