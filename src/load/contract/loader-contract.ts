import { describe } from 'vitest';
import { describeAborts } from './abort-contract.ts';
import { describeApply } from './apply-contract.ts';
import { describeCheck } from './check-contract.ts';
import type { CreateContractTarget } from './contract-target.ts';
import { describeLocks } from './lock-contract.ts';
import { describeMigrate } from './migrate-contract.ts';
import { describeOpenReads } from './open-reads-contract.ts';
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
}

/**
 * Declares the contract of the loader port as vitest tests. Each test calls `createLoader` for a fresh, empty target, and
 * disposes what it was given. A loader that passes can be used by every command.
 */
export function describeLoaderContract(
  name: string,
  createLoader: CreateContractTarget,
  { timeoutMs = 60_000, secrets = [], privateTarget = false }: LoaderContractOptions = {},
): void {
  describe(`loader contract: ${name}`, { timeout: timeoutMs }, () => {
    describeMigrate(createLoader);
    describeCheck(createLoader, secrets);
    describeApply(createLoader);
    describeTexts(createLoader);
    describeVersions(createLoader);
    describeRefusals(createLoader);
    describeReads(createLoader);
    describeOpenReads(createLoader);
    describeAborts(createLoader);
    describeLocks(createLoader, privateTarget);
  });
}
