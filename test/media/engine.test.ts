import { beforeEach, describe, expect, it } from 'vitest';
import type { EngineEvent } from '../../src/media/engine.ts';
import { MediaEngine } from '../../src/media/engine.ts';
import type { Codec } from '../../src/media/g711.ts';
import { encode, FRAME_SAMPLES } from '../../src/media/g711.ts';
import type { Sound } from '../../src/media/play.ts';
import { toSound } from '../../src/media/play.ts';
import { emptyHeader, parseRtp, sequenceDistance, timestampDistance, writeRtp } from '../../src/media/rtp.ts';
import { parseRtcp } from '../../src/media/rtcp.ts';
import { SourceLock } from '../../src/media/source-lock.ts';
import type { FarEnd, Stream } from '../../src/media/stream.ts';
import { eventPackets } from '../../src/media/telephone-event.ts';
import { DTMF_COLUMNS, DTMF_ROWS, synthesise } from '../../src/media/tones.ts';
import { decode, meanPower, tonePower } from '../support/sound.ts';

/** The engine on a clock of the test's own, its sockets lists. */

const FAR = '192.0.2.1';
const START = 1_700_000_000_000;

interface Heard {
  readonly at: number;
  readonly marker: boolean;
  readonly payloadType: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly payload: Uint8Array;
}

class World {
  now = START;
  readonly events: EngineEvent[] = [];
  readonly sounds = new Map<string, Sound | 'loading' | 'missing'>();
  readonly engine: MediaEngine;
  readonly heard = new Map<number, Heard[]>();
  readonly reports = new Map<number, Uint8Array[]>();
  #random = 1;

  constructor(inbandDtmf = false) {
    this.engine = new MediaEngine(
      {
        inbandDtmf,
        random: () => (this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) >>> 0),
        sounds: (prompt) => this.sounds.get(prompt) ?? 'missing',
        emit: (event) => this.events.push(event),
        cname: 'test',
      },
      this.now,
    );
  }

  /** A stream whose far end is at port 4000 + id. */
  leg(id: number, far: Partial<FarEnd> = {}): Telephone {
    const heard: Heard[] = [];
    const reports: Uint8Array[] = [];
    this.heard.set(id, heard);
    this.reports.set(id, reports);
    const stream = this.engine.open(
      id,
      {
        send: (packet) => {
          const header = emptyHeader();
          expect(parseRtp(packet, header)).toBe(true);
          heard.push({ at: this.now, ...header, payload: packet.slice(header.payloadStart, header.payloadEnd) });
        },
        sendControl: (packet) => void reports.push(packet),
        lock: () => undefined,
        unlock: () => undefined,
      },
      new SourceLock({ anyAddress: false, trusted: new Set() }),
      this.now,
    );
    const telephone = new Telephone(this, stream, id, heard, { ...DEFAULT, port: 4_000 + id, ...far });
    telephone.connect({});
    return telephone;
  }

  pass(ms: number, step = 5): void {
    for (const end = this.now + ms; this.now < end; ) {
      this.now = Math.min(end, this.now + step);
      this.engine.wheel.advance(this.now);
    }
  }
}

const DEFAULT: Omit<FarEnd, 'port'> = {
  address: FAR,
  codec: 'PCMA',
  payloadType: 8,
  telephoneEventType: 101,
  direction: 'sendrecv',
};

class Telephone {
  readonly world: World;
  readonly id: number;
  readonly stream: Stream;
  readonly heard: Heard[];
  far: FarEnd;
  sequence = 65_500;
  timestamp = 4_294_960_000;
  ssrc: number;

  constructor(world: World, stream: Stream, id: number, heard: Heard[], far: FarEnd) {
    this.world = world;
    this.stream = stream;
    this.id = id;
    this.heard = heard;
    this.far = far;
    this.ssrc = 0x1000 + id;
  }

  connect(change: Partial<FarEnd>): void {
    this.far = { ...this.far, ...change };
    this.world.engine.connect(this.id, this.far, this.world.now);
  }

  packet(payloadType: number, payload: Uint8Array, marker = false): Uint8Array {
    const packet = new Uint8Array(12 + payload.length);
    writeRtp(packet, marker, payloadType, this.sequence, this.timestamp, this.ssrc);
    packet.set(payload, 12);
    return packet;
  }

  deliver(packet: Uint8Array, port = this.far.port, address = this.far.address): void {
    this.world.engine.receive(this.stream, packet, address, port, this.world.now);
  }

  /** One frame, and the clock moves on by it. */
  say(payload: Uint8Array = new Uint8Array(FRAME_SAMPLES).fill(0x55), payloadType = this.far.payloadType): void {
    this.deliver(this.packet(payloadType, payload));
    this.step();
  }

  step(): void {
    this.sequence = (this.sequence + 1) & 0xffff;
    this.timestamp = (this.timestamp + FRAME_SAMPLES) >>> 0;
    this.world.pass(20);
  }

  press(digit: string, payloadType = 101): void {
    for (const { payload, marker } of eventPackets(digit, 60) ?? []) {
      this.deliver(this.packet(payloadType, payload, marker));
      this.sequence = (this.sequence + 1) & 0xffff;
    }
    this.timestamp = (this.timestamp + 1_600) >>> 0;
    this.world.pass(200);
  }
}

const tone = (frequency: number, ms: number): Sound => toSound(synthesise([{ frequencies: [frequency], durationMs: ms }]));

/** One source, no number twice or left out, timestamps in step with the clock. */
const expectContinuous = (heard: readonly Heard[]): void => {
  for (const [i, packet] of heard.entries()) {
    const before = heard[i - 1];
    if (before === undefined) continue;
    expect(packet.ssrc).toBe(before.ssrc);
    expect(sequenceDistance(packet.sequence, before.sequence)).toBe(1);
    const samples = timestampDistance(packet.timestamp, before.timestamp);
    expect(samples).toBeGreaterThanOrEqual(FRAME_SAMPLES);
    expect(Math.abs(samples - (packet.at - before.at) * 8)).toBeLessThanOrEqual(FRAME_SAMPLES);
  }
};

const sound = (heard: readonly Heard[], codec: Codec): Float32Array =>
  Float32Array.from(heard.flatMap(({ payload }) => Array.from(decode(codec, payload))));

const isTone = (heard: readonly Heard[], codec: Codec, frequency: number): boolean => {
  const samples = sound(heard, codec);
  return tonePower(samples, 8_000, frequency) > 0.9 * meanPower(samples);
};

let world: World;
beforeEach(() => {
  world = new World();
});

describe('a play', () => {
  it.each(['PCMA', 'PCMU'] as const)('is heard in %s, frame by frame, and finishes after its last', (codec) => {
    world.sounds.set('a', tone(600, 200));
    const leg = world.leg(1, { codec, payloadType: codec === 'PCMA' ? 8 : 0 });
    world.engine.play(1, 7, 'fr', [{ prompt: 'a' }, { silenceMs: 40 }, { tone: 'beep' }], false, world.now);
    world.pass(400);
    expect(world.events).toEqual([]);
    world.pass(60);
    expect(world.events).toEqual([{ type: 'finished', stream: 1, play: 7 }]);
    expectContinuous(leg.heard);
    expect(leg.heard[0]?.marker).toBe(true);
    expect(isTone(leg.heard.slice(0, 10), codec, 600)).toBe(true);
    expect(isTone(leg.heard.slice(12, 22), codec, 1_000)).toBe(true);
    expect(meanPower(sound(leg.heard.slice(10, 12), codec))).toBeLessThan(1e-5);
  });

  it('in a loop goes on for ever and never finishes', () => {
    world.sounds.set('a', tone(600, 100));
    const leg = world.leg(1);
    world.engine.play(1, 7, 'fr', [{ prompt: 'a' }, { prompt: 'gone' }], true, world.now);
    world.pass(60_000);
    expect(leg.heard.length).toBe(3_001);
    expect(world.events).toEqual([]);
    expectContinuous(leg.heard);
  });

  it('of missing prompts finishes at once; in a loop it is quiet and harms nobody', () => {
    const leg = world.leg(1);
    world.engine.play(1, 1, 'fr', [{ prompt: 'gone' }], false, world.now);
    expect(world.events).toEqual([{ type: 'finished', stream: 1, play: 1 }]);
    world.engine.play(1, 2, 'fr', [{ prompt: 'gone' }], true, world.now);
    world.engine.play(1, 3, 'fr', [], true, world.now);
    world.pass(1_000);
    expect(world.events.length).toBe(1);
    expect(meanPower(sound(leg.heard, 'PCMA'))).toBeLessThan(1e-5);
  });

  it('waits in quiet for a prompt that is being loaded', () => {
    world.sounds.set('a', 'loading');
    const leg = world.leg(1);
    world.engine.play(1, 1, 'fr', [{ prompt: 'a' }], false, world.now);
    world.pass(100);
    world.sounds.set('a', tone(600, 100));
    world.pass(100);
    expect(isTone(leg.heard.slice(6, 10), 'PCMA', 600)).toBe(true);
    expectContinuous(leg.heard);
  });

  it('replaced by another never finishes, and the next is heard at once', () => {
    world.sounds.set('a', tone(600, 1_000)).set('b', tone(900, 1_000));
    const leg = world.leg(1);
    world.engine.play(1, 1, 'fr', [{ prompt: 'a' }], false, world.now);
    world.pass(210);
    const before = leg.heard.length;
    world.engine.play(1, 2, 'fr', [{ prompt: 'b' }], false, world.now);
    expect(leg.heard.length).toBe(before + 1);
    world.pass(2_000);
    expect(isTone(leg.heard.slice(before, before + 40), 'PCMA', 900)).toBe(true);
    expect(world.events).toEqual([{ type: 'finished', stream: 1, play: 2 }]);
    expectContinuous(leg.heard);
  });

  it('begins when the leg is connected, if ordered before', () => {
    const leg = world.leg(1);
    leg.stream.remote = null;
    world.engine.play(1, 1, 'fr', [{ tone: 'beep' }], false, world.now);
    world.pass(1_000);
    expect(leg.heard).toEqual([]);
    leg.connect({});
    world.pass(220);
    expect(world.events).toEqual([{ type: 'finished', stream: 1, play: 1 }]);
    expect(isTone(leg.heard.slice(0, 10), 'PCMA', 1_000)).toBe(true);
  });

  it('catches up after a late tick, with a burst that has a bound and timestamps that tell the pause', () => {
    world.sounds.set('a', tone(600, 10_000));
    const leg = world.leg(1);
    world.engine.play(1, 1, 'fr', [{ prompt: 'a' }], false, world.now);
    world.pass(100);
    world.pass(60, 60);
    expect(leg.heard.length).toBe(9);
    world.pass(1_000, 1_000);
    expect(leg.heard.length).toBe(14);
    const [before, after] = [leg.heard[8], leg.heard[9]];
    expect(timestampDistance(after?.timestamp ?? 0, before?.timestamp ?? 0)).toBe(46 * FRAME_SAMPLES);
    expect(after?.marker).toBe(true);
    world.pass(1_000);
    expect(leg.heard.length).toBe(64);
  });

  it('is heard by nobody while the far end does not want to hear, and ends when it would have', () => {
    const leg = world.leg(1, { direction: 'recvonly' });
    world.engine.play(1, 1, 'fr', [{ tone: 'beep' }], false, world.now);
    world.pass(220);
    expect(leg.heard).toEqual([]);
    expect(world.events).toEqual([{ type: 'finished', stream: 1, play: 1 }]);
    leg.connect({ direction: 'sendrecv' });
    world.pass(100);
    expect(leg.heard.length).toBeGreaterThan(3);
  });

  it('goes to nobody at 0.0.0.0, the hold of RFC 2543', () => {
    const leg = world.leg(1, { address: '0.0.0.0' });
    world.engine.quiet(1, world.now);
    world.pass(100);
    expect(leg.heard).toEqual([]);
  });
});

describe('a bridge', () => {
  it('relays both ways at once, as one source per leg whatever was heard before', () => {
    const [a, b] = [world.leg(1), world.leg(2)];
    world.engine.play(1, 1, 'fr', [{ tone: 'ringback' }], true, world.now);
    world.pass(500);
    world.engine.bridge(1, 2, world.now);
    const said = a.heard.length;
    for (let i = 0; i < 50; i++) {
      const before = b.heard.length;
      a.deliver(a.packet(8, Uint8Array.of(i)));
      expect(b.heard.length).toBe(before + 1);
      a.step();
      b.say(new Uint8Array(160).fill(100 + i));
    }
    expect(a.heard.slice(said).map(({ payload }) => payload[0])).toEqual(Array.from({ length: 50 }, (_, i) => 100 + i));
    expectContinuous(a.heard);
    world.engine.play(2, 2, 'fr', [{ tone: 'busy' }], true, world.now);
    world.pass(500);
    expectContinuous(b.heard.slice(50));
    expect(new Set(b.heard.map(({ ssrc }) => ssrc)).size).toBe(1);
    expect(b.heard.filter(({ marker }) => marker).length).toBe(2);
  });

  it.each([
    ['PCMA', 'PCMU'],
    ['PCMU', 'PCMA'],
  ] as const)('from %s to %s the sound is the same', (from, to) => {
    const a = world.leg(1, { codec: from, payloadType: from === 'PCMA' ? 8 : 0 });
    const b = world.leg(2, { codec: to, payloadType: to === 'PCMA' ? 8 : 0 });
    world.engine.bridge(1, 2, world.now);
    const samples = synthesise([{ frequencies: [440], durationMs: 400 }]);
    for (let at = 0; at < samples.length; at += 160) a.say(encode(from, samples.subarray(at, at + 160)));
    expect(new Set(b.heard.map(({ payloadType }) => payloadType))).toEqual(new Set([to === 'PCMA' ? 8 : 0]));
    expect(isTone(b.heard, to, 440)).toBe(true);
    const power = meanPower(sound(b.heard, to)) / meanPower(Float32Array.from(samples, (value) => value / 32_768));
    expect(Math.abs(10 * Math.log10(power))).toBeLessThan(0.1);
  });

  it('timestamps run with the clock while nothing is to be heard', () => {
    const [a, b] = [world.leg(1), world.leg(2)];
    world.engine.bridge(1, 2, world.now);
    a.say();
    world.pass(980);
    world.engine.play(2, 1, 'fr', [{ tone: 'beep' }], false, world.now);
    expect(timestampDistance(b.heard[1]?.timestamp ?? 0, b.heard[0]?.timestamp ?? 0)).toBe(8_000);
    expectContinuous(b.heard);
  });

  it('a packet from before it, come late, is not squeezed in', () => {
    const [a, b] = [world.leg(1), world.leg(2)];
    a.say();
    const late = a.packet(8, new Uint8Array(160));
    a.step();
    a.say();
    world.engine.play(2, 1, 'fr', [{ tone: 'ringback' }], true, world.now);
    world.pass(100);
    world.engine.bridge(1, 2, world.now);
    a.say();
    a.deliver(late);
    a.say();
    expectContinuous(b.heard);
  });

  it('leaves holes and disorder as they are', () => {
    const [a, b] = [world.leg(1), world.leg(2)];
    world.engine.bridge(1, 2, world.now);
    for (let i = 0; i < 100; i++) {
      if (i % 20 === 7) a.step();
      else a.say();
    }
    expect(b.heard.length).toBe(95);
    expect(sequenceDistance(b.heard.at(-1)?.sequence ?? 0, b.heard[0]?.sequence ?? 0)).toBe(99);
    expect(a.stream.reception.lostTotal).toBe(5);
  });

  it('takes CSRCs, extension and padding away', () => {
    const [a, b] = [world.leg(1), world.leg(2)];
    world.engine.bridge(1, 2, world.now);
    const packet = new Uint8Array(12 + 4 + 8 + 3 + 5);
    writeRtp(packet, false, 8, 1, 1, 9);
    packet[0] = 0xb1;
    packet[19] = 1;
    packet.set([1, 2, 3], 24);
    packet[packet.length - 1] = 5;
    a.deliver(packet);
    expect(b.heard.map(({ payload }) => Array.from(payload))).toEqual([[1, 2, 3]]);
  });

  it('a far end that begins anew, with another SSRC or other numbers, goes on without a break on the other side', () => {
    const [a, b] = [world.leg(1), world.leg(2)];
    world.engine.bridge(1, 2, world.now);
    for (let i = 0; i < 10; i++) a.say();
    a.ssrc = 77;
    a.sequence = 12;
    a.timestamp = 99;
    for (let i = 0; i < 10; i++) a.say();
    a.sequence = 30_000;
    a.timestamp = 5;
    for (let i = 0; i < 10; i++) a.say();
    // The first packet after the jump could have been a stray.
    expect(b.heard.length).toBe(29);
    expectContinuous(b.heard);
  });

  it('gives telephone events the other side’s number, one timestamp an event, and tells the digit', () => {
    const a = world.leg(1);
    const b = world.leg(2, { telephoneEventType: 96 });
    world.engine.bridge(1, 2, world.now);
    a.say();
    a.press('5');
    a.press('#');
    a.say();
    const events = b.heard.filter(({ payloadType }) => payloadType === 96);
    expect(events.map(({ payload }) => payload[0])).toEqual([5, 5, 5, 5, 5, 11, 11, 11, 11, 11]);
    expect(new Set(events.map(({ timestamp }) => timestamp)).size).toBe(2);
    expect(events.filter(({ marker }) => marker).length).toBe(2);
    expect(world.events).toEqual([
      { type: 'digit', stream: 1, digit: '5' },
      { type: 'digit', stream: 1, digit: '#' },
    ]);
  });

  it('keeps telephone events from a side that has none', () => {
    const a = world.leg(1);
    const b = world.leg(2, { telephoneEventType: null });
    world.engine.bridge(1, 2, world.now);
    a.press('1');
    expect(b.heard).toEqual([]);
    expect(world.events.length).toBe(1);
  });

  it('honours a hold: nothing to who does not listen, nothing from who may not speak', () => {
    const [a, b] = [world.leg(1), world.leg(2)];
    world.engine.bridge(1, 2, world.now);
    a.connect({ direction: 'recvonly' });
    b.say();
    expect(a.heard).toEqual([]);
    a.say();
    expect(b.heard.length).toBe(1);
    a.connect({ direction: 'inactive' });
    a.say();
    expect(b.heard.length).toBe(1);
    a.connect({ direction: 'sendrecv' });
    b.say();
    expect(a.heard.length).toBe(1);
  });

  it('ends for both when one leaves: the other hears comfort noise', () => {
    const [a, b, c] = [world.leg(1), world.leg(2), world.leg(3)];
    world.engine.bridge(1, 2, world.now);
    a.say();
    world.engine.bridge(1, 3, world.now);
    a.say();
    world.pass(100);
    expect([b.heard.length > 4, c.heard.length]).toEqual([true, 1]);
    expect(meanPower(sound(b.heard.slice(1), 'PCMA'))).toBeLessThan(1e-5);
    world.engine.close(1, world.now);
    world.pass(100);
    expect(c.heard.length).toBeGreaterThan(4);
  });

  it('ordered twice is the same bridge', () => {
    const [a, b] = [world.leg(1), world.leg(2)];
    world.engine.bridge(1, 2, world.now);
    a.say();
    world.engine.bridge(2, 1, world.now);
    a.say();
    expectContinuous(b.heard);
    expect(b.heard.filter(({ marker }) => marker).length).toBe(1);
  });
});

describe('who is heard', () => {
  it('others’ packets are dropped and counted, in bridge and out', () => {
    const [a, b] = [world.leg(1), world.leg(2)];
    world.engine.bridge(1, 2, world.now);
    a.say();
    for (let i = 0; i < 5; i++) {
      a.deliver(a.packet(8, new Uint8Array(160)), 9_999);
      a.deliver(a.packet(8, new Uint8Array(160)), a.far.port, '198.51.100.1');
    }
    a.deliver(new Uint8Array(30));
    expect(b.heard.length).toBe(1);
    expect(world.engine.close(1, world.now)).toMatchObject({ received: 1, foreign: 10, malformed: 1 });
  });

  it('sound goes where sound comes from', () => {
    const a = world.leg(1);
    let sentTo = 0;
    a.stream.port.send = (_packet, _address, port) => {
      sentTo = port;
    };
    world.engine.quiet(1, world.now);
    expect(sentTo).toBe(4_001);
    for (let i = 0; i < 2; i++) {
      a.deliver(a.packet(8, new Uint8Array(160)), 6_000);
      a.step();
    }
    world.pass(20);
    expect(sentTo).toBe(6_000);
  });

  it('a far end that fell silent may speak again from another port, one that speaks may not', () => {
    const [a, b] = [world.leg(1), world.leg(2)];
    world.engine.bridge(1, 2, world.now);
    const moved = (frames: number): void => {
      for (let i = 0; i < frames; i++) {
        a.deliver(a.packet(8, new Uint8Array(160)), 7_000);
        a.step();
      }
    };
    a.say();
    moved(100);
    expect(b.heard.length).toBe(1);
    world.pass(2_000);
    moved(10);
    expect(b.heard.length).toBe(10);
  });

  it('keys in the sound are heard where asked for and no telephone events were announced', () => {
    world = new World(true);
    const samples = synthesise([{ frequencies: [DTMF_ROWS[1], DTMF_COLUMNS[1]], durationMs: 200 }]);
    const [gateway, telephone] = [world.leg(1, { telephoneEventType: null }), world.leg(2)];
    for (let at = 0; at < samples.length; at += 160) {
      for (const leg of [gateway, telephone]) leg.say(encode('PCMA', samples.subarray(at, at + 160)));
    }
    expect(world.events).toEqual([{ type: 'digit', stream: 1, digit: '5' }]);
  });
});

describe('silence', () => {
  const silences = (): EngineEvent[] => world.events.filter(({ type }) => type === 'silent');

  it('is told once, and again after sound came back and went', () => {
    world.engine.setSilenceLimit(2_000);
    const a = world.leg(1);
    world.leg(2);
    world.engine.bridge(1, 2, world.now);
    for (let i = 0; i < 200; i++) a.say();
    expect(silences()).toEqual([expect.objectContaining({ stream: 2 })]);
    world.pass(10_000);
    expect(silences().map((event) => event.stream)).toEqual([2, 1]);
    a.say();
    world.pass(10_000);
    expect(silences().map((event) => event.stream)).toEqual([2, 1, 1]);
  });

  it.each(['recvonly', 'sendonly', 'inactive'] as const)(
    'of a leg that is %s means nothing; it counts from when it speaks again',
    (direction) => {
      world.engine.setSilenceLimit(2_000);
      const a = world.leg(1, { direction });
      world.engine.play(1, 1, 'fr', [{ tone: 'ringback' }], true, world.now);
      world.pass(10_000);
      a.connect({ direction: 'sendrecv' });
      world.pass(1_900);
      expect(silences()).toEqual([]);
      world.pass(500);
      expect(silences().length).toBe(1);
    },
  );

  it('of a leg that nothing was asked of means nothing', () => {
    world.engine.setSilenceLimit(2_000);
    world.leg(1);
    world.leg(2);
    world.engine.quiet(2, world.now);
    world.pass(10_000);
    expect(silences()).toEqual([]);
  });
});

describe('RTCP', () => {
  it('reports what was sent and received, echoes the other’s report, and says goodbye', () => {
    const a = world.leg(1);
    world.leg(2);
    world.engine.bridge(1, 2, world.now);
    const sent = world.reports.get(1) ?? [];
    world.engine.receiveControl(
      a.stream,
      Uint8Array.of(0x80, 200, 0, 6, 0, 0, 0, 9, 0, 0, 0x12, 0x34, 0x56, 0x78, 0, 0, ...new Uint8Array(12)),
      FAR,
      world.now,
    );
    for (let i = 0; i < 1_000; i++) {
      if (i % 10 === 3) a.step();
      else a.say();
    }
    expect(sent.length).toBeGreaterThanOrEqual(2);
    const first = parseRtcp(sent[0] as Uint8Array);
    expect(first).toMatchObject({ senderReport: null, bye: false });
    expect(first?.blocks[0]).toMatchObject({ ssrc: a.ssrc, lastSenderReport: 0x12345678 });
    expect((first?.blocks[0]?.fractionLost ?? 0) / 256).toBeCloseTo(0.1, 1);
    const other = (world.reports.get(2) ?? [])[0];
    expect(parseRtcp(other as Uint8Array)?.senderReport).not.toBeNull();
    world.engine.close(2, world.now);
    expect(parseRtcp((world.reports.get(2) ?? []).at(-1) as Uint8Array)?.bye).toBe(true);
    const silent = sent.length;
    world.engine.close(1, world.now);
    expect(parseRtcp(sent.at(-1) as Uint8Array)?.bye).toBe(sent.length > silent);
  });

  it('an engine without streams has nothing to do', () => {
    world.leg(1);
    world.engine.quiet(1, world.now);
    world.engine.close(1, world.now);
    expect(world.engine.wheel.size).toBe(0);
  });
});
