import type { Version } from '../../dimension/version.ts';
import type { Loader } from '../loader.ts';
import { applyChanges } from './contract-target.ts';
import { insertOf, instantAt, sampleHeadChange, sampleObservation, sampleVersion } from './sample-rows.ts';

/** More accounts than a loader reads at once, so that an iterable is still being read when a test goes on. */
export const manyAppIds: readonly string[] = Array.from({ length: 6_000 }, (_, n) => `wx${String(n).padStart(4, '0')}`);

/** The version of each of them, in the order of the port. */
export const manyVersions: readonly Version[] = manyAppIds.map((appId) => sampleVersion(appId, '1', instantAt(0)));

/** Stores one observation and one version of each of many accounts. */
export async function storeManyRows(loader: Loader): Promise<void> {
  await applyChanges(loader, 1, {
    heads: manyAppIds.map((appId) => sampleHeadChange(appId, null)),
    observations: manyAppIds.map((appId) => sampleObservation(appId, instantAt(0))),
    versions: manyVersions.map(insertOf),
  });
}
