import type { Leg } from './leg.ts';
import type { AudioDescription } from './sdp.ts';

/** First, second, and once more the first if the second answered from another stream than it had. */
const MAX_STEPS = 3;

const sameStream = (one: AudioDescription, other: AudioDescription): boolean =>
  one.address === other.address && one.port === other.port;

/**
 * Joins two far ends without us in the path of the sound: third-party call control in the manner of RFC 3725 §4.3, but
 * with offers of what is already known, so that telephones which cannot do without an offer take part. The first is
 * offered the second's stream; the second is offered what the first answered.
 */
export function joinDirectly(first: Leg, second: Leg): void {
  const stream = second.sound.remote;
  const ready = first.phase === 'established' && second.phase === 'established' && first !== second;
  if (!ready || stream === null) return giveUp(first, second);
  for (const leg of [first, second]) {
    const { partner } = leg.conversation;
    // A join replaces an older one, whose other end comes back to us.
    if (partner !== null && partner !== first && partner !== second) leg.conversation.part()?.conversation.relay();
  }
  first.conversation.partner = second;
  second.conversation.partner = first;
  step({ first, second }, first, second, stream, null, 1);
}

/**
 * Offers `asked` the stream of `other`. `known` is what `other` was told of the stream of `asked`: when the answer names
 * the same, both ends know where to send.
 */
function step(
  pair: { readonly first: Leg; readonly second: Leg },
  asked: Leg,
  other: Leg,
  stream: AudioDescription,
  known: AudioDescription | null,
  count: number,
): void {
  asked.conversation.renegotiation.run(
    () => asked.sound.offerOf(stream),
    (outcome) => {
      // A hold, a hang-up or a new order came in between: whoever parted the two has taken care of the sound.
      if (asked.over || other.over || asked.conversation.partner !== other) return;
      const answer = outcome.ok ? asked.sound.passedBy(outcome.body) : null;
      if (answer === null) return giveUp(pair.first, pair.second);
      if (known !== null && sameStream(answer, known)) return;
      if (count >= MAX_STEPS) return giveUp(pair.first, pair.second);
      step(pair, other, asked, answer, stream, count + 1);
    },
  );
}

/** Whoever already sends past us is brought back (RFC 3261 §14.1: the one that refused has kept its old session). */
function giveUp(first: Leg, second: Leg): void {
  first.conversation.part();
  for (const leg of [first, second]) if (leg.sound.direct) leg.conversation.relay();
  if (!first.over) first.host.emit({ type: 'leg.directFailed', leg: first.id });
}
