import { describe } from 'vitest';
import { describeAborts } from './abort-contract.ts';
import { describeApply } from './apply-contract.ts';
import { describeCheck } from './check-contract.ts';
import type { ContractTargets, CreateContractTarget, CreateMigratedTarget } from './contract-target.ts';
import { describeLocks } from './lock-contract.ts';
import { describeMigrate } from './migrate-contract.ts';
import { describeOpenReads } from './open-reads-contract.ts';
import { describePlatformStores, type PlatformStore } from './platform-contract.ts';
import { describeReads } from './reads-contract.ts';
import { describeRefusals } from './refusal-contract.ts';
import { describeTexts } from './texts-contract.ts';
import { describeVersions } from './versions-contract.ts';

export interface LoaderContractOptions {
  /** Milliseconds that one test may take; default 60,000. */
  readonly timeoutMs?: number;
  /** Texts that must not appear in a description or finding, such as the password of the target; default none. */
  readonly secrets?: readonly string[];
  /** True when nobody else can reach the target, so that its locks exclude nobody; default false. */
  readonly privateTarget?: boolean;
  /** The stores of a platform that the loader leaves out. Default none: the tests of one that is not there are skipped. */
  readonly without?: readonly PlatformStore[];
  /**
   * For a target that takes long to migrate: makes or empties a migrated one for the tests that need no fresh one, which are nearly
   * all. Default: `createLoader`, then `migrate`.
   */
  readonly createMigrated?: CreateMigratedTarget;
  /**
   * Declares only some of the tests, for a slow target whose test files run side by side: of `count` parts the one with this
   * `index`, from 0. Every part has to be declared somewhere. Default: all tests.
   */
  readonly part?: { readonly index: number; readonly count: number };
}

/** The areas of the contract. Neighbours take about as long, so that parts do. */
const areas: readonly ((targets: ContractTargets, options: LoaderContractOptions) => void)[] = [
  describeMigrate,
  (targets, { secrets = [] }) => describeCheck(targets, secrets),
  describeApply,
  describeTexts,
  describeVersions,
  describeRefusals,
  describeReads,
  describeOpenReads,
  describeAborts,
  (targets, { privateTarget = false, without = [] }) =>
    // A target that no other client can reach, like the overlay, passes refresh tokens on to its base.
    describePlatformStores(targets, privateTarget ? [...without, 'refreshTokens'] : without),
  (targets, { privateTarget = false }) => describeLocks(targets, privateTarget),
];

/**
 * Declares the contract of the loader port as vitest tests. Each test calls `createLoader` for a fresh, empty target, and
 * disposes what it was given. A loader that passes can be used by every command.
 */
export function describeLoaderContract(
  name: string,
  createLoader: CreateContractTarget,
  options: LoaderContractOptions = {},
): void {
  const { timeoutMs = 60_000, part = { index: 0, count: 1 }, createMigrated } = options;
  const targets = { createEmpty: createLoader, createMigrated };
  const declared = areas.filter((_, n) => n % part.count === part.index);
  if (declared.length === 0) throw new Error(`there is no part ${part.index} of ${part.count} of the loader contract`);
  describe(`loader contract: ${name}`, { timeout: timeoutMs }, () => {
    for (const area of declared) area(targets, options);
  });
}
