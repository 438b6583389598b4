/**
 * What the real program says when Google does not know it: one message, one remedy, the exit status, and never a secret. Only
 * Google is played: see `fake-google.ts`.
 */
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, expect, test } from 'vitest';
import { externalAccount, keyFiles } from '../support/fake-google.ts';
import { account, secrets, type TokenAnswer, type TokenPlace } from '../support/fake-google-tokens.ts';
import {
  byVariable,
  errorOf,
  federation,
  findingOf,
  keyFile,
  other,
  type Situation,
  startGoogleStage,
} from '../support/google-stage.ts';

const grant = (target: string, member: string) =>
  `gcloud iam service-accounts add-iam-policy-binding ${target} --member=${member} --role=roles/iam.serviceAccountTokenCreator`;

interface Failure {
  readonly situation: Situation;
  readonly refusal?: readonly [TokenPlace, TokenAnswer];
  readonly exit: number;
  readonly message: string;
  readonly remedy: string;
}

const withKey: Situation = { target: { keyFile: 'key.json' }, files: keyFile };
const bareKey = keyFiles.serviceAccount.private_key.split('\n').slice(1).join('\n');
const { privateKey: unknownKey } = generateKeyPairSync('rsa', {
  modulusLength: 2_048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const newKey = 'the key was deleted, or the account was disabled or deleted: make a new key, or use workload identity';
const nameAKey = (setting: string) =>
  `name a JSON key of a service account, or a file that gcloud wrote, in ${setting}`;
const forbidden = (message: string): TokenAnswer => [
  403,
  { error: { code: 403, message, status: 'PERMISSION_DENIED' } },
];
const noAccessToken = "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).";

const failures: Readonly<Record<string, Failure>> = {
  'a key that was deleted': {
    situation: {
      target: { keyFile: 'key.json' },
      files: { 'key.json': { ...keyFiles.serviceAccount, private_key: unknownKey } },
    },
    exit: 77,
    message: `Google refuses the key of ${account}: invalid_grant: Invalid JWT Signature.`,
    remedy: newKey,
  },
  'a machine whose clock is wrong': {
    situation: withKey,
    refusal: [
      'oauth2',
      [
        400,
        {
          error: 'invalid_grant',
          error_description:
            'Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.',
        },
      ],
    ],
    exit: 77,
    message: `Google refuses the key of ${account}: invalid_grant: Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.`,
    remedy: 'set the clock of this machine',
  },
  'a login that was revoked': {
    situation: { files: { 'user.json': keyFiles.authorizedUser }, env: byVariable('user.json') },
    refusal: ['oauth2', [400, { error: 'invalid_grant', error_description: 'Token has been expired or revoked.' }]],
    exit: 77,
    message: 'Google refuses the login of the user: invalid_grant: Token has been expired or revoked.',
    remedy: 'run gcloud auth application-default login',
  },
  'a workload that the pool does not know': {
    situation: {
      files: { ...federation(), 'subject-token': `${secrets.subjectToken}-of-another` },
      env: byVariable('federation.json'),
    },
    exit: 77,
    message: 'Google refuses the identity of the workload: invalid_grant: The given credential is rejected.',
    remedy: 'check the workload identity pool, its provider, and the token that credential_source names',
  },
  'a workload that may not act as its service account': {
    situation: { files: federation(other), env: byVariable('federation.json') },
    refusal: ['iamcredentials', forbidden(noAccessToken)],
    exit: 77,
    message: `Google refuses the identity of the workload as ${other}: PERMISSION_DENIED: ${noAccessToken}`,
    remedy: 'grant the identity roles/iam.workloadIdentityUser on the service account that the file names',
  },
  'a workload whose token is not mounted': {
    situation: {
      files: { 'federation.json': externalAccount('/nowhere/token') },
      env: byVariable('federation.json'),
    },
    exit: 78,
    message: 'credential_source: /nowhere/token cannot be read (ENOENT)',
    remedy: 'mount the token of the workload there, or correct the file of the credentials',
  },
  'a machine without an account': {
    situation: { isOnMachine: true },
    refusal: ['metadata', [404, { error: 'not found' }]],
    exit: 77,
    message: `Google refuses the machine's own account ${account}: 404: {"error":"not found"}`,
    remedy:
      'give the machine a service account; in GKE, bind the Kubernetes service account of the pod to one ' +
      '(roles/iam.workloadIdentityUser)',
  },
  'an account that may not act as the other': {
    situation: { ...withKey, target: { keyFile: 'key.json', impersonate: other } },
    refusal: ['iamcredentials', forbidden(noAccessToken)],
    exit: 77,
    message: `serviceAccount:${account} may not act as ${other}: PERMISSION_DENIED: ${noAccessToken}`,
    remedy: grant(other, `serviceAccount:${account}`),
  },
  'a project without the API for acting as others': {
    situation: { ...withKey, target: { keyFile: 'key.json', impersonate: other } },
    refusal: [
      'iamcredentials',
      forbidden('IAM Service Account Credentials API has not been used in project 1 before or it is disabled.'),
    ],
    exit: 77,
    message: `serviceAccount:${account} may not act as ${other}: PERMISSION_DENIED: IAM Service Account Credentials API has not been used in project 1 before or it is disabled.`,
    remedy: 'gcloud services enable iamcredentials.googleapis.com --project=test',
  },
  'a key file that is not there': {
    situation: { target: { keyFile: '/nowhere/key.json' } },
    exit: 78,
    message: 'target.keyFile: /nowhere/key.json does not exist',
    remedy: 'mount the key there, or correct target.keyFile',
  },
  'a variable that names a directory': {
    situation: { env: { GOOGLE_APPLICATION_CREDENTIALS: '/' } },
    exit: 78,
    message: 'GOOGLE_APPLICATION_CREDENTIALS: / is a directory',
    remedy: 'mount the key there, or correct GOOGLE_APPLICATION_CREDENTIALS',
  },
  'a key file that is not JSON': {
    situation: { target: { keyFile: 'key.pem' }, files: { 'key.pem': bareKey } },
    exit: 78,
    message: 'target.keyFile: @DIRECTORY/key.pem is not JSON',
    remedy: nameAKey('target.keyFile'),
  },
  'a variable that names another JSON file': {
    situation: { files: { 'package.json': { name: 'x', private_key: bareKey } }, env: byVariable('package.json') },
    exit: 78,
    message: 'GOOGLE_APPLICATION_CREDENTIALS: @DIRECTORY/package.json holds no credentials of Google Cloud',
    remedy: nameAKey('GOOGLE_APPLICATION_CREDENTIALS'),
  },
  'a key file that was cut off': {
    situation: {
      target: { keyFile: 'key.json' },
      files: {
        'key.json': { ...keyFiles.serviceAccount, private_key: keyFiles.serviceAccount.private_key.slice(0, 300) },
      },
    },
    exit: 78,
    message: 'target.keyFile: @DIRECTORY/key.json: its private_key is not a private key',
    remedy: nameAKey('target.keyFile'),
  },
  'no credentials at all': {
    situation: {},
    exit: 77,
    message: 'there are no credentials for BigQuery',
    remedy:
      'run gcloud auth application-default login, set target.keyFile or GOOGLE_APPLICATION_CREDENTIALS, ' +
      'or run on a machine or pod with a service account of Google Cloud',
  },
};

describe('one message and a remedy for', () => {
  test.concurrent.each(Object.entries(failures))('%s', async (_, { situation, refusal, ...failure }) => {
    await using stage = await startGoogleStage(situation);
    if (refusal !== undefined) stage.google.desk.refuse(...refusal);
    const message = failure.message.replaceAll('@DIRECTORY', stage.work.directory);
    expect(await findingOf(stage)).toEqual({
      ...failure,
      subject: failure.exit === 78 ? 'key file' : 'credentials',
      message,
    });
    expect(stage.google.bigquery.requests).toEqual([]);
  });
});

/** A server that takes connections and never says a word. */
async function startSilence(): Promise<AsyncDisposable & { readonly host: string }> {
  const server = createServer(() => {}).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no free port on loopback');
  return {
    host: `127.0.0.1:${address.port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

test('a key that was deleted ends any other command too', async () => {
  await using stage = await startGoogleStage(withKey);
  stage.google.desk.refuse('oauth2', [400, { error: 'invalid_grant', error_description: 'Invalid JWT Signature.' }]);
  expect(await errorOf(stage)).toEqual({
    code: 'target_denied',
    message: `Google refuses the key of ${account}: invalid_grant: Invalid JWT Signature.`,
    remedy: newKey,
    exit: 77,
  });
  expect(stage.google.desk.asked).toEqual(['oauth2']);
});

test('a proxy whose certificate nobody knows is told apart from Google', async () => {
  await using stage = await startGoogleStage({ ...withKey, env: { NODE_EXTRA_CA_CERTS: '' } });
  expect(await findingOf(stage)).toEqual({
    subject: 'connection',
    message: expect.stringMatching(/^no token: .*oauth2\.googleapis\.com.*unable to verify the first certificate/),
    remedy: 'set NODE_EXTRA_CA_CERTS to the CA of your proxy',
    exit: 78,
  });
});

test('where the address of metadata servers is silent, a command comes to its end', async () => {
  await using silence = await startSilence();
  await using stage = await startGoogleStage({ env: { GCE_METADATA_HOST: silence.host } });
  expect(await errorOf(stage)).toMatchObject({ message: 'there are no credentials for BigQuery', exit: 77 });
});

test('a proxy that wants a password is told apart from Google', async () => {
  const proxy = createServer().on('connect', (_message, socket) => {
    socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n');
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const address = proxy.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  await using stage = await startGoogleStage({ ...withKey, env: { HTTPS_PROXY: `http://127.0.0.1:${port}` } });
  expect(await errorOf(stage)).toEqual({
    code: 'config_invalid',
    message: 'the proxy of HTTPS_PROXY wants a user and a password',
    remedy: 'write them into it, before the host and an @',
    exit: 78,
  });
  proxy.close();
});
