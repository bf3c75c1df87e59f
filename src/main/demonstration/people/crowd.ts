import { AGENTS, OUTSIDE_EXTENSION, OUTSIDE_PITCH_HZ, agentPitchHz } from '../numbers.ts';
import type { Random } from '../random.ts';
import type { Address } from '../sip/transactions.ts';
import type { Telephone } from '../telephone/telephone.ts';
import { SimulatedAgent, outsideDesk } from './agent.ts';
import { callOnce } from './caller.ts';
import { planCaller } from './plans.ts';
import type { Scene } from './scene.ts';

export interface CrowdOptions {
  readonly scene: Scene;
  readonly random: Random;
  readonly ipbx: Address;
  readonly passwordOf: (extension: string) => string;
  /** Callers on the line at the same time; another one waits to call until one has left. */
  readonly maxCallers: number;
  /** Calls made in all; null: for as long as the scene lasts. */
  readonly calls: number | null;
}

const ARRIVAL_MS = { low: 2_000, high: 5_000 } as const;
/** Agents come in one after the other: their sign-ins are seen. */
const COMES_IN_MS = 600;

/** Everybody: agents with their telephones, somebody of the management, and who calls. */
export class Crowd {
  readonly #options: CrowdOptions;
  readonly #agents: readonly SimulatedAgent[];
  readonly #management: Telephone;
  readonly #calling = new Set<Promise<void>>();

  constructor(options: CrowdOptions) {
    this.#options = options;
    const { scene, random, ipbx, passwordOf } = options;
    this.#agents = AGENTS.map(
      (agent, index) =>
        new SimulatedAgent(scene, {
          agent,
          password: passwordOf(agent.extension),
          ipbx,
          pitchHz: agentPitchHz(index),
          random: random.fork(),
        }),
    );
    const management = { password: passwordOf(OUTSIDE_EXTENSION), ipbx, pitchHz: OUTSIDE_PITCH_HZ, random: random.fork() };
    this.#management = outsideDesk(scene, management, OUTSIDE_EXTENSION, 'The management');
  }

  /** Agents sign in; resolves when all have, so that the first caller finds somebody. */
  async comeIn(): Promise<void> {
    await this.#management.open();
    await this.#management.register();
    const signedIn: Promise<void>[] = [];
    for (const agent of this.#agents) {
      signedIn.push(agent.start());
      await this.#options.scene.sleep(COMES_IN_MS);
    }
    await Promise.all(signedIn);
  }

  /** Callers arrive; resolves after the last one's call, or when the scene is over and all have hung up. */
  async call(): Promise<void> {
    const { scene, random, ipbx, maxCallers, calls } = this.#options;
    for (let index = 0; !scene.over && (calls === null || index < calls); index += 1) {
      const plan = planCaller(random, index);
      const comes = random.between(ARRIVAL_MS.low, ARRIVAL_MS.high);
      while (this.#calling.size >= maxCallers) await Promise.race(this.#calling);
      if (scene.over) break;
      const calling = callOnce(scene, plan, index, ipbx).finally(() => this.#calling.delete(calling));
      this.#calling.add(calling);
      await scene.sleep(comes);
    }
    await Promise.all(this.#calling);
  }

  /** Callers have hung up by the end of the scene; agents do now, without leaving their place. */
  async hangUp(): Promise<void> {
    await Promise.all(this.#calling);
    const ended: Promise<unknown>[] = [];
    for (const telephone of this.#telephones()) {
      for (const call of telephone.calls) {
        call.hangup();
        ended.push(call.ended);
      }
    }
    await Promise.race([Promise.all(ended), new Promise((resolve) => setTimeout(resolve, 1_000))]);
  }

  /** Telephones de-register and close. */
  async goHome(): Promise<void> {
    await Promise.all(this.#telephones().map((telephone) => telephone.close()));
  }

  #telephones(): readonly Telephone[] {
    return [...this.#agents.map(({ telephone }) => telephone), this.#management];
  }
}
