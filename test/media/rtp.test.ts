import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyHeader, parseRtp, sequenceDistance, timestampDistance, writeRtp } from '../../src/media/rtp.ts';
import { buildRtcp, parseRtcp } from '../../src/media/rtcp.ts';

interface Parts {
  readonly csrcs: number;
  readonly extensionWords: number | null;
  readonly payload: Uint8Array;
  readonly padding: number;
}

const build = ({ csrcs, extensionWords, payload, padding }: Parts): Uint8Array => {
  const extension = extensionWords === null ? 0 : 4 + 4 * extensionWords;
  const packet = new Uint8Array(12 + 4 * csrcs + extension + payload.length + padding);
  writeRtp(packet, true, 8, 65_535, 4_294_967_295, 0xdeadbeef);
  packet[0] = 0x80 | (padding > 0 ? 0x20 : 0) | (extensionWords === null ? 0 : 0x10) | csrcs;
  if (extensionWords !== null) packet[12 + 4 * csrcs + 3] = extensionWords;
  packet.set(payload, 12 + 4 * csrcs + extension);
  if (padding > 0) packet[packet.length - 1] = padding;
  return packet;
};

const parts: fc.Arbitrary<Parts> = fc.record({
  csrcs: fc.integer({ min: 0, max: 15 }),
  extensionWords: fc.option(fc.integer({ min: 0, max: 20 })),
  payload: fc.uint8Array({ maxLength: 320 }),
  padding: fc.integer({ min: 0, max: 255 }),
});

describe('RTP header', () => {
  it('is read whatever lies around the payload', () => {
    fc.assert(
      fc.property(parts, (given) => {
        const packet = build(given);
        const header = emptyHeader();
        expect(parseRtp(packet, header)).toBe(true);
        expect(packet.slice(header.payloadStart, header.payloadEnd)).toEqual(given.payload);
        expect(header).toMatchObject({
          marker: true,
          payloadType: 8,
          sequence: 65_535,
          timestamp: 4_294_967_295,
          ssrc: 0xdeadbeef,
        });
        expect(header.plain).toBe(given.csrcs === 0 && given.extensionWords === null && given.padding === 0);
      }),
    );
  });

  it('of any octets at all is refused or lies inside them', () => {
    const header = emptyHeader();
    const hostile = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc.tuple(parts, fc.array(fc.tuple(fc.nat(40), fc.nat(255)), { maxLength: 4 }), fc.nat(40)).map(([given, changes, cut]) => {
        const packet = build(given);
        for (const [at, value] of changes) if (at < packet.length) packet[at] = value;
        return packet.subarray(0, Math.max(0, packet.length - cut));
      }),
    );
    fc.assert(
      fc.property(hostile, (packet) => {
        if (!parseRtp(packet, header)) return;
        expect(header.payloadStart).toBeGreaterThanOrEqual(12);
        expect(header.payloadEnd).toBeGreaterThanOrEqual(header.payloadStart);
        expect(header.payloadEnd).toBeLessThanOrEqual(packet.length);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['too short', new Uint8Array(11)],
    ['of version 1', Uint8Array.of(0x40, 8, ...new Uint8Array(10))],
    ['RTCP on the RTP port', Uint8Array.of(0x80, 200, ...new Uint8Array(26))],
    ['with a padding of nothing', Uint8Array.of(0xa0, 8, ...new Uint8Array(10))],
    ['longer than a frame', Uint8Array.of(0x80, 8, ...new Uint8Array(1_499))],
  ])('is refused when %s', (_, packet) => {
    expect(parseRtp(packet, emptyHeader())).toBe(false);
  });

  it('distances go the short way round', () => {
    expect(sequenceDistance(2, 65_534)).toBe(4);
    expect(sequenceDistance(65_534, 2)).toBe(-4);
    expect(timestampDistance(80, 4_294_967_216)).toBe(160);
    expect(timestampDistance(4_294_967_216, 80)).toBe(-160);
  });
});

describe('RTCP', () => {
  const block = {
    ssrc: 7,
    fractionLost: 12,
    lost: -3,
    highestSequence: 70_000,
    jitter: 40,
    lastSenderReport: 0x12345678,
    delaySinceSenderReport: 65_536,
  };
  /** 2024-01-01T00:00:00.500Z; in NTP's era 3,913,056,000 s. */
  const wallClock = 1_704_067_200_500;

  it('a sender report, its block and its goodbye are read back', () => {
    const packet = buildRtcp(99, 'node', { wallClock, timestamp: 1, packets: 2, octets: 3 }, block, true);
    expect(parseRtcp(packet)).toEqual({
      senderReport: ((3_913_056_000 & 0xffff) * 65_536 + 32_768) >>> 0,
      blocks: [block],
      bye: true,
    });
  });

  it('has the layout of RFC 3550 §6.4.1 and §6.5', () => {
    const packet = buildRtcp(0x01020304, 'ab', { wallClock, timestamp: 5, packets: 6, octets: 7 }, null, false);
    const view = new DataView(packet.buffer);
    expect([packet[0], packet[1], view.getUint16(2), view.getUint32(4)]).toEqual([0x80, 200, 6, 0x01020304]);
    expect([view.getUint32(8), view.getUint32(12)]).toEqual([3_913_056_000, 0x80000000]);
    expect([view.getUint32(16), view.getUint32(20), view.getUint32(24)]).toEqual([5, 6, 7]);
    expect(Array.from(packet.subarray(28))).toEqual([0x81, 202, 0, 3, 1, 2, 3, 4, 1, 2, 97, 98, 0, 0, 0, 0]);
  });

  it('without a sender it is a receiver report', () => {
    const packet = buildRtcp(99, 'node', null, block, false);
    expect(packet[1]).toBe(201);
    expect(parseRtcp(packet)).toEqual({ senderReport: null, blocks: [block], bye: false });
  });

  it('of any octets at all never throws', () => {
    const valid = buildRtcp(99, 'node', { wallClock, timestamp: 1, packets: 2, octets: 3 }, block, true);
    const mutated = fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { maxLength: 6 }).map((changes) => {
      const packet = valid.slice();
      for (const [at, value] of changes) packet[at] = value;
      return packet;
    });
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 80 })), (packet) => void parseRtcp(packet)),
      { numRuns: 2_000 },
    );
  });

  it('must begin with a report', () => {
    const packet = buildRtcp(99, 'node', null, null, true);
    expect(parseRtcp(packet.subarray(8))).toBeNull();
    expect(parseRtcp(packet)).toMatchObject({ bye: true });
  });
});
