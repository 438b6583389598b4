/** Each remedy about BigQuery that can be followed outside of Google Cloud. Only Google is played. */
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { assertNoEmulatorVariable, parseBigQueryConfig } from '../../../src/load/bigquery/bigquery-config.ts';
import { createBigQueryLoader } from '../../../src/load/bigquery/bigquery-loader.ts';
import { sampleChangeSet, sampleMeta, sampleSettings } from '../../../src/load/contract/sample-rows.ts';
import { momentaryTimings, startLoaderOnFake, takesLease } from '../../support/bigquery-on-fake.ts';
import { type Fault, faults } from '../../support/fake-bigquery-faults.ts';
import { externalAccount, keyFiles } from '../../support/fake-google.ts';
import {
  byVariable,
  errorOf,
  federation,
  keyFile,
  type Situation,
  startGoogleStage,
} from '../../support/google-stage.ts';
import { settingsRow } from '../../support/settings-row.ts';

const withKey: Situation = { target: { keyFile: 'key.json' }, files: keyFile };

/** The command ends with the remedy; under the other situation it does not fail. */
async function follow(fault: Situation, remedy: string, cure: Situation): Promise<void> {
  {
    await using stage = await startGoogleStage(fault);
    expect(await errorOf(stage)).toMatchObject({ remedy });
  }
  await using stage = await startGoogleStage(cure);
  const { code, stdout } = await stage.run(['check', '--json']);
  const { findings } = JSON.parse(stdout) as { readonly findings: readonly { readonly level: string }[] };
  expect([code, findings.filter(({ level }) => level === 'error')]).toEqual([0, []]);
}

describe.concurrent('a remedy for credentials of Google works:', () => {
  const nameAKey = (setting: string) =>
    `name a JSON key of a service account, or a file that gcloud wrote, in ${setting}`;
  test.each<[string, Situation, string, Situation]>([
    [
      'a key that is not there',
      { target: { keyFile: 'key.json' } },
      'mount the key there, or correct target.keyFile',
      withKey,
    ],
    [
      'a key that is none',
      { target: { keyFile: 'key.json' }, files: { 'key.json': { name: 'x' } } },
      nameAKey('target.keyFile'),
      withKey,
    ],
    [
      'no credentials, and then a key',
      {},
      'run gcloud auth application-default login, set target.keyFile or GOOGLE_APPLICATION_CREDENTIALS, or run on a machine or pod with a service account of Google Cloud',
      withKey,
    ],
    [
      'no credentials, and then a variable',
      {},
      'run gcloud auth application-default login, set target.keyFile or GOOGLE_APPLICATION_CREDENTIALS, or run on a machine or pod with a service account of Google Cloud',
      { files: { 'user.json': keyFiles.authorizedUser }, env: byVariable('user.json') },
    ],
    [
      'the token of a workload that is not mounted',
      { files: { 'federation.json': externalAccount('/nowhere/token') }, env: byVariable('federation.json') },
      'mount the token of the workload there, or correct the file of the credentials',
      { files: federation(), env: byVariable('federation.json') },
    ],
    [
      'a proxy whose certificate nobody knows',
      { ...withKey, env: { NODE_EXTRA_CA_CERTS: '' } },
      'set NODE_EXTRA_CA_CERTS to the CA of your proxy',
      withKey,
    ],
  ])('%s', (_, fault, remedy, cure) => follow(fault, remedy, cure));

  test.each([
    [
      'a machine whose clock is wrong',
      'Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.',
      'set the clock of this machine',
    ],
    [
      'a key that was deleted, and made anew',
      'Invalid JWT Signature.',
      'the key was deleted, or the account was disabled or deleted: make a new key, or use workload identity',
    ],
  ])('%s', async (_, description, remedy) => {
    await using stage = await startGoogleStage(withKey);
    stage.google.desk.refuse('oauth2', [400, { error: 'invalid_grant', error_description: description }]);
    expect(await errorOf(stage)).toMatchObject({ remedy });
    await using again = await startGoogleStage(withKey);
    expect((await again.run(['check'])).code).toBe(0);
  });

  test('a proxy that wants a password', async () => {
    await using stage = await startGoogleStage(withKey);
    const behind = new URL(Object.entries(stage.google.env).find(([name]) => /^https_proxy$/i.test(name))?.[1] ?? '');
    const wanted = `Basic ${Buffer.from('u:p').toString('base64')}`;
    const proxy = createServer().on('connect', ({ url, headers }, client) => {
      if (headers['proxy-authorization'] !== wanted) {
        client.end('HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n');
        return;
      }
      const server = connect(Number(behind.port), behind.hostname, () => {
        server.write(`CONNECT ${url} HTTP/1.1\r\nHost: ${url}\r\n\r\n`);
      });
      server.pipe(client).pipe(server);
      server.on('error', () => client.destroy());
      client.on('error', () => server.destroy());
    });
    proxy.listen(0, '127.0.0.1');
    await new Promise((resolve) => proxy.once('listening', resolve));
    const host = `127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const environment = (proxyUrl: string) => ({ HTTPS_PROXY: proxyUrl });
    await using refused = await startGoogleStage({ ...withKey, env: environment(`http://${host}`) });
    expect(await errorOf(refused)).toMatchObject({ remedy: 'write them into it, before the host and an @' });
    // Through the proxy that wants a password to the Google of the first stage, which knows the key.
    await using letIn = await startGoogleStage({ ...withKey, env: environment(`http://u:p@${host}`) });
    const { stderr } = await letIn.run(['export']);
    expect(stderr).not.toContain('wants a user and a password');
    proxy.closeAllConnections();
    proxy.close();
  });
});

test('a variable of an emulator, and settings that do not go with one, are taken out', () => {
  const real = { type: 'bigquery', projectId: 'test' };
  const target = { ...real, apiEndpoint: 'http://127.0.0.1:1' };
  const variable = { BIGQUERY_EMULATOR_HOST: 'localhost:9050' };
  const refused = (work: () => unknown, remedy: string) => expect(work).toThrow(expect.objectContaining({ remedy }));
  refused(
    () => assertNoEmulatorVariable(parseBigQueryConfig(real), variable),
    'unset it; for an emulator set target.apiEndpoint instead',
  );
  assertNoEmulatorVariable(parseBigQueryConfig(real), {});
  assertNoEmulatorVariable(parseBigQueryConfig(target), variable);
  refused(() => parseBigQueryConfig({ ...target, gzip: true }), 'take out gzip, or apiEndpoint');
  parseBigQueryConfig({ ...real, gzip: true });
  refused(() => parseBigQueryConfig({ ...target, keyFile: 'k' }), 'take out keyFile and impersonate, or apiEndpoint');
  parseBigQueryConfig({ ...real, keyFile: 'k' });
  parseBigQueryConfig(target);
});

const { signal } = new AbortController();
const batch = sampleChangeSet(1, { payloads: [] });
const job = (reason: string, message: string): Fault => ({ kind: 'failed-job', reason, message });
const answer = (status: number, reason: string, message: string): Fault => ({ kind: 'error', status, reason, message });

describe('what BigQuery refuses is over when it refuses no more:', () => {
  test.each<[Fault, string]>([
    [faults.unavailable, 'run again; if it stays, see https://status.cloud.google.com'],
    [faults.rateLimited, 'run again later, or start fewer runs at once'],
    [faults.broken, 'check that it can be reached from here (DNS, firewall, HTTPS_PROXY), then run again'],
    [job('stopped', 'Job execution was cancelled'), 'the job was cancelled: run again'],
    [job('timeout', 'timed out'), 'run again; if it stays, give the project more slots'],
    [faults.conflictingJob, 'run again: another run was writing'],
    [job('invalidQuery', 'scenedim: lease lost'), 'run the command again'],
    [
      job('invalidQuery', 'scenedim: stale heads'),
      'run the command again: it reads what another run has written meanwhile',
    ],
    [
      job('quotaExceeded', 'Quota exceeded'),
      'run again when the quota is there again, or have it raised: https://cloud.google.com/bigquery/quotas',
    ],
    [
      job('resourcesExceeded', 'Resources exceeded'),
      'the statement needs more than the project has: give it slots, or sync in shards (--shard 0/4)',
    ],
    [job('blocked', 'blocked'), 'the project is blocked: ask Google Cloud support'],
    [job('billingNotEnabled', 'no billing'), 'enable billing for the project: without it BigQuery changes no rows'],
    [answer(403, 'termsOfServiceNotAccepted', 'terms'), 'accept the terms of service in the Google Cloud console'],
    [
      faults.expiredToken,
      'BigQuery does not take the token: the account may be disabled, or its login must be renewed',
    ],
    [
      answer(407, 'x', 'Proxy Authentication Required'),
      'write user and password of the proxy into HTTPS_PROXY, before the host and an @',
    ],
  ])('%j: %s', async (fault, remedy) => {
    await using stage = await startLoaderOnFake();
    let isRefused = true;
    stage.fake.plan({ fault, on: 'insertJob', where: () => isRefused, times: 1_000 });
    await expect(stage.loader.apply(batch, signal)).rejects.toMatchObject({ remedy });
    isRefused = false;
    await stage.loader.apply(batch, signal);
  });

  test('a limit of bytes that is raised, or taken out', async () => {
    for (const section of [{ maximumBytesBilled: 2_000_000 }, {}]) {
      await using low = await startLoaderOnFake({ maximumBytesBilled: 1_000_000 });
      low.fake.plan({
        fault: job('bytesBilledLimitExceeded', 'Query exceeded limit for bytes billed'),
        on: 'insertJob',
        times: 1_000,
      });
      await expect(low.loader.apply(batch, signal)).rejects.toMatchObject({
        remedy: 'raise target.maximumBytesBilled, or take it out',
      });
      await using high = await startLoaderOnFake(section);
      await high.loader.apply(batch, signal);
    }
  });

  test('a project, a place and an endpoint that are corrected', async () => {
    await using stage = await startLoaderOnFake();
    const { apiEndpoint, projectId } = stage.fake;
    const open = (section: object) =>
      createBigQueryLoader(parseBigQueryConfig({ type: 'bigquery', projectId, apiEndpoint, ...section }), {
        timings: momentaryTimings,
      });
    await using elsewhere = open({ location: 'asia-east1' });
    await expect(elsewhere.readMeta(signal)).rejects.toMatchObject({
      remedy: 'set target.location: US, or take it out; a dataset cannot be moved',
    });
    await using missing = open({ dataset: 'other', location: 'US' });
    await expect(missing.apply(batch, signal)).rejects.toMatchObject({
      remedy: 'run scenedim migrate, or correct target.location',
    });
    await using tls = open({ apiEndpoint: apiEndpoint.replace('http:', 'https:') });
    await expect(tls.readMeta(signal)).rejects.toMatchObject({
      remedy: 'the server there speaks no TLS: write http:// instead of https://',
    });
    const page = createServer((_, response) => response.end('<html>Welcome</html>')).listen(0, '127.0.0.1');
    await new Promise((resolve) => page.once('listening', resolve));
    await using foreign = open({ apiEndpoint: `http://127.0.0.1:${(page.address() as AddressInfo).port}` });
    await expect(foreign.readMeta(signal)).rejects.toMatchObject({
      remedy: 'correct target.apiEndpoint, or leave it out: it is for emulators only',
    });
    page.closeAllConnections();
    page.close();
    let isNamedWrong = true;
    const fault = answer(404, 'notFound', 'Not found: Project test');
    stage.fake.plan({ fault, where: () => isNamedWrong, times: 1_000 });
    await using wrong = open({});
    await expect(wrong.readMeta(signal)).rejects.toMatchObject({ remedy: 'correct target.projectId' });
    isNamedWrong = false;
    for (const section of [{}, { location: 'US' }]) {
      await using right = open(section);
      expect(await right.readMeta(signal)).toBeNull();
      await right.migrate(sampleSettings, signal).catch(() => {});
    }
  });

  test('a dataset with default expirations, and tables with theirs, that are taken off', async () => {
    const table = 'scene/tables/dim_scene';
    const findings = async (resources: Readonly<Record<string, object>>) => {
      await using stage = await startLoaderOnFake({}, {}, { tables: [table], resources });
      return (await stage.loader.check(signal)).filter(({ subject }) => subject === 'expiration');
    };
    expect(await findings({ [table]: { expirationTime: '1800000000000' } })).toMatchObject([
      { remedy: 'run in BigQuery: ALTER TABLE `test.scene.dim_scene` SET OPTIONS (expiration_timestamp = NULL)' },
    ]);
    expect(await findings({ scene: { defaultTableExpirationMs: '86400000' } })).toMatchObject([
      { remedy: 'give scenedim a dataset without default expirations' },
    ]);
    expect(await findings({})).toEqual([]);
  });

  test('a NULL that somebody wrote is what it was again', async () => {
    let cell: string | null = null;
    await using stage = await startLoaderOnFake(
      {},
      {},
      {
        answer: ({ sql }) =>
          sql?.includes('scene_meta') ? settingsRow({ schemaVersion: 1, firstSeen: cell }) : undefined,
      },
    );
    await expect(stage.loader.readMeta(signal)).rejects.toMatchObject({
      remedy: 'it was changed by hand: restore the rows as they were before (FOR SYSTEM_TIME AS OF)',
    });
    cell = 'later';
    await expect(stage.loader.readMeta(signal)).rejects.toMatchObject({
      remedy: 'it was changed by hand: set it back to one of beginning, observed',
    });
    cell = 'observed';
    expect(await stage.loader.readMeta(signal)).toMatchObject({ firstSeen: 'observed' });
  });

  test('a lease that was lost is taken by running again', async () => {
    await using stage = await startLoaderOnFake({}, { leaseSeconds: 0.3 }, {});
    let isDown = false;
    stage.fake.plan({ fault: faults.unavailable, on: 'insertJob', where: () => isDown, times: 1_000_000 });
    await using lock = await stage.loader.acquireLock({ kind: 'exclusive' }, signal);
    isDown = true;
    await expect.poll(() => lock?.lost.aborted, { timeout: 30_000 }).toBe(true);
    expect(lock?.lost.reason).toMatchObject({ remedy: 'run the command again: nothing was written after that' });
    isDown = false;
    await using again = await stage.loader.acquireLock({ kind: 'exclusive' }, signal);
    expect(again).not.toBeNull();
  });

  test('a lease that another run keeps is taken when that run has ended', async () => {
    let isHeld = true;
    await using stage = await startLoaderOnFake(
      {},
      { leaseSeconds: 0.1 },
      {
        answer: ({ sql = '' }) => (takesLease(sql) && isHeld ? { affectedRows: 0 } : undefined),
      },
    );
    await expect(stage.loader.apply(batch, signal)).rejects.toMatchObject({
      remedy: 'run again; if it stays, look at the running jobs of the project',
    });
    isHeld = false;
    await stage.loader.apply(batch, signal);
  });

  test('settings without a row are migrated, and a lock that was lost is taken again', async () => {
    const meta = { ...sampleMeta, schemaVersion: 1 };
    let rows = '0';
    let isThere = false;
    await using stage = await startLoaderOnFake(
      {},
      {},
      {
        answer: ({ sql = '' }) => {
          if (sql.startsWith('UPDATE') && sql.includes('scene_meta')) return { affectedRows: Number(rows) };
          if (sql.includes('FROM `test.scene.scene_meta`') && isThere)
            return settingsRow({ schemaVersion: 1, timeZone: 'UTC' });
          return undefined;
        },
      },
    );
    expect((await stage.loader.writeMeta(meta, signal).catch((error: unknown) => error)) as object).toMatchObject({
      remedy: 'run scenedim migrate',
    });
    isThere = true;
    await using lock = await stage.loader.acquireLock({ kind: 'exclusive' }, signal);
    await expect(stage.loader.writeMeta(meta, signal)).rejects.toMatchObject({ remedy: 'run the command again' });
    rows = '1';
    await stage.loader.writeMeta(meta, signal);
    expect(lock).not.toBeNull();
  });
});
