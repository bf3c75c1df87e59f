import { describe, expect, it } from 'vitest';
import { JitterBuffer } from '../../src/media/jitter-buffer.ts';
import { Reception } from '../../src/media/reception.ts';

const SSRC = 1;
const receive = (reception: Reception, sequences: readonly number[], ssrc = SSRC): void => {
  for (const sequence of sequences) reception.update(ssrc, sequence & 0xffff, sequence * 160, sequence * 20);
};
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

describe('reception', () => {
  it('counts loss over the turn of the sequence numbers', () => {
    const reception = new Reception();
    receive(
      reception,
      range(65_500, 65_600).filter((sequence) => sequence % 20 !== 0),
    );
    expect(reception.report()).toEqual({
      ssrc: SSRC,
      fractionLost: Math.floor((4 * 256) / 99),
      lost: 4,
      highestSequence: 65_599,
      jitter: 0,
    });
    expect(reception.lostTotal).toBe(4);
  });

  it('a report counts from the report before', () => {
    const reception = new Reception();
    receive(
      reception,
      range(0, 50).filter((sequence) => sequence % 2 === 0 || sequence === 49),
    );
    reception.report();
    receive(reception, range(50, 100));
    expect(reception.report()).toMatchObject({ fractionLost: 0, lost: 24 });
  });

  it('reordered and repeated packets are no loss', () => {
    const reception = new Reception();
    receive(reception, [0, 2, 1, 3, 3, 5, 4]);
    expect(reception.report()).toMatchObject({ fractionLost: 0, lost: -1, highestSequence: 5 });
    expect(reception.lostTotal).toBe(0);
  });

  it('one packet far away is a stray, two in a row are a sender that restarted', () => {
    const reception = new Reception();
    receive(reception, range(0, 10));
    expect(reception.update(SSRC, 30_000, 0, 200)).toBe('stray');
    expect(reception.update(SSRC, 10, 1_600, 200)).toBe('next');
    expect(reception.update(SSRC, 40_000, 0, 220)).toBe('stray');
    expect(reception.update(SSRC, 40_001, 160, 240)).toBe('fresh');
    expect(reception.lostTotal).toBe(0);
    expect(reception.receivedTotal).toBe(12);
  });

  it('another SSRC is another source, whose losses add up', () => {
    const reception = new Reception();
    receive(reception, [0, 1, 3]);
    expect(reception.update(2, 500, 0, 100)).toBe('fresh');
    expect(reception.update(2, 502, 320, 140)).toBe('next');
    expect(reception.lostTotal).toBe(2);
    expect(reception.report()).toMatchObject({ ssrc: 2, lost: 1 });
  });

  it('measures jitter as RFC 3550 appendix A.8', () => {
    const reception = new Reception();
    let jitter = 0;
    for (let i = 0; i < 100; i++) {
      // Every other packet comes 4 ms late: transit changes by 32 units each time.
      reception.update(SSRC, i, i * 160, i * 20 + (i % 2) * 4);
      if (i > 0) jitter += (32 - jitter) / 16;
    }
    expect(reception.jitterMs).toBeCloseTo(jitter / 8, 6);
  });
});

describe('jitter buffer', () => {
  const run = (sequences: readonly number[], depth = 3): (number | 'lost')[] => {
    const buffer = new JitterBuffer(depth);
    const taken: (number | 'lost')[] = [];
    for (const sequence of sequences) {
      buffer.put(sequence & 0xffff, Uint8Array.of(sequence & 0xff));
      for (let one = buffer.take(); one !== null; one = buffer.take()) taken.push(one === 'lost' ? 'lost' : (one[0] as number));
    }
    return taken;
  };

  it('lets what is in order through at once', () => {
    expect(run([1, 2, 3])).toEqual([1, 2, 3]);
  });

  it('puts right what is out of order, over the turn of the numbers too', () => {
    expect(run([65_534, 0x10000, 65_535, 0x10001])).toEqual([254, 255, 0, 1]);
  });

  it('gives a packet up once `depth` later ones have come, and drops it if it comes after all', () => {
    expect(run([1, 3, 4, 5, 2, 6])).toEqual([1, 'lost', 3, 4, 5, 6]);
  });

  it('drops duplicates', () => {
    expect(run([1, 1, 2, 2, 1, 3])).toEqual([1, 2, 3]);
  });

  it('a duplicate does not take the place of one sixteen numbers later', () => {
    expect(run([...range(1, 17), 1, 18, 19, 20])).toEqual([...range(1, 17), 'lost', 18, 19, 20]);
  });

  it('begins again after a jump', () => {
    expect(run([1, 2, 20_001, 20_002])).toEqual([1, 2, 0x21, 0x22]);
  });
});
