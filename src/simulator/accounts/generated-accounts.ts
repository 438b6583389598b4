import type { SimulatorAccountRule } from './account-directory.ts';

/** So many accounts `wx0000000000000001` and following. */
export function generatedAccounts(count: number): SimulatorAccountRule {
  return { count, appId: (index) => `wx${String(index + 1).padStart(16, '0')}` };
}
