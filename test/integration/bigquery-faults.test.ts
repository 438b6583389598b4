/** What the BigQuery loader does when service, network or rights fail it, played by a REST server of our own. */
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import {
  insertOf,
  instantAt,
  sampleChangeSet,
  sampleHeadChange,
  sampleObservation,
  sampleVersion,
} from '../../src/load/contract/sample-rows.ts';
import type { ChangeSet } from '../../src/load/loader.ts';
import { startLoaderOnFake } from '../support/bigquery-on-fake.ts';
import { type FakeBigquery, type FakeRequest, faults } from '../support/fake-bigquery.ts';
import { settingsRow } from '../support/settings-row.ts';

const signal = new AbortController().signal;
const runRow = sampleChangeSet(1, { payloads: [] });
const isScript = ({ sql }: { readonly sql?: string }) => sql?.startsWith('BEGIN TRANSACTION') === true;
const scripts = ({ jobs }: FakeBigquery) => jobs.filter(isScript);
const loads = ({ jobs }: FakeBigquery) => jobs.filter(({ upload }) => upload !== undefined);
const asked = ({ requests }: FakeBigquery, kind: FakeRequest['kind']) =>
  requests.filter((request) => request.kind === kind);

function batchOf(accounts: number): ChangeSet {
  const appIds = Array.from({ length: accounts }, (_, n) => `wx${n}`);
  return sampleChangeSet(1, {
    observations: appIds.map((appId) => sampleObservation(appId, instantAt(0))),
    heads: appIds.map((appId) => sampleHeadChange(appId, null)),
    versions: appIds.map((appId) => insertOf(sampleVersion(appId, '1', instantAt(0)))),
  });
}

describe('a request', () => {
  test.each([
    ['answered with 503', faults.unavailable],
    ['answered with 502', faults.badGateway],
    ['answered with rateLimitExceeded', faults.rateLimited],
    ['whose connection broke', faults.broken],
    ['whose token had expired', faults.expiredToken],
  ])('%s is sent again', async (_, fault) => {
    await using stage = await startLoaderOnFake();
    const { fake, loader } = stage;
    fake.plan({ fault, on: 'insertJob', where: isScript });
    await loader.apply(runRow, signal);
    expect(asked(fake, 'insertJob').filter(isScript)).toHaveLength(2);
    expect(scripts(fake)).toHaveLength(1);
  });

  test.each([
    ['503', faults.unavailable, 'target_unreachable', 4],
    ['a broken connection', faults.broken, 'target_unreachable', 4],
    ['rateLimitExceeded', faults.rateLimited, 'target_busy', 4],
    ['quotaExceeded', faults.quotaExceeded, 'target_quota', 1],
    ['accessDenied', faults.jobsDenied, 'target_denied', 1],
    ['billingNotEnabled', faults.billingDisabled, 'target_denied', 1],
    ['401', faults.expiredToken, 'target_denied', 2],
  ])('that gets %s again and again ends as %s', async (_, fault, code, times) => {
    await using stage = await startLoaderOnFake();
    const { fake, loader } = stage;
    fake.plan({ fault, on: 'insertJob', where: isScript, times: 100 });
    await expect(loader.apply(runRow, signal)).rejects.toMatchObject({ code });
    expect(asked(fake, 'insertJob').filter(isScript)).toHaveLength(times ?? 0);
  });

  test('to a host that is not there is target_unreachable', async () => {
    await using stage = await startLoaderOnFake();
    await stage.fake[Symbol.asyncDispose]();
    const message = expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+ cannot be reached: connect ECONNREFUSED/);
    await expect(stage.loader.readMeta(signal)).rejects.toMatchObject({ code: 'target_unreachable', message });
    expect(stage.retries).toEqual([1, 2, 3].map((attempt) => ({ attempt, waitMs: 1, message })));
  });

  test('that is sent again, and a job that is run again, are told before they are waited for', async () => {
    await using stage = await startLoaderOnFake();
    const { fake, loader, retries } = stage;
    fake.plan({ fault: faults.unavailable, on: 'insertJob', where: isScript });
    fake.plan({ fault: faults.backendFailedJob, on: 'insertJob', where: isScript });
    await loader.apply(runRow, signal);
    expect(retries).toEqual([
      { attempt: 1, waitMs: 1, message: 'Error encountered during execution. Retrying may solve the problem.' },
      { attempt: 1, waitMs: 1, message: 'An internal error occurred' },
    ]);
  });
});

describe('a lost answer', () => {
  test('to the script is harmless: the job is there and is adopted', async () => {
    await using stage = await startLoaderOnFake();
    const { fake, loader } = stage;
    fake.plan({ fault: faults.lostAnswer, on: 'insertJob', where: isScript });
    await loader.apply(batchOf(2), signal);
    expect(asked(fake, 'insertJob').filter(isScript)).toHaveLength(2);
    expect(scripts(fake)).toHaveLength(1);
  });

  test('to a load is harmless: its rows are loaded once', async () => {
    await using stage = await startLoaderOnFake();
    const { fake, loader } = stage;
    fake.plan({ fault: faults.lostAnswer, on: 'uploadJob', times: 2 });
    await loader.apply(batchOf(3), signal);
    expect(
      loads(fake)
        .map(({ upload }) => upload?.rows.length)
        .sort(),
    ).toEqual([1, 3, 3, 3]);
  });

  test('to the making of a staging table is harmless', async () => {
    await using stage = await startLoaderOnFake();
    const { fake, loader } = stage;
    fake.plan({ fault: faults.lostAnswer, on: 'insertTable' });
    await loader.apply(batchOf(1), signal);
    expect(scripts(fake)).toHaveLength(1);
  });

  test('to the taking of a lease gives the lease', async () => {
    await using stage = await startLoaderOnFake();
    const { fake, loader } = stage;
    fake.plan({ fault: faults.lostAnswer, on: 'insertJob' });
    await using lock = await loader.acquireLock({ kind: 'exclusive' }, signal);
    expect(lock).not.toBeNull();
    expect(fake.jobs).toHaveLength(1);
  });
});

describe('a job', () => {
  test('that the service failed runs again under the next attempt', async () => {
    await using stage = await startLoaderOnFake();
    const { fake, loader } = stage;
    fake.plan({ fault: faults.backendFailedJob, on: 'insertJob', where: isScript });
    fake.plan({ fault: faults.rateLimitedJob, on: 'insertJob', where: isScript });
    fake.plan({ fault: faults.conflictingJob, on: 'insertJob', where: isScript });
    await loader.apply(runRow, signal);
    const ids = scripts(fake).map(({ jobId }) => jobId);
    expect(ids.map((id) => id.slice(-3))).toEqual(['_a1', '_a2', '_a3', '_a4']);
    expect(new Set(ids.map((id) => id.slice(0, -1))).size).toBe(1);
    expect(ids[0]).toMatch(/^scenedim_run-1_1_[0-9a-f]{32}_commit_a1$/);
  });

  test.each([
    ['the service', faults.backendFailedJob, 'target_unreachable', 4],
    ['a conflict', faults.conflictingJob, 'target_busy', 4],
    ['its own fault', faults.invalidQueryJob, 'internal', 1],
  ])('that fails by %s again and again ends the call', async (_, fault, code, attempts) => {
    await using stage = await startLoaderOnFake();
    const { fake, loader } = stage;
    fake.plan({ fault, on: 'insertJob', where: isScript, times: 100 });
    await expect(loader.apply(runRow, signal)).rejects.toMatchObject({ code });
    expect(scripts(fake)).toHaveLength(attempts ?? 0);
  });

  test('that takes long is looked at until it has ended', async () => {
    await using stage = await startLoaderOnFake();
    const { fake, loader } = stage;
    fake.plan({ fault: faults.slowJob, on: 'insertJob', where: isScript });
    await loader.apply(runRow, signal);
    expect(asked(fake, 'getJob')).toHaveLength(3);
  });

  test('that is running is cancelled when the run is stopped', async () => {
    await using stage = await startLoaderOnFake();
    const { fake, loader } = stage;
    const controller = new AbortController();
    fake.plan({ fault: { kind: 'slow-job', looks: 1_000_000 }, on: 'insertJob', where: isScript });
    const reason = new Error('stopped by the test');
    const applied = loader.apply(runRow, controller.signal).catch((error: unknown) => error);
    await expect.poll(() => asked(fake, 'getJob').length).toBeGreaterThan(2);
    controller.abort(reason);
    expect(await applied).toBe(reason);
    expect(asked(fake, 'cancelJob').map(({ name }) => name)).toEqual(scripts(fake).map(({ jobId }) => jobId));
  });

  test('bears labels, location and the limit of bytes', async () => {
    const section = { labels: { team: 'growth' }, maximumBytesBilled: 1_000_000_000, location: 'asia-east1' };
    await using stage = await startLoaderOnFake(section, {}, { datasets: { scene: 'asia-east1' } });
    const { fake, loader } = stage;
    await loader.apply(batchOf(1), signal);
    expect(fake.jobs.length).toBeGreaterThan(4);
    for (const job of fake.jobs) {
      expect(job).toMatchObject({ location: 'asia-east1', labels: { application: 'scenedim', team: 'growth' } });
      expect(job.maximumBytesBilled).toBe(job.sql === undefined ? undefined : '1000000000');
    }
  });

  test('runs where the dataset is when the config does not say', async () => {
    await using stage = await startLoaderOnFake({}, {}, { datasets: { scene: 'europe-west6' } });
    await stage.loader.apply(runRow, signal);
    expect(new Set(stage.fake.jobs.map(({ location }) => location))).toEqual(new Set(['europe-west6']));
    expect(asked(stage.fake, 'getDataset')).toHaveLength(1);
  });

  test('is not sent to another place than that of the dataset', async () => {
    await using stage = await startLoaderOnFake({ location: 'EU' });
    for (const work of [() => stage.loader.readMeta(signal), () => stage.loader.apply(runRow, signal)]) {
      await expect(work()).rejects.toMatchObject({
        code: 'config_invalid',
        message: 'test.scene is in US, but target.location is EU',
        remedy: 'set target.location: US, or take it out; a dataset cannot be moved',
      });
    }
    expect(stage.fake.jobs).toEqual([]);
  });

  test('runs where the config says when the dataset may not be seen', async () => {
    await using stage = await startLoaderOnFake({ location: 'US' });
    stage.fake.plan({ fault: faults.tableDenied, on: 'getDataset', times: 100 });
    await stage.loader.apply(runRow, signal);
    expect(new Set(stage.fake.jobs.map(({ location }) => location))).toEqual(new Set(['US']));
  });

  test('counts what it billed', async () => {
    await using stage = await startLoaderOnFake(
      {},
      {},
      {
        answer: (job) => (isScript(job) ? { bytesBilled: 10_485_760 } : undefined),
      },
    );
    const { loader } = stage;
    await loader.apply(runRow, signal);
    await loader.apply(sampleChangeSet(2, { payloads: [] }), signal);
    expect(loader.usage?.()).toEqual({ jobs: 4, bytesBilled: 20_971_520 });
    stage.fake.plan({ fault: faults.backendFailedJob, on: 'insertJob', where: isScript });
    await loader.apply(sampleChangeSet(3, { payloads: [] }), signal);
    expect(loader.usage?.(), 'an attempt that failed is a job, too').toEqual({ jobs: 7, bytesBilled: 31_457_280 });
  });
});

describe('a batch', () => {
  test('takes as many jobs for one account as for a thousand', async () => {
    const jobsFor = async (accounts: number) => {
      await using stage = await startLoaderOnFake();
      await using _lock = await stage.loader.acquireLock({ kind: 'exclusive' }, signal);
      const before = stage.fake.jobs.length;
      await stage.loader.apply(batchOf(accounts), signal);
      return [stage.fake.jobs.length - before, loads(stage.fake).length];
    };
    // Payloads, observations, heads and versions are loaded; one script applies them.
    expect(await jobsFor(1)).toEqual([5, 4]);
    expect(await jobsFor(1_000)).toEqual([5, 4]);
  });

  test('leaves no staging table behind, whether it was applied or not', async () => {
    await using stage = await startLoaderOnFake();
    const { fake, loader } = stage;
    await loader.apply(batchOf(2), signal);
    fake.plan({ fault: faults.invalidQueryJob, on: 'insertJob', where: isScript });
    await expect(loader.apply(batchOf(2), signal)).rejects.toMatchObject({ code: 'internal' });
    fake.plan({ fault: faults.invalidQueryJob, on: 'uploadJob' });
    await expect(loader.apply(batchOf(2), signal)).rejects.toMatchObject({ code: 'internal' });
    expect([...fake.tables]).toEqual([]);
  });

  test('has staging tables that end after a day should their run be killed', async () => {
    await using stage = await startLoaderOnFake();
    const { fake, loader } = stage;
    await loader.apply(batchOf(1), signal);
    const inserted = asked(fake, 'insertTable').map(({ body }) => body as { readonly expirationTime: string });
    expect(inserted).toHaveLength(4);
    const day = 24 * 60 * 60 * 1_000;
    for (const { expirationTime } of inserted) expect(Number(expirationTime) - Date.now()).toBeLessThanOrEqual(day);
  });

  test('is compressed when the config says so', async () => {
    await using stage = await startLoaderOnFake({ gzip: true });
    const { fake, loader } = stage;
    await loader.apply(batchOf(500), signal);
    expect(
      loads(fake)
        .map(({ upload }) => [upload?.gzip, upload?.rows.length])
        .sort(),
    ).toEqual([
      [true, 1],
      [true, 500],
      [true, 500],
      [true, 500],
    ]);
  });

  test('without an exclusive lock is committed under the commit lease, which a failure gives back', async () => {
    await using stage = await startLoaderOnFake();
    const { fake, loader } = stage;
    await using _lock = await loader.acquireLock({ kind: 'shard', index: 0, count: 2 }, signal);
    await loader.apply(runRow, signal);
    expect(scripts(fake)[0]?.parameters).toMatchObject({ lease_id_0: 'shard-0-of-2', lease_id_1: 'commit' });
    expect(fake.jobs.filter(({ sql }) => sql?.includes('holder = @holder') && sql.startsWith('UPDATE'))).toHaveLength(
      1,
    );
    fake.plan({ fault: faults.invalidQueryJob, on: 'insertJob', where: isScript });
    await expect(loader.apply(runRow, signal)).rejects.toMatchObject({ code: 'internal' });
    const released = fake.jobs.at(-1);
    expect(released?.sql).toContain('SET expires_at = TIMESTAMP_MICROS(0)');
    expect(released?.parameters).toMatchObject({ lease_id: 'commit' });
  });
});

describe('a lease', () => {
  const short = { leaseSeconds: 0.06 };
  const renews = 'AND expires_at > TIMESTAMP_MICROS(0)';

  test('is renewed while it is held, and given back at the end', async () => {
    await using stage = await startLoaderOnFake(
      {},
      { leaseSeconds: 1.5 },
      {
        answer: ({ sql }) => (sql?.includes(renews) ? { affectedRows: 1 } : undefined),
      },
    );
    const { fake, loader } = stage;
    const lock = await loader.acquireLock({ kind: 'exclusive' }, signal);
    const renewals = () => fake.jobs.filter(({ sql }) => sql?.includes(renews));
    await expect.poll(() => renewals().length, { timeout: 15_000 }).toBeGreaterThan(2);
    expect(renewals()[0]?.parameters).toMatchObject({
      lease_id: 'target',
      holder: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(lock?.lost.aborted).toBe(false);
    await lock?.[Symbol.asyncDispose]();
    const count = renewals().length;
    expect(fake.jobs.at(-1)?.sql).toContain('SET expires_at = TIMESTAMP_MICROS(0)');
    expect(renewals()).toHaveLength(count);
  });

  test('is lost when somebody else has taken it over', async () => {
    await using stage = await startLoaderOnFake({}, short, {
      answer: ({ sql }) => (sql?.includes(renews) ? { affectedRows: 0 } : undefined),
    });
    await using lock = await stage.loader.acquireLock({ kind: 'exclusive' }, signal);
    if (lock?.lost.aborted === false) await once(lock.lost, 'abort');
    expect(lock?.lost.reason).toMatchObject({ code: 'lock_lost' });
  });

  test('is lost when it cannot be renewed until its end', async () => {
    await using stage = await startLoaderOnFake({}, short);
    const { fake, loader } = stage;
    await using lock = await loader.acquireLock({ kind: 'exclusive' }, signal);
    fake.plan({ fault: faults.unavailable, on: 'insertJob', times: 1_000_000 });
    if (lock?.lost.aborted === false) await once(lock.lost, 'abort');
    expect(lock?.lost.reason).toMatchObject({ code: 'lock_lost' });
  });

  test('is not lost while a transaction of its own holds it for longer than it lasts', async () => {
    await using stage = await startLoaderOnFake(
      {},
      { leaseSeconds: 0.3 },
      {
        answer: ({ sql }) => (sql?.includes(renews) ? { affectedRows: 1 } : undefined),
      },
    );
    const { fake, loader } = stage;
    await using lock = await loader.acquireLock({ kind: 'exclusive' }, signal);
    fake.plan({ fault: { kind: 'slow-job', looks: 300 }, on: 'insertJob', where: isScript });
    // They wait behind the transaction until they are given up.
    fake.plan({
      fault: faults.unavailable,
      on: 'insertJob',
      where: ({ sql }) => sql?.includes(renews) === true,
      times: 12,
    });
    const startedAt = performance.now();
    await loader.apply(runRow, signal);
    expect(performance.now() - startedAt, 'the script took longer than the lease').toBeGreaterThan(300);
    expect(lock?.lost.aborted).toBe(false);
    const renewals = () => fake.jobs.filter(({ sql }) => sql?.includes(renews)).length;
    await expect.poll(renewals, { timeout: 5_000 }).toBeGreaterThan(1);
    expect(lock?.lost.aborted).toBe(false);
  });

  const isRelease = ({ sql }: { readonly sql?: string }) =>
    sql?.startsWith('UPDATE ') === true && sql.includes('SET expires_at = TIMESTAMP_MICROS(0)');

  test('that may have been taken is given back when every answer was lost', async () => {
    await using stage = await startLoaderOnFake();
    const { fake, loader } = stage;
    fake.plan({ fault: faults.lostAnswer, on: 'insertJob', times: 4 });
    await expect(loader.acquireLock({ kind: 'exclusive' }, signal)).rejects.toMatchObject({
      code: 'target_unreachable',
    });
    expect(fake.jobs.map(isRelease)).toEqual([false, true]);
    const [taken, released] = fake.jobs.map(({ parameters }) => parameters?.['holder']);
    expect(released).toBe(taken);
  });

  test('that is being taken when the user stops is given back', async () => {
    await using stage = await startLoaderOnFake();
    const { fake, loader } = stage;
    fake.plan({ fault: { kind: 'slow-job', looks: 400 }, on: 'insertJob' });
    const stop = new AbortController();
    const taken = loader.acquireLock({ kind: 'exclusive' }, stop.signal).catch((error: unknown) => error);
    await expect.poll(() => asked(fake, 'getJob').length, { timeout: 5_000 }).toBeGreaterThan(0);
    const reason = new Error('stopped');
    stop.abort(reason);
    expect(await taken).toBe(reason);
    expect(fake.jobs.map(isRelease)).toEqual([false, true]);
  });

  test('that somebody else holds is not given', async () => {
    await using stage = await startLoaderOnFake({}, {}, { answer: () => ({ affectedRows: 0 }) });
    expect(await stage.loader.acquireLock({ kind: 'exclusive' }, signal)).toBeNull();
  });

  test('is taken in a dataset that somebody made, without the right to make one', async () => {
    let isMade = false;
    const answer = ({ sql }: { readonly sql?: string }) => {
      if (sql?.startsWith('CREATE TABLE IF NOT EXISTS') === true) isMade = true;
      return undefined;
    };
    await using stage = await startLoaderOnFake({}, {}, { answer });
    const { fake, loader } = stage;
    const missing = {
      kind: 'failed-job',
      reason: 'notFound',
      message: 'Not found: Table test:scene.scene_lease',
    } as const;
    fake.plan({ fault: missing, on: 'insertJob' });
    fake.plan({ fault: faults.jobsDenied, on: 'insertDataset', times: 100 });
    await using lock = await loader.acquireLock({ kind: 'exclusive' }, signal);
    expect([lock === null, isMade, asked(fake, 'insertDataset')]).toEqual([false, true, []]);
  });

  test('is taken when somebody else makes its table at the same time', async () => {
    await using stage = await startLoaderOnFake({}, {}, { datasets: {} });
    const { fake, loader } = stage;
    const there = { kind: 'failed-job', reason: 'duplicate', message: 'Already Exists: Table scene_lease' } as const;
    fake.plan({ fault: there, on: 'insertJob', where: ({ sql }) => sql?.startsWith('CREATE TABLE IF') === true });
    await using lock = await loader.acquireLock({ kind: 'exclusive' }, signal);
    expect(lock).not.toBeNull();
  });

  test('is taken in a dataset that is not there yet', async () => {
    await using stage = await startLoaderOnFake({ location: 'EU' }, {}, { datasets: {} });
    const { fake, loader } = stage;
    await using lock = await loader.acquireLock({ kind: 'exclusive' }, signal);
    expect(lock).not.toBeNull();
    expect(asked(fake, 'insertDataset')[0]?.body).toMatchObject({ location: 'EU' });
    expect(fake.jobs.filter(({ sql }) => sql?.startsWith('CREATE TABLE IF NOT EXISTS'))).toHaveLength(1);
  });
});

describe('check', () => {
  const metaRow = settingsRow();
  const answer = ({ sql }: { readonly sql?: string }) =>
    sql?.includes('FROM `test.scene.scene_meta`') ? metaRow : undefined;

  test('has every statement looked at', async () => {
    await using stage = await startLoaderOnFake({}, {}, { answer });
    const findings = await stage.loader.check(signal);
    expect(findings.map(({ level }) => level)).toEqual(['ok', 'ok', 'ok', 'ok', 'ok']);
    expect(asked(stage.fake, 'dryRun').length).toBeGreaterThan(20);
    expect(stage.fake.jobs).toHaveLength(1);
  });

  test('tells the place of a dataset that is elsewhere', async () => {
    await using stage = await startLoaderOnFake({ location: 'EU' }, {}, { answer });
    expect(await stage.loader.check(signal)).toContainEqual({
      level: 'error',
      subject: 'dataset',
      code: 'config_invalid',
      message: 'test.scene is in US, but target.location is EU',
      remedy: 'set target.location: US, or take it out; a dataset cannot be moved',
    });
  });

  test('tells how to make a dataset that is missing', async () => {
    await using stage = await startLoaderOnFake({ dataset: 'other' }, {}, { answer });
    expect(await stage.loader.check(signal)).toContainEqual({
      level: 'warning',
      subject: 'dataset',
      message: 'there is no dataset test.other yet',
      remedy: 'run scenedim migrate, or bq --location=US mk --dataset test:other',
    });
  });

  test.each([
    [
      'jobs',
      faults.jobsDenied,
      'right to run jobs',
      /^gcloud projects add-iam-policy-binding test .*bigquery\.jobUser$/,
    ],
    ['billing', faults.billingDisabled, 'billing', /^enable billing for the project/],
    ['the service', faults.unavailable, 'connection', /status\.cloud\.google\.com/],
  ])('tells what to do about %s', async (_, fault, subject, remedy) => {
    await using stage = await startLoaderOnFake({}, {}, { answer });
    const { fake, loader } = stage;
    fake.plan({ fault, on: 'dryRun', where: ({ sql }) => sql === 'SELECT 1', times: 10 });
    const findings = await loader.check(signal);
    const found = findings.filter(({ level }) => level === 'error').map((finding) => [finding.subject, finding.remedy]);
    expect(found).toEqual([[subject, expect.stringMatching(remedy as RegExp)]]);
  });

  test('names the statement that is refused, and the grant of the missing right', async () => {
    await using stage = await startLoaderOnFake({}, {}, { answer });
    const { fake, loader } = stage;
    fake.plan({
      fault: faults.tableDenied,
      on: 'dryRun',
      where: ({ sql }) => sql?.includes('dim_scene') === true,
      times: 1_000,
    });
    const errors = (await loader.check(signal)).filter(({ level }) => level === 'error');
    expect(errors).toEqual([
      {
        level: 'error',
        subject: 'rights',
        code: 'target_denied',
        message: expect.stringMatching(/^\d+ of \d+ refused; the first: .*dim_scene/),
        remedy: "GRANT `roles/bigquery.dataEditor` ON SCHEMA `test.scene` TO 'serviceAccount:EMAIL'",
      },
    ]);
  });

  test('says that nothing answers instead of failing', async () => {
    await using stage = await startLoaderOnFake();
    await stage.fake[Symbol.asyncDispose]();
    expect(await stage.loader.check(signal)).toMatchObject([{ level: 'error', subject: 'connection' }]);
  });
});

describe('reading', () => {
  test('goes from page to page, and stops when the reader does', async () => {
    const rows = Array.from({ length: 12_000 }, (_, n) => [`wx${n}`, '1', null, null, null, String(n), null, null]);
    await using stage = await startLoaderOnFake(
      {},
      {},
      {
        answer: ({ sql }) => (sql?.includes('scene_account') ? { rows } : undefined),
      },
    );
    const { fake, loader } = stage;
    expect(await Array.fromAsync(loader.readHeads({}, signal))).toHaveLength(12_000);
    expect(asked(fake, 'getQueryResults')).toHaveLength(3);
    for await (const _ of loader.readHeads({}, signal)) break;
    expect(asked(fake, 'getQueryResults')).toHaveLength(4);
  });

  test('survives a fault between two pages', async () => {
    const rows = Array.from({ length: 6_000 }, (_, n) => [`wx${n}`, '1', null, null, null, String(n), null, null]);
    await using stage = await startLoaderOnFake({}, {}, { answer: () => ({ rows }) });
    stage.fake.plan({
      fault: faults.broken,
      on: 'getQueryResults',
      where: ({ query }) => query['pageToken'] !== undefined,
    });
    expect(await Array.fromAsync(stage.loader.readHeads({}, signal))).toHaveLength(6_000);
  });
});
