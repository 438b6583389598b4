import type { Clock } from '../../clock.ts';
import { messageOf } from '../../error-text.ts';
import { isScenedimError, ScenedimError } from '../../errors.ts';
import { type CallFailure, callFailure } from '../call-outcome.ts';
import { CREDENTIALS_UNUSABLE, type SecretReader } from '../scene-source.ts';
import { flawOfSecret } from './secret-text.ts';
import type { TokenCall, TokenOutcome } from './token-provider.ts';

/** Which credential is read. */
export interface Credential {
  readonly appId: string;
  /** What messages call it. */
  readonly what: 'access token' | 'app secret';
  readonly read: SecretReader;
}

/** Reads a token or an app secret. What cannot be one fails the account, with the remedy of whoever keeps it. */
export async function readCredential(
  { appId, what, read }: Credential,
  call: TokenCall,
  clock: Clock,
): Promise<TokenOutcome> {
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
  if (flaw === null) return { kind: 'token', token: secret };
  return { kind: 'failure', failure: unusable(appId, flaw.message, flaw.remedy, clock) };
}

function unreachable(message: string, remedy: string | undefined, clock: Clock): CallFailure {
  return callFailure({
    code: 'credentials_unreachable',
    errorClass: 'transient',
    message,
    remedy: remedy ?? null,
    unreachable: true,
    observedAt: clock.now(),
  });
}

/** `remedy`: what helps, when whoever keeps the credential knows it. */
export function unusable(appId: string, why: string, remedy: string | null | undefined, clock: Clock): CallFailure {
  return callFailure({
    code: CREDENTIALS_UNUSABLE,
    errorClass: 'configuration',
    message: why,
    remedy: remedy ?? `check the credentials of ${appId} in source.accounts`,
    credentialsRefused: true,
    observedAt: clock.now(),
  });
}
