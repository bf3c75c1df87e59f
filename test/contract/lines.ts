import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LineEvent } from '../../src/core/kernel/events.ts';
import type { LegId, LineId } from '../../src/core/kernel/ids.ts';
import type { Lines } from '../../src/ports/lines.ts';

type Of<Type extends LineEvent['type']> = Extract<LineEvent, { type: Type }>;

/** One call as whoever is on the other side of the line lives it. */
export interface FarCall {
  /** Resolves when this side hears ringing, is answered, is refused or cancelled, or is hung up on. */
  rings(): Promise<void>;
  answered(): Promise<void>;
  ended(): Promise<void>;
  ring(): void;
  answer(): Promise<void>;
  refuseBusy(): void;
  hangUp(): void;
}

/** Lines under test joined to a far end that does what it is told. */
export interface LinesBench {
  readonly lines: Lines;
  readonly line: LineId;
  readonly channels: number;
  next<Type extends LineEvent['type']>(type: Type, where?: (event: Of<Type>) => boolean): Promise<Of<Type>>;
  seen(): readonly LineEvent[];
  /** Streams that the lines hold open. */
  streams(): number;
  /** Somebody calls the line. */
  callsIn(): FarCall;
  /** The next call that arrives at the far end. */
  arrives(): Promise<FarCall>;
  close(): Promise<void>;
}

/** What every kind of line promises (src/ports/lines.ts). */
export function linesContract(kind: string, open: () => Promise<LinesBench>): void {
  describe(`lines: ${kind}`, () => {
    let bench: LinesBench;
    beforeEach(async () => {
      bench = await open();
      await bench.next('line.state', (event) => event.registered);
    });
    afterEach(async () => {
      await bench.close();
    });

    const endings = (leg: LegId): LineEvent[] =>
      bench.seen().filter((event) => (event.type === 'leg.ended' || event.type === 'leg.failed') && event.leg === leg);
    const call = (leg: LegId): void =>
      bench.lines.perform({ type: 'leg.call', leg, line: null, target: '1001', caller: null, callerName: null, replaces: null });
    const gone = (leg: LegId): void => {
      expect(bench.lines.legs().has(leg)).toBe(false);
      expect(endings(leg)).toHaveLength(1);
      expect(bench.streams()).toBe(0);
      expect(bench.lines.status()[0]).toMatchObject({ channelsInUse: 0 });
    };
    const answeredIn = async (): Promise<{ far: FarCall; leg: LegId }> => {
      const far = bench.callsIn();
      const { leg } = await bench.next('leg.incoming');
      bench.lines.perform({ type: 'leg.answer', leg });
      await far.answered();
      await bench.next('leg.answered');
      return { far, leg };
    };
    const answeredOut = async (leg: LegId): Promise<FarCall> => {
      call(leg);
      const far = await bench.arrives();
      await far.answer();
      await bench.next('leg.answered');
      return far;
    };

    it('are up, and say how many channels are free', () => {
      expect(bench.lines.status()[0]).toMatchObject({
        line: bench.line,
        registered: true,
        reason: null,
        channelsInUse: 0,
        channels: bench.channels,
      });
    });

    it('a call comes in, rings, is answered, and ends when the caller hangs up', async () => {
      const far = bench.callsIn();
      const { leg, line } = await bench.next('leg.incoming');
      expect(line).toBe(bench.line);
      expect(bench.lines.legs()).toEqual(new Set([leg]));
      bench.lines.perform({ type: 'leg.ring', leg });
      await far.rings();
      bench.lines.perform({ type: 'leg.answer', leg });
      await far.answered();
      await bench.next('leg.answered');
      expect(bench.lines.status()[0]).toMatchObject({ channelsInUse: 1 });
      far.hangUp();
      expect(await bench.next('leg.ended')).toEqual({ type: 'leg.ended', leg, cause: 'remote' });
      gone(leg);
    });

    it('each call has a name of its own', async () => {
      const first = await answeredIn();
      first.far.hangUp();
      await bench.next('leg.ended');
      const second = await answeredIn();
      expect(second.leg).not.toBe(first.leg);
    });

    it('a caller who gives up before the answer ends the leg', async () => {
      const far = bench.callsIn();
      const { leg } = await bench.next('leg.incoming');
      bench.lines.perform({ type: 'leg.ring', leg });
      await far.rings();
      far.hangUp();
      expect(await bench.next('leg.ended')).toEqual({ type: 'leg.ended', leg, cause: 'remote' });
      gone(leg);
    });

    it('a call that is refused ends by us, once', async () => {
      const far = bench.callsIn();
      const { leg } = await bench.next('leg.incoming');
      bench.lines.perform({ type: 'leg.refuse', leg, refusal: 'busy' });
      expect(await bench.next('leg.ended')).toEqual({ type: 'leg.ended', leg, cause: 'local' });
      await far.ended();
      gone(leg);
    });

    it.each(['before it is answered', 'in the conversation'])('a call that came in is hung up %s', async (when) => {
      const { far, leg } =
        when === 'in the conversation'
          ? await answeredIn()
          : { far: bench.callsIn(), leg: (await bench.next('leg.incoming')).leg };
      bench.lines.perform({ type: 'leg.hangup', leg });
      expect(await bench.next('leg.ended')).toEqual({ type: 'leg.ended', leg, cause: 'local' });
      await far.ended();
      bench.lines.perform({ type: 'leg.hangup', leg });
      gone(leg);
    });

    it('a call goes out, rings once, is answered, and ends when the far end hangs up', async () => {
      call('out');
      const far = await bench.arrives();
      far.ring();
      await bench.next('leg.ringing');
      await far.answer();
      await bench.next('leg.answered');
      expect(bench.streams()).toBe(1);
      far.hangUp();
      expect(await bench.next('leg.ended')).toEqual({ type: 'leg.ended', leg: 'out', cause: 'remote' });
      gone('out');
    });

    it('a call to a busy telephone has failed', async () => {
      call('out');
      (await bench.arrives()).refuseBusy();
      expect(await bench.next('leg.failed')).toMatchObject({ leg: 'out', cause: 'busy' });
      gone('out');
    });

    it.each(['while it rings', 'in the conversation'])('a call that goes out is hung up %s', async (when) => {
      let far: FarCall;
      if (when === 'in the conversation') far = await answeredOut('out');
      else {
        call('out');
        far = await bench.arrives();
        far.ring();
        await bench.next('leg.ringing');
      }
      bench.lines.perform({ type: 'leg.hangup', leg: 'out' });
      expect(await bench.next('leg.ended')).toEqual({ type: 'leg.ended', leg: 'out', cause: 'local' });
      await far.ended();
      gone('out');
    });

    it('a call beyond the channels has failed for want of a line', async () => {
      for (let count = 0; count < bench.channels; count++) {
        call(`out${count}`);
        await bench.arrives();
      }
      call('one-too-many');
      expect(await bench.next('leg.failed')).toEqual({
        type: 'leg.failed',
        leg: 'one-too-many',
        cause: 'line-unavailable',
        status: null,
      });
    });

    it('new calls can be refused for a while; those in progress go on', async () => {
      const { far, leg } = await answeredIn();
      bench.lines.refuseNewCalls(true);
      await bench.callsIn().ended();
      bench.lines.refuseNewCalls(false);
      expect(bench.lines.legs()).toEqual(new Set([leg]));
      bench.callsIn();
      await bench.next('leg.incoming');
      far.hangUp();
      await bench.next('leg.ended');
    });

    it('a probe of a conversation that lives changes nothing', async () => {
      const { far, leg } = await answeredIn();
      bench.lines.perform({ type: 'leg.probe', leg });
      far.hangUp();
      expect(await bench.next('leg.ended')).toEqual({ type: 'leg.ended', leg, cause: 'remote' });
      gone(leg);
    });

    it('late and strange orders do no harm', async () => {
      const { far, leg } = await answeredIn();
      bench.lines.perform({ type: 'leg.ring', leg });
      bench.lines.perform({ type: 'leg.answer', leg });
      bench.lines.perform({ type: 'leg.transferOutcome', leg, outcome: 'failed' });
      bench.lines.perform({ type: 'leg.direct', first: leg, second: 'nobody' });
      bench.lines.perform({ type: 'leg.relay', leg: 'nobody' });
      bench.lines.perform({ type: 'leg.hangup', leg: 'nobody' });
      expect(bench.lines.legs()).toEqual(new Set([leg]));
      far.hangUp();
      await bench.next('leg.ended');
      bench.lines.perform({ type: 'leg.probe', leg });
      bench.lines.perform({ type: 'leg.refuse', leg, refusal: 'closed' });
      gone(leg);
    });

    it('stopping hangs up what is left', async () => {
      const { far, leg } = await answeredIn();
      const stopped = bench.lines.stop();
      expect(await bench.next('leg.ended')).toEqual({ type: 'leg.ended', leg, cause: 'local' });
      await far.ended();
      await stopped;
      expect(bench.lines.legs().size).toBe(0);
    });
  });
}
