import type { AccountConfig } from '../../config/account-config.ts';
import type { Config } from '../../config/load-config.ts';
import type { Roster } from '../../config/roster.ts';
import { createSecretReader } from '../../config/secret.ts';
import type { AccountCredentials, SecretReader, SourceAccount } from '../../extract/scene-source.ts';
import type { Session } from '../session/session.ts';

export async function* withCredentials(
  roster: Roster,
  session: Session,
  config: Config,
): AsyncGenerator<SourceAccount> {
  for await (const account of roster)
    yield { appId: account.appId, credentials: credentialsOf(account, session, config) };
}

/** What reads the credential of an account, anew at each call. */
export function credentialsOf(account: AccountConfig, session: Session, config: Config): AccountCredentials {
  const reader = (reference: Parameters<typeof createSecretReader>[0]): SecretReader =>
    createSecretReader(reference, { baseDirectory: config.baseDirectory, environment: session.environment });
  return account.accessToken === undefined
    ? { appSecret: reader(account.appSecret) }
    : { accessToken: reader(account.accessToken) };
}
