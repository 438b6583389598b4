/**
 * Every way to be known to Google, by the real program in a process of its own, over TLS and through a proxy. Only Google is
 * played: see `fake-google.ts`. No secret may show, whatever happens.
 */
import { describe, expect, test } from 'vitest';
import { keyFiles } from '../support/fake-google.ts';
import type { TokenPlace } from '../support/fake-google-tokens.ts';
import {
  byVariable,
  errorOf,
  federation,
  keyFile,
  other,
  type Situation,
  startGoogleStage,
} from '../support/google-stage.ts';

const situations: Readonly<Record<string, { readonly situation: Situation; readonly asks: readonly TokenPlace[] }>> = {
  'the key of a service account in target.keyFile': {
    situation: { target: { keyFile: 'key.json' }, files: keyFile },
    asks: ['oauth2'],
  },
  'the key of a service account in GOOGLE_APPLICATION_CREDENTIALS': {
    situation: { files: keyFile, env: byVariable('key.json') },
    asks: ['oauth2'],
  },
  'the login of a user in GOOGLE_APPLICATION_CREDENTIALS': {
    situation: { files: { 'user.json': keyFiles.authorizedUser }, env: byVariable('user.json') },
    asks: ['oauth2'],
  },
  'the login that gcloud left at its place': {
    situation: {
      files: { 'application_default_credentials.json': keyFiles.authorizedUser },
      env: { CLOUDSDK_CONFIG: '.' },
    },
    asks: ['oauth2'],
  },
  'the token of a workload, by federation': {
    situation: { files: federation(), env: byVariable('federation.json') },
    asks: ['sts'],
  },
  'the token of a workload that acts as a service account': {
    situation: { target: { keyFile: 'federation.json' }, files: federation(other) },
    asks: ['sts', 'iamcredentials'],
  },
  'the account of the machine': { situation: { isOnMachine: true }, asks: ['metadata'] },
  'a key and impersonate': {
    situation: { target: { keyFile: 'key.json', impersonate: other }, files: keyFile },
    asks: ['oauth2', 'iamcredentials'],
  },
  'the account of the machine and impersonate': {
    situation: { target: { impersonate: other }, isOnMachine: true },
    asks: ['metadata', 'iamcredentials'],
  },
  'what gcloud wrote for a user who impersonates': {
    situation: {
      files: {
        'adc.json': {
          type: 'impersonated_service_account',
          delegates: [],
          service_account_impersonation_url: `https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${other}:generateAccessToken`,
          source_credentials: keyFiles.authorizedUser,
        },
      },
      env: byVariable('adc.json'),
    },
    asks: ['oauth2', 'iamcredentials'],
  },
};

describe('with', () => {
  test.concurrent.each(Object.entries(situations))('%s, one token serves a command', async (_, { situation, asks }) => {
    await using stage = await startGoogleStage(situation);
    const { google } = stage;
    const { code, stdout, stderr } = await stage.run(['export']);
    expect([code, stdout, stderr]).toEqual([0, '', '']);
    expect(google.desk.asked).toEqual(asks);
    expect([...google.hosts].sort()).toEqual(
      ['bigquery', ...asks.filter((place) => place !== 'metadata')].map((name) => `${name}.googleapis.com:443`).sort(),
    );
  });
});

test('with a key, check finds every right and migrate finds nothing to do', async () => {
  await using stage = await startGoogleStage({ target: { keyFile: 'key.json' }, files: keyFile });
  const check = await stage.run(['check', '--json']);
  const found = JSON.parse(check.stdout).findings.map(({ level, subject }: Record<string, string>) => [level, subject]);
  expect([check.code, check.stderr, found]).toEqual([
    0,
    '',
    [
      ['ok', 'config'],
      ['warning', 'source'],
      ['ok', 'connection'],
      ['ok', 'dataset'],
      ['ok', 'right to run jobs'],
      ['ok', 'right to create tables'],
      ['ok', 'right to create functions'],
      ['ok', 'schema version'],
      ['ok', 'rights on tables'],
      ['ok', 'statements'],
      ['ok', 'data'],
    ],
  ]);
  const migrate = await stage.run(['migrate', '--json']);
  expect([migrate.code, migrate.stderr, JSON.parse(migrate.stdout).applied]).toEqual([0, '', []]);
  expect(stage.google.desk.asked).toEqual(['oauth2', 'oauth2']);
});

describe('a token', () => {
  test('that ends in the middle of a replay is renewed, and the rows are loaded once', async () => {
    await using stage = await startGoogleStage({ target: { keyFile: 'key.json' }, files: keyFile });
    const { google } = stage;
    let uploads = 0;
    google.beforeRequest = (path) => {
      if (path.startsWith('/upload/') && ++uploads === 2) google.desk.expireAll();
    };
    const line = (day: number) =>
      `{"app_id":"wx1","observed_at":"2026-03-0${day}T00:00:00Z","body":{"scene":[{"name":"n${day}","value":1}]}}\n`;
    const { code, stdout } = await stage.run(['replay', '-', '--json'], line(1) + line(2));
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { outcome: 'ok', observations: { recorded: 2 } }]);
    expect(google.desk.asked).toEqual(['oauth2', 'oauth2']);
    const loaded = google.bigquery.jobs.flatMap(({ upload }) => (upload === undefined ? [] : [upload.rows.length]));
    expect(loaded.sort()).toEqual([1, 2, 2, 2]);
    expect(uploads).toBeGreaterThan(loaded.length);
  });

  test('that BigQuery never takes is renewed once, then refused', async () => {
    await using stage = await startGoogleStage({ target: { keyFile: 'key.json' }, files: keyFile });
    const { google } = stage;
    google.beforeRequest = () => google.desk.expireAll();
    expect(await errorOf(stage)).toEqual({
      code: 'target_denied',
      message: 'Invalid Credentials',
      remedy: 'BigQuery does not take the token: the account may be disabled, or its login must be renewed',
      exit: 77,
    });
    expect(google.desk.asked).toEqual(['oauth2', 'oauth2']);
  });

  test('is asked for again when the place that gives it fails for a moment', async () => {
    await using stage = await startGoogleStage({ target: { keyFile: 'key.json' }, files: keyFile });
    stage.google.desk.refuse('oauth2', [503, { error: 'backend_error' }], 2);
    expect(await stage.run(['export'])).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(stage.google.desk.asked).toEqual(['oauth2', 'oauth2', 'oauth2']);
  });
});
