import { isScenedimError, ScenedimError } from '../../errors.ts';
import { BigQueryFailure, toFailure } from './bigquery-failure.ts';
import { isKnownReason, meaningOfReason, type ReasonMeaning } from './failure-reasons.ts';

/** Names that messages and remedies need. */
export interface FailureNames {
  readonly projectId: string;
  readonly dataset: string;
}

/** What the asserts of our scripts say when they fail; BigQuery puts its own words around them. */
export const assertMessages = {
  leaseLost: 'scenedim: lease lost',
  commitLeaseLost: 'scenedim: commit lease lost',
  appliedAlready: 'scenedim: batch applied already',
  staleHeads: 'scenedim: stale heads',
  staleRows: 'scenedim: stale rows',
  overlap: 'scenedim: versions overlap',
} as const;

/**
 * A transaction that lost against another one. The first is BigQuery's, the others are those of the emulators' engines. Its work
 * was undone, so the same script may run again.
 */
const conflict = /aborted due to concurrent update|could not serialize access|Failed to commit|Transaction conflict/i;

const unreachable: ReasonMeaning = {
  code: 'target_unreachable',
  newAttempt: true,
  remedy: 'check that the BigQuery API can be reached from here, then run again',
};
const busy: ReasonMeaning = { code: 'target_busy', newAttempt: true, remedy: 'run again: another run was writing' };
const stale = 'run the command again: it reads what another run has written meanwhile';

const asserts: readonly (readonly [message: string, meaning: ReasonMeaning])[] = [
  [assertMessages.leaseLost, { code: 'lock_lost', newAttempt: false, remedy: 'run the command again' }],
  [assertMessages.commitLeaseLost, { code: 'target_busy', newAttempt: false, remedy: 'run the command again' }],
  [assertMessages.staleHeads, { code: 'stale_heads', newAttempt: false, remedy: stale }],
  [assertMessages.staleRows, { code: 'stale_heads', newAttempt: false, remedy: stale }],
  [assertMessages.overlap, { code: 'internal', newAttempt: false, remedy: 'please report it' }],
];

const network: readonly (readonly [test: RegExp, meaning: ReasonMeaning])[] = [
  [
    /Could not load the default credentials|Unable to detect a Project Id|invalid_grant|invalid_client/,
    {
      code: 'target_denied',
      newAttempt: false,
      remedy: 'run gcloud auth application-default login, or set target.keyFile or GOOGLE_APPLICATION_CREDENTIALS',
    },
  ],
  [
    /^(?:ENOENT|EACCES|EISDIR)\b.*open|does not look like a|keyfile|key file/i,
    { code: 'config_invalid', newAttempt: false, remedy: 'correct target.keyFile, or make the file readable' },
  ],
  [
    /CERT|SSL|self.signed/,
    { code: 'config_invalid', newAttempt: false, remedy: 'set NODE_EXTRA_CA_CERTS to the CA of your proxy' },
  ],
];

/** What a failure means; the first rule that fits counts: our own asserts, conflicts, the reason, the status, the network. */
export function meaningOfFailure({ reason, status, networkCode, message }: BigQueryFailure): ReasonMeaning {
  const asserted = asserts.find(([text]) => message.includes(text));
  if (asserted !== undefined) return asserted[1];
  if (conflict.test(message)) return busy;
  if (status === 401) return meaningOfReason('authError');
  if (reason !== null && isKnownReason(reason)) return meaningOfReason(reason);
  if (status !== null && (status === 408 || status === 429 || status >= 500)) return unreachable;
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
  return new ScenedimError(code, failure.message, {
    remedy: remedy ?? rightsRemedy(failure, names),
    cause: error,
  });
}

/** The command that gives the missing right: jobs need one on the project, rows one on the dataset. */
function rightsRemedy({ message }: BigQueryFailure, { projectId, dataset }: FailureNames): string {
  return /jobs\.create|bigquery\.jobs|jobUser/.test(message)
    ? grantJobUser(projectId)
    : `${grantDataEditor(projectId, dataset)}, or for jobs ${grantJobUser(projectId)}`;
}

/** How jobs may be run in a project. */
export function grantJobUser(projectId: string): string {
  return `gcloud projects add-iam-policy-binding ${projectId} --member=serviceAccount:EMAIL --role=roles/bigquery.jobUser`;
}

/** How the tables of a dataset may be read and written. */
export function grantDataEditor(projectId: string, dataset: string): string {
  return `GRANT \`roles/bigquery.dataEditor\` ON SCHEMA \`${projectId}.${dataset}\` TO 'serviceAccount:EMAIL'`;
}
