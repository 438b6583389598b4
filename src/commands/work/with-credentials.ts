import { abortable } from '../../abortable.ts';
import { systemClock } from '../../clock.ts';
import type { Config } from '../../config/load-config.ts';
import type { ListedAccount, Roster } from '../../config/roster/open-roster.ts';
import { createSecretReader, hasPlaceholder, type SecretContext } from '../../config/secret/create-secret-reader.ts';
import type { SecretReference } from '../../config/secret/secret-reference.ts';
import { createHttpClient } from '../../extract/http-client.ts';
import type { AccountCredentials, SecretReader, SourceAccount } from '../../extract/scene-source.ts';
import type { Session } from '../session/session.ts';

export async function* withCredentials(
  roster: Roster,
  session: Session,
  config: Config,
): AsyncGenerator<SourceAccount> {
  const context = secretContextOf(session, config);
  const shared = { readers: new Map<SecretReference, SecretReader>(), signal: session.signal };
  for await (const account of roster) {
    const { appId } = account;
    const credentials = credentialsOf(account, context, shared);
    if ('legacyToken' in credentials) session.logger.warn({ app_id: appId }, LEGACY_TOKEN);
    yield { appId, credentials };
  }
}

const LEGACY_TOKEN =
  'legacyToken asks GET /cgi-bin/token, which ends within 5 minutes the token that production has from there; ' +
  'without it scenedim asks stable_token, which ends nothing';

/** What reads the credential of an account, anew at each call. */
export function credentialsOf(
  account: ListedAccount,
  context: SecretContext,
  shared: SharedReaders = { readers: new Map(), signal: NEVER },
): AccountCredentials {
  const reader = (reference: SecretReference): SecretReader => {
    if (isOfAccount(reference)) return createSecretReader(reference, context, account.appId);
    const { readers, signal } = shared;
    const known = readers.get(reference) ?? readOnceASecond(createSecretReader(reference, context), signal);
    readers.set(reference, known);
    return known;
  };
  return account.accessToken === undefined
    ? { appSecret: reader(account.appSecret), ...(account.legacyToken === true && { legacyToken: true }) }
    : { accessToken: reader(account.accessToken) };
}

/** The readers of what several accounts have in common. They end with the run, not with the account that read first. */
interface SharedReaders {
  readonly readers: Map<SecretReference, SecretReader>;
  readonly signal: AbortSignal;
}

const NEVER = new AbortController().signal;

/** True of what is read cheaply, too: there is nothing to spare. */
function isOfAccount(reference: SecretReference): boolean {
  return !('command' in reference || 'url' in reference) || hasPlaceholder(reference);
}

/** A program or a host is not asked once for each of 100,000 accounts that share its answer. */
function readOnceASecond(read: SecretReader, ending: AbortSignal): SecretReader {
  let newest: { readonly at: number; readonly secret: Promise<string> } | undefined;
  return (signal) => {
    const now = performance.now();
    if (newest === undefined || now - newest.at >= 1_000) newest = { at: now, secret: read(ending) };
    const { secret } = newest;
    secret.catch(() => {
      if (newest?.secret === secret) newest = undefined;
    });
    return abortable(secret, signal);
  };
}

/** What the secrets of a config are read with, for as long as the process lives. */
export function secretContextOf(session: Session, { baseDirectory }: Config): SecretContext {
  return {
    baseDirectory,
    environment: session.environment,
    // The time limit is that of each secret.
    http: createHttpClient({ timeoutMs: MAX_TIMEOUT_MS, maxBodyBytes: MAX_ANSWER_BYTES, clock: systemClock }),
    onSecret: (secret) => void session.redactor.register(secret),
  };
}

const MAX_TIMEOUT_MS = 3_600_000;
const MAX_ANSWER_BYTES = 1_048_576;
