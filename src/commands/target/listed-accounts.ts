import { resolve } from 'node:path';
import type { Config } from '../../config/load-config.ts';
import type { ListedAccount } from '../../config/roster/open-roster.ts';
import { isScenedimError } from '../../errors.ts';
import type { CredentialKind } from '../../extract/scene-source.ts';
import type { Loader } from '../../load/loader.ts';
import { isPipe } from '../../named-pipe.ts';
import type { Session } from '../session/session.ts';
import { authorizersInTarget, rosterOf } from '../source/roster-of.ts';

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
