import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Framer } from '../../../src/adapters/sip/wire/framing.ts';
import { VALID } from './corpus.ts';

function collect(): { framer: Framer; messages: string[]; pings: number; pongs: number } {
  const found = { messages: [] as string[], pings: 0, pongs: 0 };
  const framer = new Framer({
    message: (bytes) => void found.messages.push(bytes.toString()),
    ping: () => void found.pings++,
    pong: () => void found.pongs++,
  });
  return Object.assign(found, { framer });
}

const texts = Object.values(VALID);
const stream = Buffer.from(texts.join(''));

describe('a stream', () => {
  it('is cut at every byte and still holds the same messages', () => {
    const whole = Buffer.from(texts.slice(0, 3).join(''));
    for (let cut = 1; cut < whole.length; cut++) {
      const { framer, messages } = collect();
      expect(framer.push(whole.subarray(0, cut)) && framer.push(whole.subarray(cut))).toBe(true);
      expect(messages).toEqual(texts.slice(0, 3));
    }
  });

  it('comes byte by byte', () => {
    const { framer, messages } = collect();
    for (const byte of stream) framer.push(Buffer.from([byte]));
    expect(messages).toEqual(texts);
  });

  it('comes in pieces of any size, with keep-alives between', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 3_000 }), { minLength: 1 }),
        fc.array(fc.nat(texts.length - 1)),
        (sizes, order) => {
          const found = collect();
          const bytes = Buffer.from(order.map((index) => `\r\n\r\n${texts[index]}`).join(''));
          for (let at = 0, turn = 0; at < bytes.length; turn++) {
            const size = sizes[turn % sizes.length] as number;
            expect(found.framer.push(bytes.subarray(at, at + size))).toBe(true);
            at += size;
          }
          expect(found.messages).toEqual(order.map((index) => texts[index]));
          expect(found.pings).toBe(order.length);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('counts bytes, not characters', () => {
    const { framer, messages } = collect();
    const text = 'MESSAGE sip:a SIP/2.0\r\nl: 6\r\n\r\n\u20ac\u20ac';
    framer.push(Buffer.from(text + text));
    expect(messages).toEqual([text, text]);
  });

  it('without Content-Length ends a message with its header (RFC 3261 §18.3)', () => {
    const { framer, messages } = collect();
    framer.push(Buffer.from('OPTIONS sip:a SIP/2.0\r\nX: y\r\n\r\nOPTIONS sip:b SIP/2.0\r\n\r\n'));
    expect(messages).toHaveLength(2);
  });

  it.each([
    ['a single line end is the answer to a ping', ['\r\n'], 0, 1],
    ['a double one is a ping', ['\r\n\r\n'], 1, 0],
    ['also in halves', ['\r\n', '\r\n'], 1, 1],
    ['also in quarters', ['\r', '\n', '\r', '\n'], 1, 1],
    ['three pings', ['\r\n\r\n\r\n\r\n\r\n\r\n'], 3, 0],
  ])('%s', (_what, chunks, pings, pongs) => {
    const found = collect();
    for (const chunk of chunks) expect(found.framer.push(Buffer.from(chunk))).toBe(true);
    expect([found.pings, found.pongs]).toEqual([pings, pongs]);
  });

  it.each([
    ['a header that never ends', `OPTIONS sip:a SIP/2.0\r\n${'X: y\r\n'.repeat(12_000)}`],
    ['a message that is too large', 'OPTIONS sip:a SIP/2.0\r\nContent-Length: 70000\r\n\r\n'],
    ['a length that is none', 'OPTIONS sip:a SIP/2.0\r\nContent-Length: -1\r\n\r\n'],
    ['a length written twice in one', 'OPTIONS sip:a SIP/2.0\r\nl: 5, 5\r\n\r\n'],
  ])('makes no sense any more after %s', (_what, text) => {
    const { framer } = collect();
    let fine = true;
    for (let at = 0; at < text.length && fine; at += 4_000) fine = framer.push(Buffer.from(text.slice(at, at + 4_000)));
    expect(fine).toBe(false);
  });
});
