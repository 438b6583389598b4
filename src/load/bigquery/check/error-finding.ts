import { isScenedimError } from '../../../errors.ts';
import type { Finding } from '../../loader.ts';
import { toFailure } from '../errors/bigquery-failure.ts';
import { classifyBigQueryError } from '../errors/classify-error.ts';
import { type FailureNames, isServiceDisabled } from '../errors/grants.ts';

/** An error that stood in the way of looking, as a finding. */
export function errorFinding(error: unknown, names: FailureNames): Finding {
  const { code, message, remedy } = classifyBigQueryError(error, names);
  const subject = troubleOf(error, names);
  return { level: 'error', subject, message, code, ...(remedy === undefined ? {} : { remedy }) };
}

/** Whether a right is missing, and not billing, an API or a project. */
export function isDenied(error: unknown, names: FailureNames): boolean {
  return troubleOf(error, names) === 'rights';
}

/** What the user has to look at. */
type Trouble = 'connection' | 'key file' | 'credentials' | 'API' | 'billing' | 'project' | 'rights' | 'target';

function troubleOf(error: unknown, names: FailureNames): Trouble {
  const { code } = classifyBigQueryError(error, names);
  if (code === 'target_unreachable') return 'connection';
  // Before anything is asked of BigQuery, only credentials can fail.
  if (isScenedimError(error)) return code === 'config_invalid' ? 'key file' : 'credentials';
  const failure = toFailure(error);
  if (failure.status === 401) return 'credentials';
  if (failure.networkCode !== null || failure.status === 407) return 'connection';
  if (isServiceDisabled(failure)) return 'API';
  if (failure.reason === 'billingNotEnabled') return 'billing';
  if (/^Not found: Project |Invalid project ID|serviceusage/.test(failure.message)) return 'project';
  return code === 'target_denied' ? 'rights' : 'target';
}
