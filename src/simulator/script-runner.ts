import type { Micros } from '../instant.ts';
import type { SimulatorAction, SimulatorScript, SimulatorStep } from './simulator-script.ts';

type Perform = (action: SimulatorAction, appId: string | undefined) => void;

/**
 * Performs the steps of a script that are due. Those without an account happen to each account on its own count, so a
 * script reads the same for one account and for many.
 */
export class ScriptRunner {
  readonly #perform: Perform;
  /** Still to come, the next one first. */
  readonly #timed: SimulatorStep[];
  readonly #counted: readonly SimulatorStep[];
  readonly #accounts = new Map<string, { given: number; nextStep: number }>();

  constructor(script: SimulatorScript, perform: Perform) {
    this.#perform = perform;
    this.#timed = script.filter(({ when }) => 'at' in when).sort((a, b) => (timeOf(a) < timeOf(b) ? -1 : 1));
    this.#counted = script.filter(({ when }) => 'after' in when).sort((a, b) => countOf(a) - countOf(b));
  }

  atTime(now: Micros): void {
    for (let [step] = this.#timed; step !== undefined && timeOf(step) <= now; [step] = this.#timed) {
      this.#timed.shift();
      this.#perform(step.action, step.appId);
    }
  }

  /** Before the next list of the account. */
  beforeList(appId: string): void {
    const state = this.#stateOf(appId);
    for (const step of this.#counted.slice(state.nextStep)) {
      if (countOf(step) > state.given) return;
      state.nextStep += 1;
      if (step.appId === undefined || step.appId === appId) this.#perform(step.action, appId);
    }
  }

  /** Counts a list that was given to the account. */
  listGiven(appId: string): void {
    this.#stateOf(appId).given += 1;
  }

  #stateOf(appId: string): { given: number; nextStep: number } {
    const state = this.#accounts.get(appId) ?? { given: 0, nextStep: 0 };
    // Of a script without such steps nothing need be known: there may be 100,000 accounts.
    if (this.#counted.length > 0) this.#accounts.set(appId, state);
    return state;
  }
}

function timeOf({ when }: SimulatorStep): Micros {
  return 'at' in when ? when.at : 0n;
}

function countOf({ when }: SimulatorStep): number {
  return 'after' in when ? when.after : 0;
}
