import { resolve } from 'node:path';
import { MAX_CLOCK_SKEW } from '../../clock.ts';
import type { Config } from '../../config/load-config.ts';
import type { ListedAccount } from '../../config/roster/open-roster.ts';
import type { AccountHead } from '../../dimension/account-head.ts';
import { isScenedimError } from '../../errors.ts';
import { classifyErrorCode, errorCatalogue, REAUTHORISE } from '../../extract/error-catalogue.ts';
import { CREDENTIALS_UNUSABLE, type CredentialKind, NO_REFRESH_TOKEN } from '../../extract/scene-source.ts';
import type { Micros } from '../../instant.ts';
import type { Loader } from '../../load/loader.ts';
import { isPipe } from '../../named-pipe.ts';
import type { Session } from '../session/session.ts';
import { authorizersInTarget, rosterOf } from '../source/roster-of.ts';

/** What the newest attempt of an account failed with and what to do about it; null when it did not fail. */
export function explainStoredError(head: AccountHead, kinds: CredentialKinds, now: Micros): StoredError | null {
  const { appId, lastAttemptAt, lastErrorCode: code, lastErrorMessage: message } = head;
  if (code === null) return null;
  if (lastAttemptAt > now + MAX_CLOCK_SKEW) return { code, ...fromTheFuture };
  if (kinds !== null && !kinds.has(appId)) return { code, message, ...ofNoList };
  if (code === CREDENTIALS_UNUSABLE) {
    const remedy = 'correct the variable, file, program or url that the message names, then run scenedim sync';
    return { code, message, meaning: 'the token or secret cannot be used on this machine', remedy };
  }
  if (code === NO_REFRESH_TOKEN) {
    return { code, message, meaning: 'no refresh token of the account is known', remedy: REAUTHORISE };
  }
  // Codes of our own are not in the table of WeChat's: `http_502`, `timeout`. The next run tells their remedy.
  if (!errorCatalogue.has(code) && !/^-?\d+$/.test(code)) {
    const remedy = 'run scenedim sync again: it tells what it finds';
    return { code, message, meaning: 'no usable answer came', remedy };
  }
  const credentials = kinds?.get(appId) ?? null;
  const { meaning, remedy } = classifyErrorCode({ code, endpoint: null, credentials, errmsg: message ?? '' });
  return { code, message, meaning, remedy };
}

/** A failure of a time to come: an older program recorded it, or a target without a clock (PGlite) took it. */
const fromTheFuture = {
  message: null,
  meaning: 'recorded under a clock that was ahead; newer attempts do not show until that time',
  remedy:
    'when the clock of this machine is right: scenedim export-log --output log.ndjson, delete its failed lines whose ' +
    'observed_at is still to come, move the target away, and scenedim replay log.ndjson makes a new one',
} as const;

/** Nothing asks about such an account any more, so its error stays as it is. */
const ofNoList = {
  meaning: 'the newest attempt of an account that source.accounts does not list',
  remedy: 'none is needed; to have it asked again, list it in source.accounts, or let it authorise the platform',
} as const;

export interface StoredError {
  readonly code: string;
  /** As it was told, with WeChat's rid; null when nothing was told. */
  readonly message: string | null;
  readonly meaning: string;
  readonly remedy: string;
}

/** The kind of credential of each listed account, by app id; null without a list that can be read. */
export type CredentialKinds = ReadonlyMap<string, CredentialKind> | null;

/** Reads the kinds of credential of these accounts from the config. An account that is not listed is left out. */
export async function readCredentialKinds(
  session: Session,
  config: Config,
  loader: Loader,
  appIds: ReadonlySet<string>,
): Promise<CredentialKinds> {
  if (appIds.size === 0) return null;
  return readListedAccounts(session, config, loader, (appId) => appIds.has(appId));
}

/**
 * The accounts that the config lists, with their kinds of credential; null without a list that can be read. Standard input and
 * pipes are not read: what only shows what is stored must not wait for them, and a run has read them already.
 */
export async function readListedAccounts(
  session: Session,
  config: Config,
  loader: Loader,
  isWanted: (appId: string) => boolean = () => true,
): Promise<Map<string, CredentialKind> | null> {
  const kinds = new Map<string, CredentialKind>();
  const { source } = config;
  if (source === undefined) return null;
  if (!Array.isArray(source.accounts) && 'file' in source.accounts) {
    const { file } = source.accounts;
    if (file === '-' || (await isPipe(resolve(config.baseDirectory, file)).catch(() => false))) return null;
  }
  try {
    const authorizers = authorizersInTarget(loader, session.signal);
    for await (const account of await rosterOf(session, config, { loader, authorizers })) {
      if (isWanted(account.appId)) kinds.set(account.appId, kindOf(account));
    }
  } catch (error) {
    // What is stored is shown without the list, too; check tells what is wrong with it.
    if (!isScenedimError(error, 'config_invalid')) throw error;
    return null;
  }
  return kinds;
}

function kindOf(account: ListedAccount): CredentialKind {
  if ('platform' in account) return 'platform';
  return account.accessToken === undefined ? 'appSecret' : 'accessToken';
}
