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
  /** In order of count. */
  readonly #counted: readonly SimulatorStep[];
  readonly #ofAll: readonly SimulatorStep[];
  /** Accounts that have steps of their own. */
  readonly #named: ReadonlySet<string | undefined>;
  readonly #accounts = new Map<string, AccountProgress>();

  constructor(script: SimulatorScript, perform: Perform) {
    this.#perform = perform;
    this.#timed = script.filter(({ when }) => 'at' in when).sort((a, b) => (timeOf(a) < timeOf(b) ? -1 : 1));
    this.#counted = script.filter(({ when }) => 'after' in when).sort((a, b) => countOf(a) - countOf(b));
    this.#ofAll = this.#counted.filter(({ appId }) => appId === undefined);
    this.#named = new Set(this.#counted.map(({ appId }) => appId));
  }

  atTime(now: Micros): void {
    for (let [step] = this.#timed; step !== undefined && timeOf(step) <= now; [step] = this.#timed) {
      this.#timed.shift();
      this.#perform(step.action, step.appId);
    }
  }

  /** Before the next list of the account. */
  beforeList(appId: string): void {
    const progress = this.#progressOf(appId);
    if (progress === undefined) return;
    const next = progress.steps.findIndex((step) => countOf(step) > progress.given);
    const due = progress.steps.slice(progress.done, next === -1 ? undefined : next);
    progress.done += due.length;
    for (const step of due) this.#perform(step.action, appId);
  }

  /** Counts a list that was given to the account. */
  listGiven(appId: string): void {
    const progress = this.#progressOf(appId);
    if (progress !== undefined) progress.given += 1;
  }

  /**
   * Undefined for an account without such steps, of which nothing need be known: there may be
   * 100,000 of them.
   */
  #progressOf(appId: string): AccountProgress | undefined {
    const known = this.#accounts.get(appId);
    if (known !== undefined) return known;
    const concerns = (step: SimulatorStep) => step.appId === undefined || step.appId === appId;
    const steps = this.#named.has(appId) ? this.#counted.filter(concerns) : this.#ofAll;
    if (steps.length === 0) return undefined;
    const progress = { steps, given: 0, done: 0 };
    this.#accounts.set(appId, progress);
    return progress;
  }
}

interface AccountProgress {
  readonly steps: readonly SimulatorStep[];
  given: number;
  done: number;
}

function timeOf({ when }: SimulatorStep): Micros {
  return 'at' in when ? when.at : 0n;
}

function countOf({ when }: SimulatorStep): number {
  return 'after' in when ? when.after : 0;
}
