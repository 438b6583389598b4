import type { Version } from '../../dimension/version.ts';
import type { Loader, VersionQuery } from '../../load/loader.ts';

export async function readVersionsByAccount(
  loader: Loader,
  queries: Iterable<VersionQuery>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly Version[]>> {
  const versions: Version[] = [];
  for (const query of queries) for await (const version of loader.readVersions(query, signal)) versions.push(version);
  return Map.groupBy(versions, ({ appId }) => appId);
}
