import { describe, expect, test } from 'vitest';
import { ScenedimError } from '../../../../../src/errors.ts';
import { BigQueryFailure, toFailure } from '../../../../../src/load/bigquery/errors/bigquery-failure.ts';
import {
  assertMessages,
  classifyBigQueryError,
  meaningOfFailure,
} from '../../../../../src/load/bigquery/errors/classify-error.ts';
import { failureReasons } from '../../../../../src/load/bigquery/errors/failure-reasons.ts';

const names = { projectId: 'my-project', dataset: 'scene' };

/** Reason, error code, and whether the work is tried again under a new job id. */
const reasons: readonly (readonly [string, string, boolean])[] = [
  ['backendError', 'target_unreachable', true],
  ['internalError', 'target_unreachable', true],
  ['jobBackendError', 'target_unreachable', true],
  ['jobInternalError', 'target_unreachable', true],
  ['tableUnavailable', 'target_unreachable', true],
  ['rateLimitExceeded', 'target_busy', true],
  ['jobRateLimitExceeded', 'target_busy', true],
  ['userRateLimitExceeded', 'target_busy', true],
  ['resourceInUse', 'target_busy', true],
  ['accessDenied', 'target_denied', false],
  ['forbidden', 'target_denied', false],
  ['accessNotConfigured', 'target_denied', false],
  ['authError', 'target_denied', false],
  ['billingNotEnabled', 'target_denied', false],
  ['blocked', 'target_denied', false],
  ['termsOfServiceNotAccepted', 'target_denied', false],
  ['invalidQuery', 'internal', false],
  ['invalid', 'internal', false],
  ['required', 'internal', false],
  ['parseError', 'internal', false],
  ['notImplemented', 'internal', false],
  ['duplicate', 'internal', false],
  ['notFound', 'schema_outdated', false],
  ['quotaExceeded', 'target_quota', false],
  ['dailyLimitExceeded', 'target_quota', false],
  ['billingTierLimitExceeded', 'target_quota', false],
  ['bytesBilledLimitExceeded', 'config_invalid', false],
  ['resourcesExceeded', 'target_invalid', false],
  ['responseTooLarge', 'target_invalid', false],
  ['stopped', 'target_busy', false],
  ['timeout', 'target_busy', false],
  ['somethingNew', 'internal', false],
  ['constructor', 'internal', false],
];

describe('a job or an answer that failed', () => {
  test.each(reasons)('because of %s is %s; tried again: %s', (reason, code, newAttempt) => {
    const failure = new BigQueryFailure('it failed', { reason });
    expect(meaningOfFailure(failure)).toMatchObject({ code, newAttempt });
    expect(classifyBigQueryError(failure, names)).toMatchObject({ code, message: 'it failed' });
  });

  test('has a row for every reason of the table', () => {
    const listed = reasons.map(([reason]) => reason);
    expect(Object.keys(failureReasons).filter((reason) => !listed.includes(reason))).toEqual([]);
  });

  test.each([
    [401, 'target_denied', false],
    [403, 'target_denied', false],
    [404, 'schema_outdated', false],
    [400, 'internal', false],
    [407, 'config_invalid', false],
    [408, 'target_unreachable', true],
    [429, 'target_unreachable', true],
    [500, 'target_unreachable', true],
    [503, 'target_unreachable', true],
  ])('with HTTP status %d and no reason is %s; tried again: %s', (status, code, newAttempt) => {
    expect(meaningOfFailure(new BigQueryFailure('x', { status }))).toMatchObject({ code, newAttempt });
  });

  test.each([
    ['badGateway', 502, 'target_unreachable', true],
    ['somethingNew', 503, 'target_unreachable', true],
    ['somethingNew', 400, 'internal', false],
    ['quotaExceeded', 503, 'target_quota', false],
  ])('with the reason %s and HTTP status %d is %s; tried again: %s', (reason, status, code, newAttempt) => {
    expect(meaningOfFailure(new BigQueryFailure('x', { reason, status }))).toMatchObject({ code, newAttempt });
  });

  test.each([
    ['ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:9050', 'target_unreachable', true],
    ['ETIMEDOUT', 'network timeout', 'target_unreachable', true],
    ['EPIPE', 'write EPIPE', 'target_unreachable', true],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'self-signed certificate in certificate chain', 'config_invalid', false],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'unable to verify the first certificate', 'config_invalid', false],
    ['EPROTO', 'write EPROTO 0:error:0A00010B:SSL routines::wrong version number', 'config_invalid', false],
    [null, 'cannot read x of undefined', 'internal', false],
  ])('without an answer (%s: %s) is %s; tried again: %s', (networkCode, message, code, newAttempt) => {
    expect(meaningOfFailure(new BigQueryFailure(message, { networkCode }))).toMatchObject({ code, newAttempt });
  });
});

describe('a transaction', () => {
  test.each([
    'Transaction is aborted due to concurrent update against table my-project:scene.scene_lease. Transaction ID: x',
    'Could not serialize access to table my-project:scene.scene_lease due to concurrent update',
    'Failed to commit: Failed to commit DuckLake transaction.',
    'Conflict on update!',
    'Catalog write-write conflict on create with "scene_lease"',
  ])('that lost against another one is tried again: %s', (message) => {
    const failure = new BigQueryFailure(message, { reason: 'invalidQuery' });
    expect(meaningOfFailure(failure)).toMatchObject({ code: 'target_busy', newAttempt: true });
  });

  test('for which too many wait already is tried again, although its reason is that of one that is too large', () => {
    const message =
      'Resources exceeded during query execution: Too many DML statements outstanding against table p:scene.scene_lease, limit is 20.';
    expect(meaningOfFailure(new BigQueryFailure(message, { reason: 'resourcesExceeded' }))).toMatchObject({
      code: 'target_busy',
      newAttempt: true,
    });
  });

  test.each([
    [assertMessages.leaseLost, 'lock_lost'],
    [assertMessages.commitLeaseLost, 'target_busy'],
    [assertMessages.staleHeads, 'stale_heads'],
    [assertMessages.staleRows, 'stale_heads'],
    [assertMessages.overlap, 'stale_heads'],
  ])('whose assert "%s" failed is %s', (message, code) => {
    const failure = new BigQueryFailure(`Query error: ${message} at [12:1]`, { reason: 'invalidQuery' });
    expect(meaningOfFailure(failure)).toMatchObject({ code, newAttempt: false });
  });

  test('has asserts whose messages are not part of one another', () => {
    const texts = Object.values(assertMessages);
    expect(texts.filter((text) => texts.some((other) => other !== text && other.includes(text)))).toEqual([]);
  });
});

describe('an error of the client', () => {
  test('gives its reason, status and message', () => {
    const error = Object.assign(new Error('long\ntext'), {
      code: 403,
      errors: [{ reason: 'accessDenied', message: 'Access Denied: no bigquery.jobs.create' }],
    });
    expect(toFailure(error)).toMatchObject({
      message: 'Access Denied: no bigquery.jobs.create',
      reason: 'accessDenied',
      status: 403,
      cause: error,
    });
  });

  test('names the grant of the missing right', () => {
    const jobs = new BigQueryFailure('User does not have bigquery.jobs.create permission', { reason: 'accessDenied' });
    expect(classifyBigQueryError(jobs, names).remedy).toMatch(
      /^gcloud projects add-iam-policy-binding my-project .*roles\/bigquery\.jobUser$/,
    );
    const rows = new BigQueryFailure('Permission bigquery.tables.getData denied', { reason: 'accessDenied' });
    expect(classifyBigQueryError(rows, names).remedy).toContain(
      'GRANT `roles/bigquery.dataEditor` ON SCHEMA `my-project.scene` TO',
    );
  });

  test('that is one of ours stays as it is', () => {
    const error = new ScenedimError('lock_lost', 'gone');
    expect(classifyBigQueryError(error, names)).toBe(error);
  });

  test('that is no error at all is still told', () => {
    expect(classifyBigQueryError('oops', names)).toMatchObject({ code: 'internal', message: 'oops' });
    expect(classifyBigQueryError(new TypeError('x is not a function'), names)).toMatchObject({ code: 'internal' });
  });
});
