import type { AccountHead } from '../../dimension/account-head.ts';
import type { Observation } from '../../dimension/observation.ts';
import type { Version } from '../../dimension/version.ts';
import type { Loader, TargetMeta } from '../loader.ts';
import { sampleSettings } from './sample-rows.ts';

/** A fresh, empty target for one test of the contract. */
export interface ContractTarget {
  readonly loader: Loader;
  /** Another client of the same target; without it the tests about two clients use `loader` twice. */
  readonly second?: () => Promise<Loader>;
  /** Takes the target itself away, after its loaders were disposed. */
  readonly remove?: () => PromiseLike<void>;
}

/** Makes a fresh, empty target for every call. */
export type CreateContractTarget = () => Promise<ContractTarget>;

/** What a test works with; disposing closes every loader and removes the target. */
export interface OpenTarget extends AsyncDisposable {
  readonly loader: Loader;
  /** Another client of the target. */
  second(): Promise<Loader>;
}

/** Everything that the port lets one read. */
export interface TargetState {
  readonly meta: TargetMeta | null;
  readonly heads: readonly AccountHead[];
  readonly observations: readonly Observation[];
  readonly versions: readonly Version[];
}

/** A signal that nobody aborts. */
export const neverAborted: AbortSignal = new AbortController().signal;

/** A fresh target without a schema. */
export async function openEmptyTarget(create: CreateContractTarget): Promise<OpenTarget> {
  const { loader, second, remove } = await create();
  await using stack = new AsyncDisposableStack();
  if (remove !== undefined) stack.defer(remove);
  stack.use(loader);
  const kept = stack.move();
  return {
    loader,
    second: async () => (second === undefined ? loader : kept.use(await second())),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** A fresh target with the sample settings. */
export async function openTarget(create: CreateContractTarget): Promise<OpenTarget> {
  await using stack = new AsyncDisposableStack();
  const target = stack.use(await openEmptyTarget(create));
  await target.loader.migrate(sampleSettings, neverAborted);
  stack.move();
  return target;
}

/** Reads the whole target. */
export async function stateOf(loader: Loader): Promise<TargetState> {
  return {
    meta: await loader.readMeta(neverAborted),
    heads: await Array.fromAsync(loader.readHeads({}, neverAborted)),
    observations: await Array.fromAsync(loader.readObservations({}, neverAborted)),
    versions: await Array.fromAsync(loader.readVersions({}, neverAborted)),
  };
}
