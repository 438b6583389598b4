import type { Loader } from '../../load/loader.ts';
import { printable } from '../../report/printable.ts';

/** A line about the accounts of which nothing is stored, so that a mistyped one does not look like an answer; else empty. */
export async function describeUnknownAccounts(
  loader: Loader,
  appIds: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  const unknown = new Set(appIds);
  if (unknown.size > 0) for await (const { appId } of loader.readHeads({ appIds }, signal)) unknown.delete(appId);
  return unknown.size === 0 ? '' : `not known here: account ${[...unknown].map(printable).join(', ')}\n`;
}
