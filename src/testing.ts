/**
 * Tests for loaders of your own: the contract that every built-in loader keeps, as vitest tests.
 * Needs `vitest`, which scenedim does not install. Nothing else in scenedim imports this module.
 */

export type { ContractTarget, CreateContractTarget, CreateMigratedTarget } from './load/contract/contract-target.ts';
export type { LoaderContractOptions } from './load/contract/loader-contract.ts';
export { describeLoaderContract } from './load/contract/loader-contract.ts';
