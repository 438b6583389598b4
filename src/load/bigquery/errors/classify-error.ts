import { isScenedimError, ScenedimError } from '../../../errors.ts';
import { BigQueryFailure, isPassingStatus, toFailure } from './bigquery-failure.ts';
import { isKnownReason, meaningOfReason, type ReasonMeaning } from './failure-reasons.ts';
import { type FailureNames, grantFor, isServiceDisabled } from './grants.ts';

/** Messages of the ASSERTs in our scripts; BigQuery puts its own words around them. */
export const assertMessages = {
  leaseLost: 'scenedim: lease lost',
  commitLeaseLost: 'scenedim: commit lease lost',
  appliedAlready: 'scenedim: batch applied already',
  staleHeads: 'scenedim: stale heads',
  staleRows: 'scenedim: stale rows',
  overlap: 'scenedim: versions overlap',
} as const;

/**
 * What BigQuery, and after it the engines of the emulators, say of a transaction that was cancelled in favour of another one. Its work
 * was undone, so the same script may run again.
 */
const conflict =
  /aborted due to concurrent update|could not serialize access|Failed to commit|Transaction conflict|Conflict on (?:update|tuple)|write-write conflict/i;

/** More than 20 statements wait to change the same table. The reason, `resourcesExceeded`, is the same as for a statement that is too large. */
const queueFull = /Too many DML statements outstanding/;

const serviceDisabled: ReasonMeaning = { code: 'target_denied', newAttempt: false, remedy: null };
const noProject: ReasonMeaning = { code: 'config_invalid', newAttempt: false, remedy: 'correct target.projectId' };
const proxyDenied: ReasonMeaning = {
  code: 'config_invalid',
  newAttempt: false,
  remedy: 'write user and password of the proxy into HTTPS_PROXY, before the host and an @',
};
const unreachable: ReasonMeaning = {
  code: 'target_unreachable',
  newAttempt: true,
  remedy: 'check that it can be reached from here (DNS, firewall, HTTPS_PROXY), then run again',
};
const foreign: ReasonMeaning = { code: 'target_unreachable', newAttempt: false, remedy: null };
const busy: ReasonMeaning = { code: 'target_busy', newAttempt: true, remedy: 'run again: another run was writing' };

const missingProject = /^Not found: Project |Invalid project ID/;
const stale = 'run the command again: it reads what another run has written meanwhile';

const asserts: readonly (readonly [message: string, meaning: ReasonMeaning])[] = [
  [assertMessages.leaseLost, { code: 'lock_lost', newAttempt: false, remedy: 'run the command again' }],
  [assertMessages.commitLeaseLost, { code: 'target_busy', newAttempt: false, remedy: 'run the command again' }],
  [assertMessages.staleHeads, { code: 'stale_heads', newAttempt: false, remedy: stale }],
  [assertMessages.staleRows, { code: 'stale_heads', newAttempt: false, remedy: stale }],
  [assertMessages.overlap, { code: 'stale_heads', newAttempt: false, remedy: stale }],
];

const network: readonly (readonly [test: RegExp, meaning: ReasonMeaning])[] = [
  [
    /wrong version number|packet length too long/,
    {
      code: 'config_invalid',
      newAttempt: false,
      remedy: 'the server there speaks no TLS: write http:// instead of https://',
    },
  ],
  [
    /CERT|SSL|LEAF_SIGNATURE|certificate|self.signed/,
    { code: 'config_invalid', newAttempt: false, remedy: 'set NODE_EXTRA_CA_CERTS to the CA of your proxy' },
  ],
];

/** What a failure means. The first rule that fits counts: our own ASSERTs, conflicts and full queues, the reason, the status, the network. */
export function meaningOfFailure(failure: BigQueryFailure): ReasonMeaning {
  const { reason, status, networkCode, message, isForeign } = failure;
  const asserted = asserts.find(([text]) => message.includes(text));
  if (asserted !== undefined) return asserted[1];
  if (conflict.test(message) || queueFull.test(message)) return busy;
  if (isServiceDisabled(failure)) return serviceDisabled;
  if (missingProject.test(message)) return noProject;
  if (status === 407) return proxyDenied;
  if (status === 401) return meaningOfReason('authError');
  if (reason !== null && isKnownReason(reason)) return meaningOfReason(reason);
  if (isPassingStatus(status)) return unreachable;
  if (isForeign) return foreign;
  if (status === 403) return meaningOfReason('accessDenied');
  if (status === 404) return meaningOfReason('notFound');
  if (status !== null || reason !== null) return meaningOfReason(reason ?? 'invalid');
  const rule = network.find(([test]) => test.test(`${networkCode ?? ''} ${message}`.trim()) || test.test(message));
  if (rule !== undefined) return rule[1];
  return networkCode === null ? meaningOfReason('unknown') : unreachable;
}

/** Any error of this folder as a {@link ScenedimError}. */
export function classifyBigQueryError(error: unknown, names: FailureNames): ScenedimError {
  if (isScenedimError(error)) return error;
  if (!(error instanceof BigQueryFailure) && error instanceof TypeError) {
    return new ScenedimError('internal', error.message, { remedy: 'please report it', cause: error });
  }
  const failure = toFailure(error);
  const { code, remedy } = meaningOfFailure(failure);
  return new ScenedimError(code, describeFailure(failure, names), {
    remedy: remedy ?? (failure.isForeign ? remedyForForeign(names) : grantFor(failure, names)),
    cause: error,
  });
}

/** What went wrong, for people. */
export function describeFailure({ message, isForeign }: BigQueryFailure, { apiEndpoint }: FailureNames): string {
  return isForeign ? `${apiEndpoint ?? 'bigquery.googleapis.com'} ${message}, not as BigQuery does` : message;
}

function remedyForForeign({ apiEndpoint }: FailureNames): string {
  return apiEndpoint === undefined
    ? 'a proxy or a firewall answers in its place: look at HTTPS_PROXY and at the network'
    : 'correct target.apiEndpoint, or leave it out: it is for emulators only';
}
