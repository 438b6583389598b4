import type { Config } from '../../config/load-config.ts';
import type { Roster } from '../../config/roster/open-roster.ts';
import { createSecretReader } from '../../config/secret/create-secret-reader.ts';
import type { SecretReference } from '../../config/secret/secret-reference.ts';
import { isScenedimError } from '../../errors.ts';
import type { Loader } from '../../load/loader.ts';
import type { Session } from '../session/session.ts';
import { authorizersInTarget, rosterOf } from './roster-of.ts';
import { secretContextOf } from './with-credentials.ts';

/**
 * Makes the secrets of an account and of the platform known to the redactor, before a text of somebody is stored. Variables and
 * files are read; no program is run and no host asked for it. What cannot be read here is left out.
 */
export async function registerSecrets(session: Session, config: Config, loader: Loader, appId: string): Promise<void> {
  const { signal, redactor } = session;
  const context = secretContextOf(session, config);
  for (const reference of [...platformSecrets(config), ...(await accountSecrets(session, config, loader, appId))]) {
    if (!('env' in reference || 'file' in reference)) continue;
    const secret = await unlessUnreadable(createSecretReader(reference, context, appId)(signal), signal);
    if (secret !== null) redactor.register(secret);
  }
}

function platformSecrets({ source }: Config): readonly SecretReference[] {
  const { componentAccessToken, mint } = source?.platform ?? {};
  const minted = mint === undefined ? [] : [mint.componentAppSecret, mint.verifyTicket];
  return componentAccessToken === undefined ? minted : [componentAccessToken, ...minted];
}

/** None of a list that comes from standard input, which whoever decides does not wait for. */
async function accountSecrets(
  session: Session,
  config: Config,
  loader: Loader,
  appId: string,
): Promise<readonly SecretReference[]> {
  const accounts = config.source?.accounts;
  if (accounts === undefined || ('file' in accounts && accounts.file === '-')) return [];
  const { signal } = session;
  const opening = rosterOf(session, config, { loader, authorizers: authorizersInTarget(loader, signal) });
  return (await unlessUnreadable(secretsIn(opening, appId), signal)) ?? [];
}

async function secretsIn(opening: Promise<Roster>, appId: string): Promise<readonly SecretReference[]> {
  const found: SecretReference[] = [];
  for await (const account of await opening) {
    if (account.appId !== appId || 'platform' in account) continue;
    found.push(account.accessToken ?? account.appSecret);
  }
  return found;
}

async function unlessUnreadable<T>(read: Promise<T>, signal: AbortSignal): Promise<T | null> {
  try {
    return await read;
  } catch (error) {
    signal.throwIfAborted();
    if (!isScenedimError(error)) throw error;
    return null;
  }
}
