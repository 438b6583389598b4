import type { AccountHead } from '../../dimension/account-head.ts';
import type { Observation } from '../../dimension/observation.ts';
import type { Version } from '../../dimension/version.ts';
import type { ChangeSet, Loader, MigrateOptions, TargetMeta } from '../loader.ts';
import { sampleChangeSet, sampleSettings } from './sample-rows.ts';

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

/**
 * Makes a target as `migrate` with these settings leaves an empty one: no row, no lock, no run, `rebuilding` false. For targets
 * that take long to migrate: it may be one that an earlier test was given and has closed, emptied. What that test left must not
 * show, even when it failed half way: its rows, its locks, its settings, and whatever else it made.
 */
export type CreateMigratedTarget = (settings: MigrateOptions) => Promise<ContractTarget>;

/** Where the tests get their targets from. */
export interface ContractTargets {
  readonly createEmpty: CreateContractTarget;
  /** Without it a target is made empty and then migrated. */
  readonly createMigrated?: CreateMigratedTarget | undefined;
}

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
export async function openEmptyTarget({ createEmpty }: ContractTargets): Promise<OpenTarget> {
  return open(await createEmpty());
}

/** A target without a row, with the sample settings. */
export async function openTarget({ createEmpty, createMigrated }: ContractTargets): Promise<OpenTarget> {
  if (createMigrated !== undefined) return createMigrated(sampleSettings).then(open);
  await using stack = new AsyncDisposableStack();
  const target = stack.use(open(await createEmpty()));
  await target.loader.migrate(sampleSettings, neverAborted);
  stack.move();
  return target;
}

function open({ loader, second, remove }: ContractTarget): OpenTarget {
  const stack = new AsyncDisposableStack();
  if (remove !== undefined) stack.defer(remove);
  stack.use(loader);
  return {
    loader,
    second: async () => (second === undefined ? loader : stack.use(await second())),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
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

/** Applies a batch of a run; what is not named in `parts` is empty. */
export function applyChanges(loader: Loader, batch: number, parts?: Partial<ChangeSet>, runId?: string): Promise<void> {
  return loader.apply(sampleChangeSet(batch, parts, runId), neverAborted);
}
