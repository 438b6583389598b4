import { gzipSync } from 'node:zlib';
import { BigQuery } from '@google-cloud/bigquery';
import { PassThroughClient } from 'google-auth-library';
import { expect, test } from 'vitest';
import { type FakeBigquery, faults, startFakeBigquery } from '../../support/fake-bigquery.ts';

const json = { 'content-type': 'application/json' };

/** Sends a request and reads its answer; a broken connection is `'broken'`. */
async function send(fake: FakeBigquery, method: string, path: string, body?: object): Promise<unknown> {
  const url = `${fake.apiEndpoint}/bigquery/v2/projects/test/${path}`;
  const options = body === undefined ? { method } : { method, headers: json, body: JSON.stringify(body) };
  const response = await fetch(url, options).catch(() => undefined);
  if (response === undefined) return 'broken';
  const text = await response.text();
  const answer = text === '' ? {} : JSON.parse(text);
  if (response.ok) return answer;
  return { status: response.status, reason: answer.error.errors[0].reason };
}

const queryJob = (jobId: string, query: string, location = 'US') => ({
  jobReference: { jobId, location },
  configuration: { labels: { application: 'test' }, query: { query, useLegacySql: false } },
});

async function sendLoad(fake: FakeBigquery, jobId: string, rows: string | Buffer): Promise<unknown> {
  const job = {
    jobReference: { jobId, location: 'US' },
    configuration: {
      load: {
        destinationTable: { projectId: 'test', datasetId: 'scene', tableId: 'stage' },
        schema: {
          fields: [
            { name: 'a', type: 'STRING', mode: 'REQUIRED' },
            { name: 'n', type: 'INT64' },
          ],
        },
        createDisposition: 'CREATE_NEVER',
      },
    },
  };
  const body = Buffer.concat([
    Buffer.from(`--x\r\nContent-Type: application/json\r\n\r\n${JSON.stringify(job)}\r\n--x\r\n`),
    Buffer.from('Content-Type: application/octet-stream\r\n\r\n'),
    Buffer.from(rows),
    Buffer.from('\r\n--x--'),
  ]);
  const response = await fetch(`${fake.apiEndpoint}/upload/bigquery/v2/projects/test/jobs?uploadType=multipart`, {
    method: 'POST',
    headers: { 'content-type': 'multipart/related; boundary=x' },
    body,
  });
  return response.json();
}

const done = (failure?: object) => expect.objectContaining({ status: { state: 'DONE', ...failure } });
const failed = (reason: string) =>
  expect.objectContaining({
    status: expect.objectContaining({ state: 'DONE', errorResult: expect.objectContaining({ reason }) }),
  });

test('a job is there under its id, once, and only in its location', async () => {
  await using fake = await startFakeBigquery();
  expect(await send(fake, 'POST', 'jobs', queryJob('j1', 'SELECT 1', 'asia-east1'))).toEqual(done());
  expect(await send(fake, 'POST', 'jobs', queryJob('j1', 'SELECT 1', 'asia-east1'))).toEqual({
    status: 409,
    reason: 'duplicate',
  });
  expect(await send(fake, 'GET', 'jobs/j1')).toEqual({ status: 404, reason: 'notFound' });
  expect(await send(fake, 'GET', 'jobs/j1?location=asia-east1')).toEqual(done());
  expect(fake.jobs.map(({ jobId, labels, sql }) => ({ jobId, labels, sql }))).toEqual([
    { jobId: 'j1', labels: { application: 'test' }, sql: 'SELECT 1' },
  ]);
});

test('a job elsewhere than its dataset fails', async () => {
  await using fake = await startFakeBigquery({ datasets: { scene: 'EU' } });
  const sql = 'SELECT * FROM `test.scene.dim_scene`';
  expect(await send(fake, 'POST', 'jobs', queryJob('there', sql, 'EU'))).toEqual(done());
  expect(await send(fake, 'POST', 'jobs', queryJob('elsewhere', sql, 'US'))).toEqual(failed('notFound'));
});

test('a slow job runs until it was looked at often enough, or is cancelled', async () => {
  await using fake = await startFakeBigquery();
  fake.plan({ fault: faults.slowJob, on: 'insertJob', times: 2 });
  const running = expect.objectContaining({ status: { state: 'RUNNING' } });
  expect(await send(fake, 'POST', 'jobs', queryJob('j1', 'SELECT 1'))).toEqual(running);
  expect(await send(fake, 'GET', 'jobs/j1')).toEqual(running);
  expect(await send(fake, 'GET', 'jobs/j1')).toEqual(running);
  expect(await send(fake, 'GET', 'jobs/j1')).toEqual(done());
  await send(fake, 'POST', 'jobs', queryJob('j2', 'SELECT 1'));
  await send(fake, 'POST', 'jobs/j2/cancel');
  expect(await send(fake, 'GET', 'jobs/j2')).toEqual(failed('stopped'));
});

test('an answer that is lost leaves the job; a broken connection does not', async () => {
  await using fake = await startFakeBigquery();
  fake.plan({ fault: faults.broken, on: 'insertJob' });
  fake.plan({ fault: faults.lostAnswer, on: 'insertJob' });
  expect(await send(fake, 'POST', 'jobs', queryJob('broken', 'SELECT 1'))).toBe('broken');
  expect(await send(fake, 'POST', 'jobs', queryJob('lost', 'SELECT 1'))).toBe('broken');
  expect(await send(fake, 'POST', 'jobs', queryJob('lost', 'SELECT 1'))).toEqual({ status: 409, reason: 'duplicate' });
  expect(fake.jobs.map(({ jobId }) => jobId)).toEqual(['lost']);
});

test.each([
  ['unavailable', 503, 'backendError'],
  ['badGateway', 502, 'badGateway'],
  ['rateLimited', 403, 'rateLimitExceeded'],
  ['quotaExceeded', 403, 'quotaExceeded'],
  ['expiredToken', 401, 'authError'],
  ['jobsDenied', 403, 'accessDenied'],
  ['tableDenied', 403, 'accessDenied'],
  ['billingDisabled', 403, 'billingNotEnabled'],
] as const)('%s is answered once, and nothing is done', async (name, status, reason) => {
  await using fake = await startFakeBigquery();
  fake.plan({ fault: faults[name], on: 'insertJob', where: ({ sql }) => sql === 'SELECT 2' });
  expect(await send(fake, 'POST', 'jobs', queryJob('j1', 'SELECT 1'))).toEqual(done());
  expect(await send(fake, 'POST', 'jobs', queryJob('j2', 'SELECT 2'))).toEqual({ status, reason });
  expect(await send(fake, 'POST', 'jobs', queryJob('j2', 'SELECT 2'))).toEqual(done());
  expect(fake.requests.map(({ kind }) => kind)).toEqual(['insertJob', 'insertJob', 'insertJob']);
});

test.each(['backendFailedJob', 'rateLimitedJob', 'conflictingJob', 'invalidQueryJob'] as const)(
  '%s ends with an errorResult, which its results give too',
  async (name) => {
    await using fake = await startFakeBigquery();
    fake.plan({ fault: faults[name], on: 'insertJob' });
    expect(await send(fake, 'POST', 'jobs', queryJob('j1', 'SELECT 1'))).toEqual(failed(faults[name].reason));
    expect(await send(fake, 'GET', 'queries/j1')).toEqual({ status: 400, reason: faults[name].reason });
  },
);

test('a dry run is no job', async () => {
  await using fake = await startFakeBigquery();
  await send(fake, 'POST', 'jobs', { configuration: { dryRun: true, query: { query: 'SELECT 1' } } });
  expect(fake.requests).toMatchObject([{ kind: 'dryRun', sql: 'SELECT 1' }]);
  expect(fake.jobs).toEqual([]);
});

test('a load is taken apart, compressed or not', async () => {
  await using fake = await startFakeBigquery();
  const table = { tableReference: { projectId: 'test', datasetId: 'scene', tableId: 'stage' } };
  expect(await sendLoad(fake, 'early', '{"a":"1"}\n')).toEqual(failed('notFound'));
  expect(await send(fake, 'POST', 'datasets/scene/tables', table)).toEqual(table);
  expect(await send(fake, 'POST', 'datasets/scene/tables', table)).toEqual({ status: 409, reason: 'duplicate' });
  expect(await sendLoad(fake, 'plain', '{"a":"一","n":"1"}\n{"a":"2"}\n')).toEqual(done());
  expect(await sendLoad(fake, 'packed', gzipSync('{"a":"3"}\n'))).toEqual(done());
  expect(await sendLoad(fake, 'unknown', '{"a":"1","b":"2"}\n')).toEqual(failed('invalid'));
  expect(await sendLoad(fake, 'missing', '{"n":"2"}\n')).toEqual(failed('invalid'));
  expect(fake.jobs.slice(1, 3).map(({ upload, destination }) => [destination, upload?.gzip, upload?.rows])).toEqual([
    ['scene/tables/stage', false, [{ a: '一', n: '1' }, { a: '2' }]],
    ['scene/tables/stage', true, [{ a: '3' }]],
  ]);
  expect(await send(fake, 'DELETE', 'datasets/scene/tables/stage')).toEqual({});
  expect([...fake.tables]).toEqual([]);
});

test("Google's client reads pages of a query, and sees the duplicate", async () => {
  const rows = Array.from({ length: 5 }, (_, n) => [String(n), n === 2 ? null : 'x']);
  await using fake = await startFakeBigquery({
    answer: ({ sql, parameters }) =>
      sql === 'SELECT * FROM t WHERE a = @a' && parameters?.['a'] === 'wx1' ? { columns: ['n', 'x'], rows } : undefined,
  });
  const { apiEndpoint, projectId } = fake;
  const client = new BigQuery({ projectId, apiEndpoint, authClient: new PassThroughClient() });
  const query = { query: 'SELECT * FROM t WHERE a = @a', params: { a: 'wx1' }, jobId: 'j1' };
  const [job] = await client.createQueryJob(query);
  const [found] = await job.getQueryResults({ maxResults: 2 });
  expect(found).toEqual([
    { n: '0', x: 'x' },
    { n: '1', x: 'x' },
  ]);
  const [all] = await job.getQueryResults({ autoPaginate: true, maxResults: 10 });
  expect(all).toEqual(rows.map(([n, x]) => ({ n, x })));
  await expect(client.createQueryJob(query)).rejects.toMatchObject({ code: 409, errors: [{ reason: 'duplicate' }] });
});

test('datasets are there or are made, with their location', async () => {
  await using fake = await startFakeBigquery({ datasets: {} });
  expect(await send(fake, 'GET', 'datasets/scene')).toEqual({ status: 404, reason: 'notFound' });
  await send(fake, 'POST', 'datasets', { datasetReference: { datasetId: 'scene' }, location: 'EU' });
  expect(await send(fake, 'GET', 'datasets/scene')).toMatchObject({ location: 'EU' });
  expect(await send(fake, 'POST', 'datasets', { datasetReference: { datasetId: 'scene' } })).toEqual({
    status: 409,
    reason: 'duplicate',
  });
});
