import { resolve } from 'node:path';
import { didYouMean } from '../did-you-mean.ts';
import { ScenedimError } from '../errors.ts';
import type { AccountConfig } from './account-config.ts';
import { readAccountsFile } from './accounts-file.ts';
import type { SourceConfig } from './config-schema.ts';
import type { Config } from './load-config.ts';

/** The accounts that a run is about. May be iterated again and again; a file is streamed each time. */
export interface Roster extends AsyncIterable<AccountConfig> {
  /** How many of them are counted. */
  readonly total: number;
}

/** The `source` section, which commands that fetch need; missing is `config_invalid`. */
export function requireSource(config: Config): SourceConfig {
  if (config.source !== undefined) return config.source;
  throw new ScenedimError('config_invalid', `${config.file}: source: missing, and this command fetches from WeChat`, {
    remedy: 'add a source with its accounts; `scenedim init` shows how',
  });
}

/**
 * Opens the list of accounts, narrowed to `appIds` when any are given. The whole list is checked
 * first, so a mistake in its last line stops a run before its first request. An app id that is not
 * listed is a `usage` error. `isCounted` says which accounts are part of `total`; default: all.
 */
export async function openRoster(
  config: Config,
  appIds: readonly string[],
  signal: AbortSignal,
  isCounted: (appId: string) => boolean = () => true,
): Promise<Roster> {
  const { accounts } = requireSource(config);
  const read = (): Iterable<AccountConfig> | AsyncIterable<AccountConfig> =>
    Array.isArray(accounts)
      ? accounts
      : readAccountsFile(resolve(config.baseDirectory, accounts.file), accounts.file, signal);
  const wanted = new Set(appIds);
  const missing = new Set(appIds);
  const listed: string[] = [];
  let total = 0;
  for await (const { appId } of read()) {
    if (missing.size > 0) listed.push(appId);
    missing.delete(appId);
    if ((wanted.size === 0 || wanted.has(appId)) && isCounted(appId)) total += 1;
  }
  for (const appId of missing) {
    const meant = didYouMean(appId, listed);
    throw new ScenedimError('usage', `--app-id: ${appId} is not among the accounts of ${config.file}`, {
      remedy: meant === undefined ? 'add it to source.accounts' : `did you mean ${meant}?`,
    });
  }
  return {
    total,
    async *[Symbol.asyncIterator]() {
      for await (const account of read()) if (wanted.size === 0 || wanted.has(account.appId)) yield account;
    },
  };
}
