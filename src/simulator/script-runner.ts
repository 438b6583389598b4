import type { Micros } from '../instant.ts';
import type { SimulatorAction, SimulatorScript, SimulatorStep } from './simulator-script.ts';

/** Knows which steps of a script are due. */
export interface ScriptRunner {
  /** Performs the steps whose time has come. */
  atTime(now: Micros): void;
  /** Performs the steps that are due before the next list of the account. */
  beforeList(appId: string): void;
  /** Counts a list that was given to the account. */
  listGiven(appId: string): void;
}

/** Steps without an account happen to each account on its own count, so a script reads the same for one account and for many. */
export function createScriptRunner(
  script: SimulatorScript,
  perform: (action: SimulatorAction, appId: string | undefined) => void,
): ScriptRunner {
  const timed = script.filter(({ when }) => 'at' in when).sort((a, b) => (timeOf(a) < timeOf(b) ? -1 : 1));
  const counted = script.filter(({ when }) => 'after' in when).sort((a, b) => countOf(a) - countOf(b));
  let nextTimed = 0;
  const accounts = new Map<string, { given: number; nextStep: number }>();

  function stateOf(appId: string): { given: number; nextStep: number } {
    const state = accounts.get(appId) ?? { given: 0, nextStep: 0 };
    accounts.set(appId, state);
    return state;
  }

  return {
    atTime(now) {
      for (let step = timed[nextTimed]; step !== undefined && timeOf(step) <= now; step = timed[nextTimed]) {
        nextTimed += 1;
        perform(step.action, step.appId);
      }
    },
    beforeList(appId) {
      if (counted.length === 0) return;
      const state = stateOf(appId);
      for (
        let step = counted[state.nextStep];
        step !== undefined && countOf(step) <= state.given;
        step = counted[state.nextStep]
      ) {
        state.nextStep += 1;
        if (step.appId === undefined || step.appId === appId) perform(step.action, appId);
      }
    },
    listGiven(appId) {
      if (counted.length > 0) stateOf(appId).given += 1;
    },
  };
}

function timeOf({ when }: SimulatorStep): Micros {
  return 'at' in when ? when.at : 0n;
}

function countOf({ when }: SimulatorStep): number {
  return 'after' in when ? when.after : 0;
}
