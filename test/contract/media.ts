import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MediaEvent } from '../../src/core/kernel/events.ts';
import type { PlayItem } from '../../src/core/kernel/effects.ts';
import type { Media } from '../../src/ports/media.ts';
import { Telephone } from '../media/telephone.ts';
import { until } from '../support/wait.ts';

/** What every media does (ports/media.ts). `create` gives one with at least `pairs` legs' worth of ports, and no more than four times that. */
export const mediaContract = (name: string, create: (pairs: number) => Promise<Media>): void => {
  describe(`media: ${name}`, () => {
    const PAIRS = 8;
    let media: Media;
    let events: MediaEvent[];
    let telephones: Telephone[];
    let settled: number;

    beforeEach(async () => {
      media = await create(PAIRS);
      events = [];
      telephones = [];
      settled = 0;
      await media.start((event) => {
        if ('leg' in event && event.leg === 'last') settled++;
        else events.push(event);
      });
    });
    afterEach(async () => {
      await media.stop();
      for (const telephone of telephones) telephone.close();
    });

    const leg = async (id: string, codec: 'PCMA' | 'PCMU' = 'PCMA'): Promise<Telephone> => {
      const telephone = await Telephone.create(codec);
      telephones.push(telephone);
      telephone.to = media.open(id);
      media.connect(id, telephone.stream());
      return telephone;
    };
    /** Resolves when all orders given before are obeyed: orders keep their order, and a play of nothing finishes at once. */
    const settle = async (): Promise<void> => {
      if (settled === 0) await leg('last');
      const before = settled;
      play('last', 1_000 + before, []);
      await until('the orders to be obeyed', () => settled > before);
    };
    const play = (id: string, number: number, items: readonly PlayItem[], loop = false): void =>
      media.perform({ type: 'media.play', leg: id, play: number, language: 'fr', items, loop });

    it('opens a leg once and for all, until it is closed', () => {
      const first = media.open('a');
      expect(media.open('a')).toEqual(first);
      expect(media.open('b').port).not.toBe(first.port);
      expect(media.status().streams).toBe(2);
      media.close('a');
      media.close('a');
      expect(media.status().streams).toBe(1);
    });

    it('says so when no port is left, and has some again after legs have closed', async () => {
      let opened = 0;
      const openAll = (): void => {
        for (; opened < 5 * PAIRS; opened++) media.open(`leg ${opened}`);
      };
      expect(openAll).toThrow(expect.objectContaining({ code: 'MED_PORTS' }));
      expect(opened).toBeGreaterThanOrEqual(PAIRS);
      expect(media.status().portsFree).toBe(0);
      for (let i = 0; i < opened; i++) media.close(`leg ${i}`);
      await until('ports to be free again', () => media.status().portsFree === opened);
      expect(media.open('a').port).toBeGreaterThan(0);
    });

    it('ignores orders for legs that it does not know', async () => {
      const known = await leg('known');
      media.close('gone');
      media.connect('gone', known.stream());
      play('gone', 1, [{ tone: 'beep' }]);
      media.perform({ type: 'media.quiet', leg: 'gone' });
      media.perform({ type: 'media.bridge', first: 'gone', second: 'known' });
      play('known', 2, [{ tone: 'beep' }]);
      await until('the play to finish', () => events.length > 0);
      expect(events).toEqual([{ type: 'media.finished', leg: 'known', play: 2 }]);
    });

    it('plays items in turn, without a break, and says once that they are over', async () => {
      const a = await leg('a');
      play('a', 5, [{ tone: 'beep' }, { silenceMs: 100 }, { tone: 'beep' }]);
      await until('the play to finish', () => events.length > 0);
      expect(a.framesOf(1_000)).toBe(20);
      expect(a.breaks).toBe(0);
      await until('comfort noise after it', () => a.heard.length > 30);
      expect(events).toEqual([{ type: 'media.finished', leg: 'a', play: 5 }]);
    });

    it('says nothing of a play that was replaced', async () => {
      const a = await leg('a');
      play('a', 1, [{ tone: 'beep' }, { silenceMs: 100 }]);
      play('a', 2, [{ tone: 'beep' }]);
      await until('the second play to finish', () => events.length > 0);
      media.perform({ type: 'media.quiet', leg: 'a' });
      await until('a while to go by', () => a.heard.length > 30);
      expect(events).toEqual([{ type: 'media.finished', leg: 'a', play: 2 }]);
    });

    it.each([
      ['PCMA', 'PCMA'],
      ['PCMA', 'PCMU'],
    ] as const)('joins two legs, %s and %s, both ways', async (one, other) => {
      const [a, b] = [await leg('a', one), await leg('b', other)];
      media.perform({ type: 'media.bridge', first: 'a', second: 'b' });
      await settle();
      await Promise.all([a.tone(440, 50, { heardBy: b }), b.tone(800, 50, { heardBy: a })]);
      await until('all frames to come', () => a.framesOf(800) >= 50 && b.framesOf(440) >= 50);
      expect([a.breaks, b.breaks]).toEqual([0, 0]);
      expect(media.status().bridges).toBe(1);
      media.close('a');
      expect(media.status().bridges).toBe(0);
    });

    it('tells each key once, bridged or not', async () => {
      const [a, b] = [await leg('a'), await leg('b')];
      await settle();
      a.press('4');
      await until('the first digit', () => events.length === 1);
      media.perform({ type: 'media.bridge', first: 'a', second: 'b' });
      await settle();
      a.press('2');
      await until('the second digit', () => events.length === 2);
      expect(events).toEqual([
        { type: 'media.digit', leg: 'a', digit: '4' },
        { type: 'media.digit', leg: 'a', digit: '2' },
      ]);
      await until('the key on the other side', () => b.heard.some(({ payloadType }) => payloadType === 101));
    });

    it('tells once that a leg is silent, not of one that is on hold', async () => {
      media.setSilenceLimit(300);
      const [a, b] = [await leg('a'), await leg('b')];
      media.connect('b', b.stream({ direction: 'recvonly' }));
      play('a', 1, [{ tone: 'ringback' }], true);
      play('b', 1, [{ tone: 'ringback' }], true);
      await until('the silence to be told', () => events.length > 0);
      const before = a.heard.length;
      await until('a while to go by', () => a.heard.length > before + 50);
      expect(events).toEqual([{ type: 'media.silent', leg: 'a', forMs: expect.any(Number) }]);
    });
  });
};
