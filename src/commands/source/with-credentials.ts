import { abortable } from '../../abortable.ts';
import { systemClock } from '../../clock.ts';
import type { Config } from '../../config/load-config.ts';
import type { ListedAccount, Roster } from '../../config/roster/open-roster.ts';
import { createSecretReader, hasPlaceholder, type SecretContext } from '../../config/secret/create-secret-reader.ts';
import { MAX_TIMEOUT_MS, type SecretReference } from '../../config/secret/secret-reference.ts';
import { createHttpClient } from '../../extract/http-client.ts';
import type { AccountCredentials, SecretReader, SourceAccount } from '../../extract/scene-source.ts';
import type { Session } from '../session/session.ts';

/** The accounts of a roster with what reads their credentials; warns of each whose token ends that of production. */
export async function* withCredentials(
  roster: Roster,
  session: Session,
  config: Config,
): AsyncGenerator<SourceAccount> {
  const context = secretContextOf(session, config);
  const shared: SharedReaders = { readers: new Map(), signal: session.signal };
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
    if (!isShared(reference)) return createSecretReader(reference, context, account.appId);
    const { readers, signal } = shared;
    const known = readers.get(reference) ?? readOnceASecond(createSecretReader(reference, context), signal);
    readers.set(reference, known);
    return known();
  };
  if ('platform' in account) return { platform: true };
  return account.accessToken === undefined
    ? { appSecret: reader(account.appSecret), ...(account.legacyToken === true && { legacyToken: true }) }
    : { accessToken: reader(account.accessToken) };
}

/** The readers of what several accounts have in common. */
interface SharedReaders {
  readonly readers: Map<SecretReference, MakeReader>;
  /** Of the run: what one account has begun to read is read on for the others when that account gives up. */
  readonly signal: AbortSignal;
}

const NEVER = new AbortController().signal;

/** True when accounts share one answer. Variables and files cost nothing to read, so each account reads its own. */
function isShared(reference: SecretReference): boolean {
  return ('command' in reference || 'url' in reference) && !hasPlaceholder(reference);
}

/** Makes the reader of one more account. */
type MakeReader = () => SecretReader;

/**
 * Without it, 100,000 accounts that share an answer would ask a program or a host for it 100,000 times. An account that reads
 * again was refused with what it read: it gets a newer answer.
 */
function readOnceASecond(read: SecretReader, ending: AbortSignal): MakeReader {
  let newest: { readonly at: number; readonly secret: Promise<string> } | undefined;
  return () => {
    let given: Promise<string> | undefined;
    return (signal) => {
      const now = performance.now();
      const isOld = newest === undefined || newest.secret === given || now - newest.at >= 1_000;
      if (newest === undefined || isOld) newest = { at: now, secret: read(ending) };
      const { secret } = newest;
      given = secret;
      secret.catch(() => {
        if (newest?.secret === secret) newest = undefined;
      });
      return abortable(secret, signal);
    };
  };
}

/** What the secrets of a config are read with, for as long as the process lives. */
export function secretContextOf(session: Session, { baseDirectory }: Config): SecretContext {
  return {
    baseDirectory,
    environment: session.environment,
    // Each secret has its own time limit, which is no longer than this one.
    http: createHttpClient({ timeoutMs: MAX_TIMEOUT_MS, maxBodyBytes: MAX_ANSWER_BYTES, clock: systemClock }),
    onSecret: (secret) => void session.redactor.register(secret),
  };
}

const MAX_ANSWER_BYTES = 1_048_576;
