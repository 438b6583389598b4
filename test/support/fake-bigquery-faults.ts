/** What can go wrong between a client and BigQuery, as the fake server plays it. */
import type { FakeRequest, RequestKind } from './fake-bigquery-request.ts';

/** How one request goes wrong. */
export type Fault =
  /** An error as answer; nothing is done. */
  | { readonly kind: 'error'; readonly status: number; readonly reason: string; readonly message: string }
  /** The connection breaks before anything is done. */
  | { readonly kind: 'broken' }
  /** It is done, but the connection breaks before the answer. */
  | { readonly kind: 'lost-answer' }
  /** The job that the request makes ends with this `errorResult`. */
  | { readonly kind: 'failed-job'; readonly reason: string; readonly message: string }
  /** The job that the request makes ends at the so-manieth look at it. */
  | { readonly kind: 'slow-job'; readonly looks: number };

/** A fault and the requests that it meets. */
export interface PlannedFault {
  readonly fault: Fault;
  /** Default: every kind. */
  readonly on?: RequestKind;
  /** Only requests that this is true of, e.g. by their SQL. */
  readonly where?: (request: FakeRequest) => boolean;
  /** How many requests, default 1. */
  readonly times?: number;
}

const error = (status: number, reason: string, message: string): Fault => ({ kind: 'error', status, reason, message });

/** The faults that the documentation of BigQuery lists, with its words. */
export const faults = {
  unavailable: error(503, 'backendError', 'Error encountered during execution. Retrying may solve the problem.'),
  badGateway: error(502, 'badGateway', 'The server encountered a temporary error'),
  rateLimited: error(403, 'rateLimitExceeded', 'Exceeded rate limits: too many table update operations for this table'),
  quotaExceeded: error(
    403,
    'quotaExceeded',
    'Quota exceeded: Your project exceeded quota for free query bytes scanned',
  ),
  expiredToken: error(401, 'authError', 'Request had invalid authentication credentials.'),
  jobsDenied: error(
    403,
    'accessDenied',
    'Access Denied: Project test: User does not have bigquery.jobs.create permission in project test.',
  ),
  tableDenied: error(
    403,
    'accessDenied',
    'Access Denied: Table test:scene.dim_scene: User does not have permission to query table test:scene.dim_scene',
  ),
  billingDisabled: error(
    403,
    'billingNotEnabled',
    'Billing has not been enabled for this project. DML queries are not allowed in the free tier.',
  ),
  broken: { kind: 'broken' },
  lostAnswer: { kind: 'lost-answer' },
  backendFailedJob: { kind: 'failed-job', reason: 'backendError', message: 'An internal error occurred' },
  rateLimitedJob: {
    kind: 'failed-job',
    reason: 'jobRateLimitExceeded',
    message: 'Job exceeded rate limits: Your project exceeded quota for concurrent jobs',
  },
  conflictingJob: {
    kind: 'failed-job',
    reason: 'invalidQuery',
    message: 'Transaction is aborted due to concurrent update against table test:scene.scene_lease',
  },
  invalidQueryJob: { kind: 'failed-job', reason: 'invalidQuery', message: 'Unrecognized name: app_idd at [1:8]' },
  slowJob: { kind: 'slow-job', looks: 3 },
} as const satisfies Readonly<Record<string, Fault>>;

/** The faults that wait for their requests. */
export class FaultPlan {
  readonly #waiting: { readonly planned: PlannedFault; left: number }[] = [];

  add(planned: PlannedFault): void {
    this.#waiting.push({ planned, left: planned.times ?? 1 });
  }

  /** The first fault that meets the request; it is used up then. */
  take(request: FakeRequest): Fault | undefined {
    const found = this.#waiting.find(
      ({ planned: { on, where }, left }) =>
        left > 0 && (on ?? request.kind) === request.kind && (where?.(request) ?? true),
    );
    if (found === undefined) return undefined;
    found.left -= 1;
    return found.planned.fault;
  }
}
