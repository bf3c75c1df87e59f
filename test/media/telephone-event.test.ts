import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DtmfDetector } from '../../src/media/dtmf-detector.ts';
import { encode, decode } from '../../src/media/g711.ts';
import { EventReceiver, eventPackets, parseEvent } from '../../src/media/telephone-event.ts';
import { comfortNoise, DTMF_COLUMNS, DTMF_KEYS, DTMF_ROWS, synthesise } from '../../src/media/tones.ts';

interface Sent {
  readonly timestamp: number;
  readonly payload: Uint8Array;
}

/** The packets of some digits, one after the other, 200 ms apart. */
const dial = (digits: string, first = 4_294_966_000): Sent[][] =>
  Array.from(digits, (digit, i) =>
    (eventPackets(digit, 100) ?? []).map(({ payload }) => ({ timestamp: (first + i * 1_600) >>> 0, payload })),
  );

const heard = (packets: readonly Sent[]): string => {
  const receiver = new EventReceiver();
  return packets.map(({ timestamp, payload }) => receiver.receive(payload, 0, payload.length, timestamp) ?? '').join('');
};

describe('telephone events', () => {
  it('an event is sent as RFC 4733 §2.5.1 asks', () => {
    const packets = eventPackets('#', 100) ?? [];
    const read = packets.map(({ payload }) => parseEvent(payload, 0, 4));
    expect(read.map((event) => event?.duration)).toEqual([160, 320, 480, 640, 800, 800, 800]);
    expect(read.map((event) => event?.end)).toEqual([false, false, false, false, true, true, true]);
    expect(packets.map(({ marker }) => marker)).toEqual([true, false, false, false, false, false, false]);
    expect(read.every((event) => event?.digit === '#' && event.volume === 10)).toBe(true);
    expect(eventPackets('x', 100)).toBeNull();
    expect(eventPackets('12', 100)).toBeNull();
  });

  it('each key is one digit, the same key twice is two', () => {
    expect(heard(dial('0123456789*#ABCD').flat())).toBe('0123456789*#ABCD');
    expect(heard(dial('5500').flat())).toBe('5500');
  });

  it('whatever is lost, repeated or disordered within an event, a digit counts once', () => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat(99)), fc.stringMatching(/^[0-9*#]{1,6}$/), (chance, digits) => {
        const draw = (): number => chance.next().value as number;
        const packets = dial(digits).flatMap((event) => {
          const kept = event.filter(() => draw() < 60);
          const left = kept.length > 0 ? kept : [event[draw() % event.length] as Sent];
          const repeated = left.flatMap((packet) => (draw() < 20 ? [packet, packet] : [packet]));
          return repeated
            .map((packet) => ({ packet, order: draw() }))
            .sort((a, b) => a.order - b.order)
            .map(({ packet }) => packet);
        });
        expect(heard(packets)).toBe(digits);
      }),
    );
  });

  it('an end that comes after the next key began is silent', () => {
    const [first = [], second = []] = dial('12');
    expect(heard([...first.slice(0, 3), ...second.slice(0, 2), ...first.slice(3), ...second.slice(2)])).toBe('12');
  });

  it('a key held beyond the longest duration goes on in segments and stays one digit (§2.5.1.3)', () => {
    const packet = (duration: number): Uint8Array => Uint8Array.of(5, 10, duration >> 8, duration & 0xff);
    const segments = [
      { timestamp: 1_000, payload: packet(160) },
      { timestamp: 1_000, payload: packet(0xffff) },
      { timestamp: 1_000 + 0xffff, payload: packet(160) },
      { timestamp: 1_000 + 0xffff, payload: packet(1_600) },
    ];
    expect(heard(segments)).toBe('5');
  });

  it('what is no DTMF event is nothing', () => {
    expect(
      heard([
        { timestamp: 1, payload: Uint8Array.of(16, 10, 0, 160) },
        { timestamp: 2, payload: Uint8Array.of(1, 10) },
      ]),
    ).toBe('');
  });
});

describe('keys heard in the sound', () => {
  const tonesOf = (key: string): readonly number[] => {
    const index = DTMF_KEYS.indexOf(key);
    return [DTMF_ROWS[index >> 2] as number, DTMF_COLUMNS[index & 3] as number];
  };
  const sound = (keys: string, onMs = 70, offMs = 70): Int16Array =>
    synthesise(
      Array.from(keys).flatMap((key) => [
        { frequencies: tonesOf(key), durationMs: onMs },
        { frequencies: [], durationMs: offMs },
      ]),
    );
  const listen = (samples: Int16Array): string => new DtmfDetector().push(decode('PCMA', encode('PCMA', samples)));

  it('each of the sixteen, once', () => {
    expect(listen(sound('1234567890*#ABCD'))).toBe('1234567890*#ABCD');
    expect(listen(sound('1122', 100, 100))).toBe('1122');
    expect(listen(sound('7', 2_000))).toBe('7');
  });

  it('in noise 20 dB below', () => {
    const samples = sound('159D', 100, 100);
    const noise = comfortNoise(34);
    expect(listen(samples.map((value, i) => value + (noise[i % noise.length] as number)))).toBe('159D');
  });

  it('not in single tones, in noise, nor in voices of harmonics', () => {
    expect(listen(synthesise([697, 1_209, 425, 1_000].map((frequency) => ({ frequencies: [frequency], durationMs: 300 }))))).toBe(
      '',
    );
    expect(listen(comfortNoise(20))).toBe('');
    const voice = synthesise(
      Array.from({ length: 60 }, (_, i) => ({ frequencies: [1, 2, 3, 4, 5].map((n) => n * (110 + 7 * i)), durationMs: 60 })),
    );
    expect(listen(voice)).toBe('');
  });
});
