import { OUTSIDE_DOMAIN, callerPitchHz } from '../numbers.ts';
import type { Address } from '../sip/transactions.ts';
import type { Call } from '../telephone/call.ts';
import { Telephone } from '../telephone/telephone.ts';
import type { CallerPlan } from './plans.ts';
import type { Scene } from './scene.ts';

/** Long enough for greeting and menu; a key that came too early is pressed again. */
const FIRST_KEY_MS = 5_000;
const NEXT_KEY_MS = 7_000;
const KEY_TRIES = 3;
const LISTEN_EVERY_MS = 500;
/** Share of the last second's sound at the other's pitch from which we say that we hear them: a fifth lost to music's tail is fine. */
const HEARD_SHARE = 0.3;

/** One person of the outside world calls once, with a telephone of their own. Resolves when the call is over. */
export async function callOnce(scene: Scene, plan: CallerPlan, index: number, ipbx: Address): Promise<void> {
  const telephone = new Telephone({
    user: plan.number,
    name: '',
    domain: OUTSIDE_DOMAIN,
    password: null,
    ipbx,
    pitchHz: callerPitchHz(index),
  });
  await telephone.open();
  try {
    const met = scene.waitFor(plan.number);
    const call = await telephone.call(plan.dialled);
    scene.tell({ kind: 'arrived', caller: plan.number, campaign: plan.campaign });
    void pressKeys(scene, plan, call);
    const first = await Promise.race([met, call.ended.then(() => null), scene.sleep(plan.patienceMs).then(() => null)]);
    if (first !== null) await talk(scene, plan, call);
    else if (call.over === null) {
      scene.tell({ kind: 'abandoned', caller: plan.number, waitMs: scene.waited(plan.number) });
    } else scene.tell({ kind: 'sent-away', caller: plan.number, status: call.over.status });
  } finally {
    scene.leave(plan.number);
    await telephone.close();
  }
}

async function pressKeys(scene: Scene, plan: CallerPlan, call: Call): Promise<void> {
  if (plan.key === null || !(await call.answered)) return;
  for (let attempt = 0; attempt < KEY_TRIES; attempt += 1) {
    await scene.sleep(attempt === 0 ? FIRST_KEY_MS : NEXT_KEY_MS);
    if (scene.over || call.over !== null || scene.meetingOf(plan.number) !== null) return;
    call.sound.press(plan.key);
  }
}

/** Talks, and listens now and then whether the voice in the receiver is the one of whom they talk to. */
async function talk(scene: Scene, plan: CallerPlan, call: Call): Promise<void> {
  const started = performance.now();
  let heard = false;
  let done = false;
  const enough = Promise.race([call.ended, scene.sleep(plan.talkMs)]).then(() => {
    done = true;
  });
  while (!done) {
    await Promise.race([enough, new Promise((resolve) => setTimeout(resolve, LISTEN_EVERY_MS))]);
    const meeting = scene.meetingOf(plan.number);
    heard ||= meeting !== null && call.sound.shareHeard(meeting.pitchHz) > HEARD_SHARE;
  }
  scene.tell({ kind: 'talked', caller: plan.number, talkMs: performance.now() - started, heard });
}
