import { BREAK_DIGITS, CODES, DOMAIN } from '../numbers.ts';
import type { DemonstrationAgent } from '../numbers.ts';
import type { Random } from '../random.ts';
import type { Address } from '../sip/transactions.ts';
import type { Call } from '../telephone/call.ts';
import { Telephone } from '../telephone/telephone.ts';
import { planAnswer } from './plans.ts';
import type { AnswerPlan } from './plans.ts';
import type { Scene } from './scene.ts';

/** An agent who let the telephone ring comes back to the desk after this. */
const AWAY_MS = 9_000;
/** A feature code is answered, confirmed and hung up by the centre well within this. */
const CODE_MS = 8_000;
const SIGN_IN_TRIES = 5;
const SIGN_IN_AGAIN_MS = 2_000;

export interface AgentOptions {
  readonly agent: DemonstrationAgent;
  readonly password: string;
  readonly ipbx: Address;
  readonly pitchHz: number;
  readonly random: Random;
}

/** A simulated agent: a registered telephone, and habits. */
export class SimulatedAgent {
  readonly telephone: Telephone;
  readonly #scene: Scene;
  readonly #options: AgentOptions;

  constructor(scene: Scene, options: AgentOptions) {
    this.#scene = scene;
    this.#options = options;
    this.telephone = new Telephone({
      user: options.agent.extension,
      name: options.agent.name,
      domain: DOMAIN,
      password: options.password,
      ipbx: options.ipbx,
      pitchHz: options.pitchHz,
      onCall: (call) => void this.#called(call, planAnswer(options.random)),
    });
  }

  /** Registers, signs in by its code, and ends the pause that an earlier run may have left in the database. */
  async start(): Promise<void> {
    await this.telephone.open();
    await this.telephone.register();
    for (let attempt = 0; attempt < SIGN_IN_TRIES && !this.#scene.over; attempt += 1) {
      if (await this.#dial('signed-in', CODES.signIn)) {
        await this.#dial(null, CODES.resume);
        return;
      }
      await this.#scene.sleep(SIGN_IN_AGAIN_MS);
    }
  }

  async #dial(kind: 'signed-in' | 'paused' | 'back' | null, code: string): Promise<boolean> {
    const call = await this.telephone.call(code);
    const accepted = await call.answered;
    if (kind !== null) this.#scene.tell({ kind, agent: this.#options.agent.name, accepted });
    if (accepted) await Promise.race([call.ended, this.#scene.sleep(CODE_MS)]);
    call.hangup();
    return accepted;
  }

  async #called(call: Call, plan: AnswerPlan): Promise<void> {
    const agent = this.#options.agent.name;
    if (this.telephone.busy(call)) {
      call.reject(486);
      return;
    }
    call.ring();
    if (plan.reaction === 'ignore') {
      await call.ended;
      this.#scene.tell({ kind: 'ignored', agent, caller: call.caller });
      await this.#scene.sleep(AWAY_MS);
      await this.#backToWork();
      return;
    }
    await Promise.race([call.ended, this.#scene.sleep(plan.afterMs)]);
    if (call.over !== null) return;
    if (plan.reaction === 'reject') {
      call.reject(486);
      this.#scene.tell({ kind: 'rejected', agent, caller: call.caller });
      return;
    }
    call.answer();
    if (!(await call.answered)) return;
    await this.#talk(call, plan);
    call.hangup();
    if (plan.pauseMs !== null && !this.#scene.over) await this.#break(plan.pauseMs);
  }

  async #talk(call: Call, plan: AnswerPlan): Promise<void> {
    const { agent, pitchHz } = { agent: this.#options.agent.name, pitchHz: this.#options.pitchHz };
    const { caller } = call;
    const scene = this.#scene;
    scene.tell({ kind: 'answered', caller, agent, waitMs: scene.waited(caller) });
    scene.meet(caller, { who: agent, pitchHz });
    let leftMs = plan.talkMs;
    if (plan.hold !== null) {
      await Promise.race([call.ended, scene.sleep(plan.hold.afterMs)]);
      leftMs -= plan.hold.afterMs;
      if (call.over === null && (await call.hold())) {
        scene.tell({ kind: 'held', agent, caller });
        await Promise.race([call.ended, scene.sleep(plan.hold.forMs)]);
        if (call.over === null && (await call.resume())) scene.tell({ kind: 'resumed', agent, caller });
      }
    }
    if (plan.transferTo !== null) leftMs /= 3;
    await Promise.race([call.ended, scene.sleep(leftMs)]);
    if (plan.transferTo === null || call.over !== null) return;
    const status = await call.transfer(`sip:${plan.transferTo}@${DOMAIN}`, this.telephone.uri);
    scene.tell({ kind: 'transferred', agent, caller, connected: status < 300 });
  }

  async #break(pauseMs: number): Promise<void> {
    if (this.telephone.busy()) return;
    await this.#dial('paused', `${CODES.pause}${BREAK_DIGITS}`);
    await this.#scene.sleep(pauseMs);
    await this.#backToWork();
  }

  /** Also ends the pause that the centre gave who let the telephone ring too often. */
  async #backToWork(): Promise<void> {
    if (!this.#scene.over && !this.telephone.busy()) await this.#dial('back', CODES.resume);
  }
}

/** Somebody of the house who is no agent and to whom callers are transferred. */
export function outsideDesk(scene: Scene, options: Omit<AgentOptions, 'agent'>, extension: string, who: string): Telephone {
  const { random } = options;
  return new Telephone({
    user: extension,
    name: who,
    domain: DOMAIN,
    password: options.password,
    ipbx: options.ipbx,
    pitchHz: options.pitchHz,
    onCall: (call) => {
      const afterMs = random.between(1_000, 3_000);
      const talkMs = random.between(5_000, 10_000);
      call.ring();
      void (async () => {
        await Promise.race([call.ended, scene.sleep(afterMs)]);
        call.answer();
        if (!(await call.answered)) return;
        // Whoever was transferred here has met somebody already, and was answered then.
        if (scene.meetingOf(call.caller) === null) {
          scene.tell({ kind: 'answered', caller: call.caller, agent: who, waitMs: scene.waited(call.caller) });
        }
        scene.meet(call.caller, { who, pitchHz: options.pitchHz });
        await Promise.race([call.ended, scene.sleep(talkMs)]);
        call.hangup();
      })();
    },
  });
}
