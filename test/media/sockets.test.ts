import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { EventEmitter } from 'node:events';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import type { MediaOptions, RtpMedia } from '../../src/adapters/rtp/media.ts';
import { createMedia } from '../../src/adapters/rtp/media.ts';
import type { WorkerReport, WorkerSettings } from '../../src/adapters/rtp/protocol.ts';
import type { MediaEvent } from '../../src/core/kernel/events.ts';
import { writeWav } from '../../src/media/wav.ts';
import { synthesise } from '../../src/media/tones.ts';
import type { Log } from '../../src/ports/log.ts';
import { mediaContract } from '../contract/media.ts';
import { freePorts } from '../support/ports.ts';
import { until } from '../support/wait.ts';
import { Telephone } from './telephone.ts';

interface Line {
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

const recorder = (lines: Line[]): Log => ({
  log: (level, message, fields = {}) => void lines.push({ level, message, fields }),
  child: () => recorder(lines),
});

const options = async (pairs: number): Promise<MediaOptions> => {
  const first = await freePorts(2 * pairs);
  return { address: '127.0.0.1', ports: { first, last: first + 2 * pairs - 1 }, quarantineMs: 50 };
};

mediaContract('RTP on real sockets', async (pairs) => createMedia(await options(pairs), { log: recorder([]) }));

/** Started media with what it says, and how to kill its worker. */
interface Site {
  readonly media: RtpMedia;
  readonly events: MediaEvent[];
  readonly lines: Line[];
  readonly kill: () => Promise<number>;
  /** Resolves when all orders given before are obeyed. Takes one leg of its own. */
  readonly settle: () => Promise<void>;
}

const ends: (() => Promise<unknown> | undefined)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const start = async (change: Partial<MediaOptions> = {}, pairs = 8): Promise<Site> => {
  const lines: Line[] = [];
  const events: MediaEvent[] = [];
  let worker: Worker | null = null;
  const startWorker = (settings: WorkerSettings): Worker => {
    worker = new Worker(new URL('../../src/adapters/rtp/worker.ts', import.meta.url), { workerData: settings, execArgv: [] });
    return worker;
  };
  const media = createMedia({ ...(await options(pairs)), ...change }, { log: recorder(lines), startWorker });
  let settled = 0;
  await media.start((event) => {
    if ('leg' in event && event.leg === 'last') settled++;
    else events.push(event);
  });
  ends.push(() => media.stop());
  const settle = async (): Promise<void> => {
    const before = settled;
    media.open('last');
    media.connect('last', {
      address: '127.0.0.1',
      port: 9,
      codec: 'PCMA',
      payloadType: 8,
      telephoneEventType: null,
      direction: 'inactive',
    });
    // Orders keep their order, and a play of nothing finishes at once.
    media.perform({ type: 'media.play', leg: 'last', play: before, language: 'fr', items: [], loop: false });
    await until('the orders to be obeyed', () => settled > before);
  };
  return { media, events, lines, kill: () => (worker as unknown as Worker).terminate(), settle };
};

const telephone = async (site: Site, leg: string, port = 0): Promise<Telephone> => {
  const one = await Telephone.create('PCMA', port);
  ends.push(() => {
    one.close();
    return undefined;
  });
  one.to = site.media.open(leg);
  site.media.connect(leg, one.stream());
  return one;
};

const bridge = async (site: Site, first: string, second: string): Promise<void> => {
  site.media.perform({ type: 'media.bridge', first, second });
  await site.settle();
};

describe('RTP sockets', () => {
  it('are an even port and the next, at the advertised address', async () => {
    const site = await start({ advertised: '203.0.113.7' });
    const at = site.media.open('a');
    expect(at.address).toBe('203.0.113.7');
    expect(at.port % 2).toBe(0);
  });

  it.each(['0.0.0.0', ...(existsSync('/proc/net/if_inet6') ? ['::'] : [])])(
    'on %s serve any address, one call after another',
    async (address) => {
      const site = await start({ address, advertised: '127.0.0.1' }, 3);
      for (const call of ['x', 'y', 'z']) {
        const [a, b] = [await telephone(site, `${call}1`), await telephone(site, `${call}2`)];
        await bridge(site, `${call}1`, `${call}2`);
        await a.tone(440, 10, { heardBy: b });
        await b.tone(800, 10, { heardBy: a });
        expect([b.framesOf(440), a.framesOf(800)]).toEqual([10, 10]);
        site.media.close(`${call}1`);
        site.media.close(`${call}2`);
        await until('the ports to be free', () => site.media.status().portsFree === 2);
      }
    },
  );

  it('on all addresses tell one that far ends can send to', async () => {
    const site = await start({ address: '0.0.0.0' });
    expect(site.media.open('a').address).not.toBe('0.0.0.0');
  });

  it('a port that something else holds is passed over', async () => {
    const given = await options(3);
    const squatter = await Telephone.create('PCMA', given.ports.first + 1);
    ends.push(async () => squatter.close());
    const site = await start(given);
    const ports = [site.media.open('a').port, site.media.open('b').port];
    expect(ports.toSorted((a, b) => a - b)).toEqual([given.ports.first + 2, given.ports.first + 4]);
    expect(() => site.media.open('c')).toThrow(expect.objectContaining({ code: 'MED_PORTS' }));
    expect(site.lines).toContainEqual(expect.objectContaining({ level: 'warn', message: 'RTP port cannot be used' }));
  });

  it('an address that is not ours is told at the start', async () => {
    const media = createMedia({ ...(await options(2)), address: '192.0.2.1' }, { log: recorder([]) });
    await expect(media.start(() => undefined)).rejects.toMatchObject({ code: 'MED_BIND' });
    await media.stop();
  });

  it('pairs are bound ahead of need and not all at once', async () => {
    const site = await start({ ahead: 2 }, 8);
    for (let i = 0; i < 8; i++) {
      await until('a pair to be free', () => {
        try {
          return site.media.open(`leg ${i}`).port;
        } catch {
          return false;
        }
      });
    }
    expect(site.media.status()).toMatchObject({ streams: 8, portsFree: 0 });
  });

  it('sound of a stranger never reaches the other side, before or after the far end is known', async () => {
    const site = await start();
    const [a, b] = [await telephone(site, 'a'), await telephone(site, 'b')];
    const stranger = await Telephone.create();
    ends.push(async () => stranger.close());
    stranger.to = a.to;
    await bridge(site, 'a', 'b');
    stranger.send(new Uint8Array(160).fill(1));
    await a.tone(440, 20, { heardBy: b });
    await until('the far end to be heard', () => b.heard.length >= 20);
    await stranger.tone(900, 20);
    await site.settle();
    await a.tone(440, 20, { heardBy: b });
    await until('the far end to be heard again', () => b.heard.length >= 40);
    expect(b.heard.length).toBe(40);
    expect(b.framesOf(900)).toBe(0);
  });

  it('sound goes back where sound comes from, not where the SDP says', async () => {
    const site = await start();
    const a = await telephone(site, 'a');
    site.media.connect('a', a.stream({ port: 9 }));
    await site.settle();
    await a.tone(440, 5);
    site.media.perform({ type: 'media.play', leg: 'a', play: 1, language: 'fr', items: [{ tone: 'beep' }], loop: true });
    await until('the tone to be heard', () => a.framesOf(1_000) >= 10);
  });

  it('a port used again is deaf to the call before', async () => {
    const site = await start({}, 3);
    const [a, b] = [await telephone(site, 'a'), await telephone(site, 'b')];
    const first = a.to.port;
    await bridge(site, 'a', 'b');
    await a.tone(440, 10, { heardBy: b });
    await until('the first call to be heard', () => b.heard.length >= 10);
    site.media.close('a');
    site.media.close('b');
    await until('the ports to be free', () => site.media.status().portsFree === 2);
    const [c, d] = [await telephone(site, 'c'), await telephone(site, 'd')];
    const heir = c.to.port === first ? c : d;
    const other = heir === c ? d : c;
    await bridge(site, 'c', 'd');
    // The far end of the call before never got its BYE.
    await a.tone(440, 20);
    await site.settle();
    await heir.tone(800, 20, { heardBy: other });
    await a.tone(440, 20);
    await site.settle();
    await heir.tone(800, 20, { heardBy: other });
    await until('the second call to be heard', () => other.framesOf(800) >= 40);
    expect(other.heard.length).toBe(40);
  });

  it('5 % loss stays 5 % loss, and is counted', async () => {
    const site = await start();
    const [a, b] = [await telephone(site, 'a'), await telephone(site, 'b')];
    await bridge(site, 'a', 'b');
    await a.tone(440, 200, { heardBy: b, lose: (frame) => frame % 20 === 10 });
    await until('the rest to be heard', () => b.heard.length >= 190);
    expect([b.heard.length, b.framesOf(440), b.breaks]).toEqual([190, 190, 10]);
    site.media.close('a');
    await until('the loss to be counted', () => site.media.status().totals.lost > 0);
    expect(site.media.status().totals).toMatchObject({ received: 190, lost: 10 });
  });

  it('a far end that is gone harms nobody', async () => {
    const site = await start();
    const [a, b] = [await telephone(site, 'a'), await telephone(site, 'b')];
    await bridge(site, 'a', 'b');
    await a.tone(440, 5);
    await b.tone(440, 5);
    await until('both to be heard', () => a.heard.length >= 5 && b.heard.length >= 5);
    const { port } = b;
    b.close();
    ends.splice(ends.length - 1, 1);
    // The kernel answers for the closed port: connection refused, at the next packet sent.
    await a.tone(440, 50);
    const again = await Telephone.create('PCMA', port);
    ends.push(async () => again.close());
    await a.tone(440, 20);
    await until('the far end that came back to be reached', () => again.heard.length > 10);
  });

  it('a worker that dies is replaced, and conversations and music go on', async () => {
    const site = await start();
    const [a, b, c] = [await telephone(site, 'a'), await telephone(site, 'b'), await telephone(site, 'c')];
    await bridge(site, 'a', 'b');
    site.media.perform({ type: 'media.play', leg: 'c', play: 3, language: 'fr', items: [{ tone: 'beep' }], loop: true });
    await a.tone(440, 10);
    await until('all to be heard', () => b.heard.length >= 10 && c.heard.length >= 10);
    await site.kill();
    await until('the worker to be replaced', () => site.lines.some(({ message }) => message === 'Media worker restored'));
    expect(site.lines).toContainEqual(
      expect.objectContaining({ level: 'error', message: 'Media worker died; starting another' }),
    );
    await site.settle();
    const [heardB, heardC] = [b.heard.length, c.heard.length];
    await a.tone(440, 20, { heardBy: b });
    await b.tone(800, 20, { heardBy: a });
    await until('the conversation to go on', () => b.heard.length >= heardB + 20 && a.framesOf(800) >= 20);
    await until('the music to go on', () => c.heard.length >= heardC + 20);
    site.media.perform({ type: 'media.play', leg: 'c', play: 4, language: 'fr', items: [{ tone: 'beep' }], loop: false });
    await until('orders to be obeyed', () => site.events.length > 0);
    expect(site.events).toEqual([{ type: 'media.finished', leg: 'c', play: 4 }]);
    expect(site.media.status()).toMatchObject({ streams: 4, bridges: 1, restarts: 1 });
  });

  it('a worker that hangs is ended and replaced', async () => {
    const lines: Line[] = [];
    const hanging = `const { parentPort, workerData } = require('node:worker_threads');
      parentPort.postMessage([{ t: 'free', port: workerData.first }, { t: 'ready' }]);
      Atomics.add(new Int32Array(workerData.progress), 0, 1);
      setTimeout(() => { for (;;); }, 10);`;
    let started = 0;
    const media = createMedia(await options(4), {
      log: recorder(lines),
      lookMs: 400,
      startWorker: (settings) =>
        started++ === 0
          ? new Worker(hanging, { eval: true, workerData: settings })
          : new Worker(new URL('../../src/adapters/rtp/worker.ts', import.meta.url), { workerData: settings, execArgv: [] }),
    });
    await media.start(() => undefined);
    ends.push(() => media.stop());
    await until('the worker to be replaced', () => lines.some(({ message }) => message === 'Media worker restored'));
    expect(lines.map(({ message }) => message)).toContain('Media worker hangs; ending it');
    expect(media.status().restarts).toBe(1);
    await until('its ports to be free', () => media.status().portsFree === 4);
  });

  it('legs may come and go while the worker is being replaced', async () => {
    const site = await start();
    const a = await telephone(site, 'a');
    const killed = site.kill();
    site.media.close('a');
    await killed;
    const b = await telephone(site, 'b');
    site.media.perform({ type: 'media.play', leg: 'b', play: 1, language: 'fr', items: [{ tone: 'beep' }], loop: false });
    await until('the play to finish', () => site.events.length > 0);
    expect(b.framesOf(1_000)).toBe(10);
    expect(a.heard).toEqual([]);
    await until('all ports but one to be free', () => site.media.status().portsFree === 7);
  });
});

describe('what the worker says late', () => {
  /** Another end of the thread's port, that says what the test wants when it wants. */
  class Puppet extends EventEmitter {
    say(...reports: WorkerReport[]): void {
      this.emit('message', reports);
    }
    postMessage(): void {
      // Orders are not obeyed.
    }
    terminate(): void {
      this.emit('exit', 0);
    }
  }
  const finished = (stream: number, play: number): WorkerReport => ({ t: 'event', event: { type: 'finished', stream, play } });
  const digit = (stream: number): WorkerReport => ({ t: 'event', event: { type: 'digit', stream, digit: '1' } });

  it('of a play that was replaced or of a leg that was closed is not passed on', async () => {
    const puppet = new Puppet();
    const events: MediaEvent[] = [];
    const ports = { first: 50_000, last: 50_003 };
    const media = createMedia(
      { address: '127.0.0.1', ports },
      { log: recorder([]), startWorker: () => puppet as unknown as Worker },
    );
    const started = media.start((event) => void events.push(event));
    puppet.say({ t: 'free', port: 50_000 }, { t: 'free', port: 50_002 }, { t: 'ready' });
    await started;
    const play = (number: number): void =>
      media.perform({ type: 'media.play', leg: 'a', play: number, language: 'fr', items: [{ tone: 'beep' }], loop: false });
    media.open('a');
    play(1);
    play(2);
    puppet.say(finished(1, 1));
    expect(events).toEqual([]);
    puppet.say(finished(1, 2), finished(1, 2));
    expect(events).toEqual([{ type: 'media.finished', leg: 'a', play: 2 }]);
    media.close('a');
    puppet.say(digit(1), finished(1, 2));
    media.open('a');
    puppet.say(digit(1));
    expect(events.length).toBe(1);
    puppet.say(digit(2));
    expect(events.length).toBe(2);
    const stopped = media.stop();
    puppet.terminate();
    await stopped;
  });
});

describe('prompts', () => {
  const siteFolder = async (): Promise<string> => {
    const folder = await mkdtemp(join(tmpdir(), 'bascule-prompts-'));
    ends.push(() => rm(folder, { recursive: true }));
    await mkdir(join(folder, 'fr'));
    return folder;
  };
  const wav = (frequency: number, ms = 400): Uint8Array =>
    writeWav(synthesise([{ frequencies: [frequency], durationMs: ms }]), null);
  const play = (site: Site, number: number, prompt: string, language: 'fr' | 'en' = 'fr'): void =>
    site.media.perform({ type: 'media.play', leg: 'a', play: number, language, items: [{ prompt }], loop: false });

  it('come from the site’s folder first, in the language, then without', async () => {
    const prompts = await siteFolder();
    await writeFile(join(prompts, 'fr', 'welcome.wav'), wav(600));
    await writeFile(join(prompts, 'welcome.wav'), wav(1_200));
    const site = await start({ prompts });
    const a = await telephone(site, 'a');
    play(site, 1, 'welcome', 'fr');
    await until('the French one to finish', () => site.events.length === 1);
    expect([a.framesOf(600) >= 18, a.framesOf(1_200)]).toEqual([true, 0]);
    play(site, 2, 'welcome', 'en');
    await until('the other to finish', () => site.events.length === 2);
    expect(a.framesOf(1_200)).toBeGreaterThanOrEqual(18);
  });

  it('that are shipped are heard', async () => {
    const site = await start();
    const a = await telephone(site, 'a');
    play(site, 1, 'goodbye', 'en');
    await until('the prompt to finish', () => site.events.length === 1);
    expect(a.heard.length).toBeGreaterThan(50);
    expect(site.lines.filter(({ level }) => level !== 'debug')).toEqual([]);
  });

  it('that are missing or spoilt are told once, and the play finishes', async () => {
    const prompts = await siteFolder();
    await writeFile(join(prompts, 'fr', 'spoilt.wav'), 'no sound');
    const site = await start({ prompts });
    await telephone(site, 'a');
    for (const [i, prompt] of ['gone', 'gone', '../../../etc/passwd', 'spoilt', 'spoilt'].entries()) {
      play(site, i, prompt);
      await until('the play to finish', () => site.events.length === i + 1);
    }
    const told = site.lines.filter(({ level }) => level === 'error').map(({ fields }) => fields.code);
    expect(told).toEqual(['MED_PROMPT', 'MED_PROMPT', 'MED_WAV']);
  });

  it('more than memory is meant to hold are read again', async () => {
    const prompts = await siteFolder();
    for (const [i, frequency] of [500, 700, 900].entries())
      await writeFile(join(prompts, 'fr', `p${i}.wav`), wav(frequency, 200));
    // Room for one: 1,600 samples in both laws.
    const site = await start({ prompts, cacheBytes: 4_000 });
    const a = await telephone(site, 'a');
    for (let i = 0; i < 6; i++) {
      play(site, i, `p${i % 3}`);
      await until('the play to finish', () => site.events.length === i + 1);
    }
    expect([500, 700, 900].map((frequency) => a.framesOf(frequency) >= 16)).toEqual([true, true, true]);
  });
});
