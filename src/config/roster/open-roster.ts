import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { addAbortSignal, type Readable } from 'node:stream';
import { didYouMean } from '../../did-you-mean.ts';
import { problemOfAppId } from '../../dimension/app-id.ts';
import { isScenedimError, ScenedimError } from '../../errors.ts';
import type { SourceConfig } from '../config-schema.ts';
import type { Config } from '../load-config.ts';
import {
  type AccountConfig,
  type CredentialReference,
  type PlatformReference,
  sharedCredential,
} from './account-config.ts';
import { createAccountFilter } from './account-filter.ts';
import { type AccountsFile, fileAt, readAccountsFile } from './accounts-file.ts';

/**
 * An account with where its credential is kept, its own or that of `source`; one of the platform's
 * has none.
 */
export type ListedAccount = { readonly appId: string } & (CredentialReference | PlatformReference);

/** The accounts that a run is about. May be iterated again and again; a regular file is streamed each time. */
export interface Roster extends AsyncIterable<ListedAccount> {
  /** How many of them `isCounted` counts. */
  readonly total: number;
  /** What `{ platform: all }` found before it was narrowed; null for any other list. */
  readonly authorizers: ReadonlySetLike<string> | null;
}

export interface RosterOptions {
  readonly signal: AbortSignal;
  /** What `{ file: - }` reads. */
  readonly stdin: Readable & { readonly isTTY?: boolean };
  /** The first column of what a SELECT gives on the target, each value as text, for `{ query: SQL }`. */
  readonly query: (statement: string) => Promise<readonly (string | null)[]>;
  /** The accounts that have authorised the platform, for `{ platform: all }`. */
  readonly authorizers: () => Promise<ReadonlySetLike<string>>;
  /** Only these. Default: all. */
  readonly appIds?: readonly string[];
  /** Which accounts are part of `total`. Default: all. */
  readonly isCounted?: (appId: string) => boolean;
}

/** The `source` section, which commands that fetch need; missing is `config_invalid`. */
export function requireSource(config: Config): SourceConfig {
  if (config.source !== undefined) return config.source;
  throw new ScenedimError('config_invalid', `${config.file}: source: missing, and this command fetches from WeChat`, {
    remedy: 'add a source with its accounts; `scenedim init` shows how',
  });
}

/**
 * Opens the list of accounts, narrowed by its `include` and `exclude`, and to `appIds` when any are
 * given. The whole list is checked first, so a mistake in its last line stops a run before its
 * first request. An app id that is not listed is a `usage` error, a list that leaves no account
 * `config_invalid`, unless it is that of a platform which nobody has authorised.
 */
export async function openRoster(config: Config, options: RosterOptions): Promise<Roster> {
  const { appIds = [], isCounted = () => true } = options;
  const source = requireSource(config);
  const { read, authorizers } = await openList(config, source, options);
  const isSelected = createAccountFilter(Array.isArray(source.accounts) ? {} : source.accounts);
  const wanted = new Set(appIds);
  const missing = new Set(appIds);
  const listed: string[] = [];
  let selected = 0;
  let total = 0;
  for await (const { appId } of read()) {
    if (!isSelected(appId)) continue;
    selected += 1;
    if (missing.size > 0) listed.push(appId);
    missing.delete(appId);
    if ((wanted.size === 0 || wanted.has(appId)) && isCounted(appId)) total += 1;
  }
  if (selected === 0 && authorizers?.size !== 0) {
    throw new ScenedimError('config_invalid', `${config.file}: source.accounts: include and exclude leave no account`, {
      remedy: 'correct the patterns; * stands for any characters',
    });
  }
  for (const appId of missing) throw notListed(appId, listed, config, authorizers !== null);
  return {
    total,
    authorizers,
    async *[Symbol.asyncIterator]() {
      for await (const account of read()) {
        if (isSelected(account.appId) && (wanted.size === 0 || wanted.has(account.appId))) {
          yield { appId: account.appId, ...credentialOf(account, source) };
        }
      }
    },
  };
}

function notListed(appId: string, listed: readonly string[], config: Config, isPlatform: boolean): ScenedimError {
  if (isPlatform) {
    return new ScenedimError('usage', `--app-id: ${appId} is not among the accounts that the platform lists`, {
      remedy: 'correct it; or let the merchant authorise the platform, and include and exclude let it through',
    });
  }
  const message = `--app-id: ${appId} is not among the accounts of ${config.file}`;
  if (appId.includes(',')) {
    return new ScenedimError('usage', message, { remedy: 'give each account an --app-id of its own' });
  }
  const meant = didYouMean(appId, listed);
  return new ScenedimError('usage', message, {
    remedy: meant === undefined ? 'add it to source.accounts' : `did you mean ${meant}?`,
  });
}

function credentialOf(account: AccountConfig, source: SourceConfig): CredentialReference | PlatformReference {
  if (account.accessToken !== undefined) return { accessToken: account.accessToken };
  if (account.appSecret !== undefined) {
    const { appSecret, legacyToken } = account;
    return { appSecret, ...(legacyToken === true && { legacyToken }) };
  }
  const shared = sharedCredential(source);
  if (shared === null) throw new TypeError('an account without a credential is refused when the list is read');
  return shared;
}

interface OpenList {
  readonly read: () => Iterable<AccountConfig> | AsyncIterable<AccountConfig>;
  readonly authorizers: ReadonlySetLike<string> | null;
}

async function openList(config: Config, source: SourceConfig, options: RosterOptions): Promise<OpenList> {
  const { accounts } = source;
  const needsCredential = sharedCredential(source) === null;
  if (Array.isArray(accounts)) return { read: () => accounts, authorizers: null };
  if ('platform' in accounts) {
    const authorizers = await options.authorizers();
    return { read: () => Iterator.from(authorizers.keys()).map((appId) => ({ appId })), authorizers };
  }
  if ('query' in accounts) {
    const found = await queryAccounts(accounts.query, needsCredential, config, options);
    return { read: () => found, authorizers: null };
  }
  return { read: await openFile(config, accounts.file, needsCredential, options), authorizers: null };
}

async function openFile(
  { baseDirectory }: Config,
  name: string,
  needsCredential: boolean,
  options: RosterOptions,
): Promise<OpenList['read']> {
  const path = resolve(baseDirectory, name);
  const isStdin = name === '-';
  const file = isStdin ? stdinFile(options) : fileAt(path, name);
  const read = () => readAccountsFile(file, needsCredential, options.signal);
  if (!isStdin && (await isRegular(path))) return read;
  // It can be read only once.
  const all = await Array.fromAsync(read());
  return () => all;
}

function stdinFile({ stdin, signal }: RosterOptions): AccountsFile {
  if (stdin.isTTY === true) {
    throw new ScenedimError('config_invalid', 'source.accounts.file is -, but standard input is a terminal', {
      remedy: 'pipe the list of accounts into the command',
    });
  }
  return { shown: 'stdin', open: async () => addAbortSignal(signal, stdin) };
}

/** Also true of a file that is not there: whoever reads it tells so. */
async function isRegular(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => true,
  );
}

async function queryAccounts(
  statement: string,
  needsCredential: boolean,
  { file }: Config,
  { query }: RosterOptions,
): Promise<readonly AccountConfig[]> {
  const where = `${file}: source.accounts.query`;
  const refused = (what: string, remedy: string, cause?: unknown) =>
    new ScenedimError('config_invalid', `${where}: ${what}`, { remedy, cause });
  if (needsCredential) {
    throw refused('its accounts have no credential', 'give all of them one: source.accessToken or source.appSecret');
  }
  const byHand = 'try the statement by hand, as the user of the target';
  const appIds = await query(statement).catch((error: unknown) => {
    if (!isScenedimError(error) || error.retryable || error.code === 'config_invalid') throw error;
    throw refused(error.message, byHand, error);
  });
  const accounts = new Map<string, AccountConfig>();
  for (const appId of appIds) {
    const problem = problemOfAppId(appId ?? '');
    if (problem !== undefined) throw refused(`an app id ${problem}`, 'let its first column give the app ids alone');
    accounts.set(appId ?? '', { appId: appId ?? '' });
  }
  if (accounts.size === 0) throw refused('it gives no account', byHand);
  return [...accounts.values()];
}
