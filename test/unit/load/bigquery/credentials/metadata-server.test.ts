import { once } from 'node:events';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fetchMachineToken, findMachineAccount } from '../../../../../src/load/bigquery/credentials/metadata-server.ts';

const google = { 'metadata-flavor': 'Google' };

/** A metadata server that breaks the first connections, as that of GKE does while a pod starts. */
async function startServer(broken: number, headers: Readonly<Record<string, string>>, status: number, body: string) {
  let left = broken;
  const server = createServer((request, response) => {
    left -= 1;
    if (left >= 0) request.socket.destroy();
    else response.writeHead(status, headers).end(body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return {
    environment: { GCE_METADATA_HOST: `127.0.0.1:${port}` },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

describe('the account of the machine', () => {
  test.each([
    ['Google', { email: 'me@p.iam.gserviceaccount.com' }],
    ['another maker', null],
  ])('is waited for on a machine made by %s', async (vendor, account) => {
    await using directory = await mkdtempDisposable(join(tmpdir(), 'bios-'));
    const bios = join(directory.path, 'bios_vendor');
    await writeFile(bios, `${vendor}\n`);
    await using server = await startServer(2, google, 200, 'me@p.iam.gserviceaccount.com\n');
    expect(await findMachineAccount(server.environment, bios)).toEqual(account);
  });

  test.each<[string, Readonly<Record<string, string>>, number, string, object | null]>([
    ['a service account', google, 200, 'me@p.iam.gserviceaccount.com', { email: 'me@p.iam.gserviceaccount.com' }],
    ['a pool of GKE', google, 200, 'my-project.svc.id.goog', { email: null }],
    ['no account', google, 404, 'not found', { email: null }],
    ['the metadata of another cloud', {}, 200, 'me@p', null],
    ['a page of a proxy', {}, 403, 'forbidden', null],
  ])('is told from %s', async (_, headers, status, body, account) => {
    await using server = await startServer(0, headers, status, body);
    expect(await findMachineAccount(server.environment, '/nowhere')).toEqual(account);
  });
});

test('a token that the metadata server refuses bears its status', async () => {
  await using server = await startServer(0, google, 403, 'IAM returned 403\nmore');
  await expect(fetchMachineToken(server.environment, 'scope')).rejects.toMatchObject({
    message: 'IAM returned 403',
    status: 403,
  });
});

test('a metadata server that breaks the connection is a failure of the network', async () => {
  await using server = await startServer(9, google, 200, '{}');
  await expect(fetchMachineToken(server.environment, 'scope')).rejects.toMatchObject({
    message: 'the metadata server of the machine does not answer',
    status: null,
    networkCode: 'UND_ERR_SOCKET',
  });
});

test.each([
  ['is cut off', '{"access_token":"ya29.hunter2'],
  ['says no time', '{"access_token":"ya29.hunter2"}'],
  ['is empty', '{"access_token":"","expires_in":3599}'],
])('a token that %s is a failure that does not quote it', async (_, body) => {
  await using server = await startServer(0, google, 200, body);
  const error: unknown = await fetchMachineToken(server.environment, 'scope').catch((reason: unknown) => reason);
  expect(error).toMatchObject({ message: 'the metadata server of the machine gives no token that can be read' });
  expect(String((error as Error).stack)).not.toContain('hunter2');
});
