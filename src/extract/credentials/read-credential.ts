import type { Clock } from '../../clock.ts';
import { messageOf } from '../../error-text.ts';
import { isScenedimError, ScenedimError } from '../../errors.ts';
import { type CallFailure, callFailure } from '../call-outcome.ts';
import { CREDENTIALS_UNREACHABLE, CREDENTIALS_UNUSABLE, type SecretReader } from '../scene-source.ts';
import { flawOfSecret } from './secret-text.ts';
import type { TokenCall } from './token-provider.ts';

/** Which credential is read. */
export interface Credential {
  readonly appId: string;
  /** What messages call it. */
  readonly what: 'access token' | 'app secret' | 'component access token' | 'verify ticket';
  readonly read: SecretReader;
}

/** What was read, or why the account fails for it. */
export type CredentialOutcome =
  | { readonly kind: 'credential'; readonly text: string }
  | { readonly kind: 'failure'; readonly failure: CallFailure };

/**
 * Reads a credential. A text that cannot be one fails the account, and so does a reader that
 * rejects, with its remedy.
 */
export async function readCredential(
  { appId, what, read }: Credential,
  call: TokenCall,
  clock: Clock,
): Promise<CredentialOutcome> {
  let secret: string;
  try {
    secret = await read(call.limit.signal);
  } catch (error) {
    call.limit.signal.throwIfAborted();
    const remedy = error instanceof ScenedimError ? error.remedy : undefined;
    const why = `its ${what} cannot be read: ${messageOf(error)}`;
    const isAway = isScenedimError(error, 'source_unreachable');
    return { kind: 'failure', failure: isAway ? unreachable(why, remedy, clock) : unusable(appId, why, remedy, clock) };
  }
  call.onSecret(secret);
  const flaw = flawOfSecret(what, secret);
  if (flaw === null) return { kind: 'credential', text: secret };
  return { kind: 'failure', failure: unusable(appId, flaw.message, flaw.remedy, clock) };
}

function unreachable(message: string, remedy: string | undefined, clock: Clock): CallFailure {
  return callFailure({
    code: CREDENTIALS_UNREACHABLE,
    errorClass: 'transient',
    message,
    remedy: remedy ?? null,
    unreachable: true,
    observedAt: clock.now(),
  });
}

/** A failure of an account whose credential cannot be used. `remedy`: default, to check it in the config. */
export function unusable(appId: string, message: string, remedy: string | null | undefined, clock: Clock): CallFailure {
  return callFailure({
    code: CREDENTIALS_UNUSABLE,
    errorClass: 'configuration',
    message,
    remedy: remedy ?? `check the credentials of ${appId} in source`,
    credentialsRefused: true,
    observedAt: clock.now(),
  });
}
