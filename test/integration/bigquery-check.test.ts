/** What `check` says about a BigQuery target: rights one by one, project, API, billing and place, each with its remedy. */
import { describe, expect, test } from 'vitest';
import { parseBigQueryConfig } from '../../src/load/bigquery/bigquery-config.ts';
import { createBigQueryLoader } from '../../src/load/bigquery/bigquery-loader.ts';
import { createBigQueryClient } from '../../src/load/bigquery/client/bigquery-client.ts';
import { newestSchemaVersion } from '../../src/load/bigquery/schema/migrations.ts';
import type { Finding } from '../../src/load/loader.ts';
import { momentaryTimings } from '../support/bigquery-on-fake.ts';
import {
  type FakeBigquery,
  type FakeBigqueryOptions,
  type PlannedFault,
  startFakeBigquery,
} from '../support/fake-bigquery.ts';
import { settingsRow } from '../support/settings-row.ts';

const signal = new AbortController().signal;
const me = 'serviceAccount:me@test.iam.gserviceaccount.com';
const onProject = (role: string) => `gcloud projects add-iam-policy-binding test --member=${me} --role=${role}`;
const onDataset = (dataset = 'scene') => `GRANT \`roles/bigquery.dataEditor\` ON SCHEMA \`test.${dataset}\` TO '${me}'`;
const newest = String(newestSchemaVersion());
const migrated = settingsRow();

/** What `check` finds at a service that is no emulator: with rights, and with somebody who has them. */
async function check(
  options: FakeBigqueryOptions = {},
  faults: readonly PlannedFault[] = [],
  section: object = {},
): Promise<{ readonly findings: readonly Finding[]; readonly fake: FakeBigquery }> {
  await using fake = await startFakeBigquery({
    answer: ({ sql }) => (sql?.includes('FROM `test.scene.scene_meta`') ? migrated : undefined),
    ...options,
  });
  for (const fault of faults) fake.plan({ times: 1_000, ...fault });
  const { projectId, apiEndpoint } = fake;
  const config = parseBigQueryConfig({ type: 'bigquery', projectId, ...section });
  const client = createBigQueryClient({ ...config, apiEndpoint }, momentaryTimings.request);
  const loader = createBigQueryLoader(config, { timings: momentaryTimings, client: { ...client, member: () => me } });
  return { findings: await loader.check(signal), fake };
}

const denied = (on: PlannedFault['on'], message: string, where?: PlannedFault['where']): PlannedFault => ({
  fault: { kind: 'error', status: 403, reason: 'accessDenied', message: `Access Denied: ${message}` },
  ...(on === undefined ? {} : { on }),
  ...(where === undefined ? {} : { where }),
});
const refused = (status: number, reason: string, message: string): PlannedFault => ({
  fault: { kind: 'error', status, reason, message },
});
const starts = (text: string) => (request: { readonly sql?: string }) => request.sql?.startsWith(text) === true;
const permission = (name: string) =>
  `Dataset test:scene: Permission ${name} denied on dataset test:scene (or it may not exist).`;

test('check names each right that is there', async () => {
  const { findings, fake } = await check();
  expect(findings).toEqual([
    { level: 'ok', subject: 'connection', message: 'bigquery test' },
    { level: 'ok', subject: 'dataset', message: 'test.scene in US' },
    { level: 'ok', subject: 'right to run jobs', message: 'bigquery.jobs.create' },
    { level: 'ok', subject: 'right to create tables', message: 'bigquery.tables.create' },
    { level: 'ok', subject: 'right to create functions', message: 'bigquery.routines.create' },
    { level: 'ok', subject: 'schema version', message: newest },
    {
      level: 'ok',
      subject: 'rights on tables',
      message:
        'bigquery.tables.get, bigquery.tables.getData, bigquery.tables.updateData, bigquery.tables.update, bigquery.tables.delete',
    },
    {
      level: 'ok',
      subject: 'statements',
      message: expect.stringMatching(/^BigQuery accepts all \d+, rights included$/),
    },
  ]);
  expect([fake.jobs.length, [...fake.tables]]).toEqual([1, []]);
});

describe('check tells the grant of', () => {
  test.each<[string, PlannedFault, Finding]>([
    [
      'bigquery.datasets.get',
      denied('getDataset', permission('bigquery.datasets.get')),
      {
        level: 'error',
        subject: 'right to see the dataset',
        code: 'target_denied',
        message: `Access Denied: ${permission('bigquery.datasets.get')}`,
        remedy: `${onDataset()}; if it is not there: bq mk --dataset test:scene`,
      },
    ],
    [
      'bigquery.jobs.create',
      denied('dryRun', 'Project test: User does not have bigquery.jobs.create permission in project test.'),
      {
        level: 'error',
        subject: 'right to run jobs',
        code: 'target_denied',
        message: 'Access Denied: Project test: User does not have bigquery.jobs.create permission in project test.',
        remedy: onProject('roles/bigquery.jobUser'),
      },
    ],
    [
      'bigquery.tables.create',
      denied('dryRun', permission('bigquery.tables.create'), starts('CREATE TABLE')),
      {
        level: 'error',
        subject: 'right to create tables',
        code: 'target_denied',
        message: `Access Denied: ${permission('bigquery.tables.create')}`,
        remedy: onDataset(),
      },
    ],
    [
      'bigquery.routines.create',
      denied('dryRun', permission('bigquery.routines.create'), starts('CREATE FUNCTION')),
      {
        level: 'warning',
        subject: 'right to create functions',
        code: 'target_denied',
        message: `Access Denied: ${permission('bigquery.routines.create')}`,
        remedy: onDataset(),
      },
    ],
    [
      'a statement of a run',
      denied(
        'dryRun',
        'Table test:scene.scene_run: User does not have permission',
        ({ sql = '' }) =>
          sql.startsWith('INSERT INTO `test.scene.scene_run`') || sql.startsWith('MERGE `test.scene.scene_run`'),
      ),
      {
        level: 'error',
        subject: 'rights',
        code: 'target_denied',
        message: expect.stringMatching(/^\d+ of \d+ refused; the first: apply a batch: Access Denied: Table/) as string,
        remedy: onDataset(),
      },
    ],
  ])('%s when it is missing', async (_, fault, finding) => {
    const { findings } = await check({}, [fault]);
    expect(findings.filter(({ level }) => level !== 'ok')).toEqual([finding]);
  });

  test.each([
    ['bigquery.tables.get', 'error', ''],
    ['bigquery.tables.getData', 'error', ''],
    ['bigquery.tables.updateData', 'error', ''],
    ['bigquery.tables.update', 'warning', ', which migrate needs'],
    ['bigquery.tables.delete', 'warning', ', which migrate needs'],
  ])('%s on the tables when it is missing', async (right, level, why) => {
    const { findings } = await check({ missingRights: [right] });
    expect(findings.filter((finding) => finding.level !== 'ok')).toEqual([
      {
        level,
        subject: 'rights on tables',
        code: 'target_denied',
        message: `${right} is missing${why}`,
        remedy: onDataset(),
      },
    ]);
  });

  test('bigquery.datasets.create when the dataset is missing too', async () => {
    const message = 'Project test: User does not have bigquery.datasets.create permission in project test.';
    const { findings } = await check({}, [denied('dryRun', message, starts('CREATE SCHEMA'))], { dataset: 'other' });
    expect(findings.filter(({ level }) => level !== 'ok')).toEqual([
      {
        level: 'warning',
        subject: 'dataset',
        message: 'there is no dataset test.other yet',
        remedy: 'run scenedim migrate, or bq --location=US mk --dataset test:other',
      },
      {
        level: 'error',
        subject: 'right to create datasets',
        code: 'target_denied',
        message: `Access Denied: ${message}`,
        remedy: `${onProject('roles/bigquery.user')}, or have the dataset made`,
      },
    ]);
  });
});

describe('check tells the remedy of', () => {
  const isDisabled =
    'BigQuery API has not been used in project 1 before or it is disabled. Enable it by visiting https://console.developers.google.com/apis/api/bigquery.googleapis.com/overview?project=1 then retry.';
  const enable = 'gcloud services enable bigquery.googleapis.com --project=test';
  const billing = 'Billing has not been enabled for this project. DML queries are not allowed in the free tier.';
  const quotaProject =
    'Caller does not have required permission to use project test. Grant the caller the roles/serviceusage.serviceUsageConsumer role, or a custom role with the serviceusage.services.use permission.';

  test.each<[string, PlannedFault, string, string, string]>([
    ['a disabled API', refused(403, 'accessNotConfigured', isDisabled), 'API', isDisabled, enable],
    ['a disabled API, in newer words', refused(403, 'SERVICE_DISABLED', isDisabled), 'API', isDisabled, enable],
    [
      'a project without BigQuery',
      refused(400, 'invalid', 'The project test has not enabled BigQuery.'),
      'API',
      'The project test has not enabled BigQuery.',
      enable,
    ],
    [
      'a project that is not there',
      refused(404, 'notFound', 'Not found: Project test'),
      'project',
      'Not found: Project test',
      'correct target.projectId',
    ],
    [
      'a project whose quota may not be used',
      refused(403, 'forbidden', quotaProject),
      'project',
      quotaProject,
      onProject('roles/serviceusage.serviceUsageConsumer'),
    ],
    [
      'an account that was disabled',
      refused(401, 'authError', 'Request had invalid authentication credentials.'),
      'credentials',
      'Request had invalid authentication credentials.',
      'BigQuery does not take the token: the account may be disabled, or its login must be renewed',
    ],
    [
      'a proxy that wants a password',
      refused(407, 'x', 'Proxy Authentication Required'),
      'connection',
      'Proxy Authentication Required',
      'write user and password of the proxy into HTTPS_PROXY, before the host and an @',
    ],
  ])('%s', async (_, fault, subject, message, remedy) => {
    const { findings } = await check({}, [fault]);
    const code = expect.stringMatching(/^(?:target_denied|config_invalid)$/);
    expect(findings).toEqual([{ level: 'error', subject, message, remedy, code }]);
  });

  test('missing billing, which only statements that change rows show', async () => {
    const fault = { ...refused(403, 'billingNotEnabled', billing), on: 'dryRun' as const, where: starts('UPDATE') };
    const { findings } = await check({}, [fault]);
    expect(findings.filter(({ level }) => level !== 'ok')).toEqual([
      {
        level: 'error',
        subject: 'billing',
        code: 'target_denied',
        message: expect.stringMatching(/refused; the first: .*: Billing has not been enabled/),
        remedy: 'enable billing for the project: without it BigQuery changes no rows',
      },
    ]);
  });

  test('a dataset in another place', async () => {
    const { findings } = await check({}, [], { location: 'asia-east1' });
    expect(findings.filter(({ level }) => level !== 'ok')).toEqual([
      {
        level: 'error',
        subject: 'dataset',
        code: 'config_invalid',
        message: 'test.scene is in US, but target.location is asia-east1',
        remedy: 'set target.location: US, or take it out; a dataset cannot be moved',
      },
    ]);
  });
});

test('check does without what BigQuery tells about rights when it tells nothing', async () => {
  const { findings } = await check({}, [{ ...refused(501, 'notImplemented', 'no'), on: 'testRights' }]);
  expect(findings.map(({ level, subject }) => [level, subject])).toEqual([
    ['ok', 'connection'],
    ['ok', 'dataset'],
    ['ok', 'right to run jobs'],
    ['ok', 'right to create tables'],
    ['ok', 'right to create functions'],
    ['ok', 'schema version'],
    ['ok', 'statements'],
  ]);
});

test('check does not take a service that fails for one that does not tell the rights', async () => {
  const fault = { kind: 'error', status: 503, reason: 'backendError', message: 'try again' } as const;
  const { findings } = await check({}, [{ fault, on: 'testRights' }]);
  expect(findings.filter(({ level }) => level !== 'ok')).toEqual([
    {
      level: 'error',
      subject: 'connection',
      message: 'try again',
      remedy: 'run again; if it stays, see https://status.cloud.google.com',
      code: 'target_unreachable',
    },
  ]);
});
