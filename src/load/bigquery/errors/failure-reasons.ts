import type { ErrorCode } from '../../../errors.ts';

/** What a `reason` of BigQuery means to a run. */
export interface ReasonMeaning {
  readonly code: ErrorCode;
  /** Whether the same work is tried again under a new job id, because the service failed and not the work. */
  readonly newAttempt: boolean;
  /** Null when the message is enough, or when the remedy depends on names. */
  readonly remedy: string | null;
}

const service: ReasonMeaning = {
  code: 'target_unreachable',
  newAttempt: true,
  remedy: 'run again; if it stays, see https://status.cloud.google.com',
};
const slowDown: ReasonMeaning = {
  code: 'target_busy',
  newAttempt: true,
  remedy: 'run again later, or start fewer runs at once',
};
const stopped: ReasonMeaning = {
  code: 'target_busy',
  newAttempt: false,
  remedy: 'the job was cancelled: run again',
};
const defect: ReasonMeaning = { code: 'internal', newAttempt: false, remedy: 'please report it' };
const denied: ReasonMeaning = { code: 'target_denied', newAttempt: false, remedy: null };
const quota: ReasonMeaning = {
  code: 'target_quota',
  newAttempt: false,
  remedy: 'run again when the quota is there again, or have it raised: https://cloud.google.com/bigquery/quotas',
};
const tooLarge: ReasonMeaning = {
  code: 'target_invalid',
  newAttempt: false,
  remedy: 'the statement needs more than the project has: give it slots, or sync in shards (--shard 0/4)',
};

/** By the `reason` of an answer or of a job. */
export const failureReasons: Readonly<Record<string, ReasonMeaning>> = {
  backendError: service,
  internalError: service,
  jobBackendError: service,
  jobInternalError: service,
  tableUnavailable: service,
  rateLimitExceeded: slowDown,
  jobRateLimitExceeded: slowDown,
  userRateLimitExceeded: slowDown,
  accessDenied: denied,
  forbidden: denied,
  accessNotConfigured: denied,
  authError: {
    ...denied,
    remedy: 'BigQuery does not take the token: the account may be disabled, or its login must be renewed',
  },
  required: defect,
  invalid: defect,
  invalidQuery: defect,
  parseError: defect,
  notImplemented: defect,
  duplicate: defect,
  notFound: { code: 'schema_outdated', newAttempt: false, remedy: 'run scenedim migrate, or correct target.location' },
  quotaExceeded: quota,
  dailyLimitExceeded: quota,
  bytesBilledLimitExceeded: {
    code: 'config_invalid',
    newAttempt: false,
    remedy: 'raise target.maximumBytesBilled, or take it out',
  },
  billingNotEnabled: {
    code: 'target_denied',
    newAttempt: false,
    remedy: 'enable billing for the project: without it BigQuery changes no rows',
  },
  billingTierLimitExceeded: quota,
  blocked: { ...denied, remedy: 'the project is blocked: ask Google Cloud support' },
  resourcesExceeded: tooLarge,
  responseTooLarge: tooLarge,
  resourceInUse: slowDown,
  stopped,
  timeout: { code: 'target_busy', newAttempt: false, remedy: 'run again; if it stays, give the project more slots' },
  termsOfServiceNotAccepted: { ...denied, remedy: 'accept the terms of service in the Google Cloud console' },
};

/** Whether the table knows a reason. */
export function isKnownReason(reason: string): boolean {
  return Object.hasOwn(failureReasons, reason);
}

/** What a reason means; an unknown reason is taken for a defect of ours and stops the run. */
export function meaningOfReason(reason: string): ReasonMeaning {
  return isKnownReason(reason) ? (failureReasons[reason] ?? defect) : defect;
}
