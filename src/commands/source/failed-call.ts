import { type ErrorCode, ScenedimError } from '../../errors.ts';
import { type FetchFailure, isMisconfigured } from '../../extract/scene-source.ts';

/**
 * The error of a command that asked WeChat for one thing: `what` names it. It ends as a sync of
 * this account alone would.
 */
export function failedCall(what: string, failure: FetchFailure): ScenedimError {
  const { code, message, remedy } = failure;
  return new ScenedimError(errorCodeOf(failure), `${what}: ${code}: ${message}`, { remedy: remedy ?? undefined });
}

function errorCodeOf(failure: FetchFailure): ErrorCode {
  const { errorClass, accountOnly, credentialsRefused, unreachable } = failure;
  if (isMisconfigured(failure) || (errorClass === 'configuration' && !accountOnly)) return 'config_invalid';
  if (credentialsRefused) return 'credentials_refused';
  return unreachable ? 'source_unreachable' : 'source_failed';
}
