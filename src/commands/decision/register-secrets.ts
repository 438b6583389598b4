import type { Config } from '../../config/load-config.ts';
import { createSecretReader } from '../../config/secret/create-secret-reader.ts';
import type { SecretReference } from '../../config/secret/secret-reference.ts';
import { isScenedimError } from '../../errors.ts';
import type { Loader } from '../../load/loader.ts';
import type { Session } from '../session/session.ts';
import { authorizersInTarget, rosterOf } from '../source/roster-of.ts';
import { secretContextOf } from '../source/with-credentials.ts';

/**
 * Makes the secrets of all accounts and of the platform known to the redactor, before a text of somebody is stored. Variables
 * and files are read; no program is run and no host asked for it. What cannot be read here is left out.
 */
export async function registerSecrets(session: Session, config: Config, loader: Loader): Promise<void> {
  const { signal, redactor } = session;
  const context = secretContextOf(session, config);
  const register = async (reference: SecretReference, appId?: string): Promise<void> => {
    if (!('env' in reference || 'file' in reference)) return;
    await unlessUnreadable(async () => {
      redactor.register(await createSecretReader(reference, context, appId)(signal));
    }, signal);
  };
  for (const reference of platformSecrets(config)) await register(reference);
  const accounts = config.source?.accounts;
  // Whoever decides does not wait for a list on standard input.
  if (accounts === undefined || ('file' in accounts && accounts.file === '-')) return;
  await unlessUnreadable(async () => {
    const authorizers = authorizersInTarget(loader, signal);
    for await (const account of await rosterOf(session, config, { loader, authorizers })) {
      if (!('platform' in account)) await register(account.accessToken ?? account.appSecret, account.appId);
    }
  }, signal);
}

function platformSecrets({ source }: Config): readonly SecretReference[] {
  const { componentAccessToken, mint } = source?.platform ?? {};
  const minted = mint === undefined ? [] : [mint.componentAppSecret, mint.verifyTicket];
  return componentAccessToken === undefined ? minted : [componentAccessToken, ...minted];
}

async function unlessUnreadable(read: () => Promise<void>, signal: AbortSignal): Promise<void> {
  try {
    await read();
  } catch (error) {
    signal.throwIfAborted();
    if (!isScenedimError(error)) throw error;
  }
}
