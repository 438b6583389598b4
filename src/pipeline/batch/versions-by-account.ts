import type { Version } from '../../dimension/version.ts';
import type { Loader, VersionQuery } from '../../load/loader.ts';

/** The versions that some queries give, by account. */
export async function readVersionsByAccount(
  loader: Loader,
  queries: Iterable<VersionQuery>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly Version[]>> {
  const byAccount = new Map<string, Version[]>();
  for (const query of queries) {
    for await (const version of loader.readVersions(query, signal)) {
      const list = byAccount.get(version.appId);
      if (list === undefined) byAccount.set(version.appId, [version]);
      else list.push(version);
    }
  }
  return byAccount;
}
