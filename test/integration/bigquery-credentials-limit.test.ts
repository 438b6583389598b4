/** A place that gives out tokens and takes connections, but never says a word. */
import { once } from 'node:events';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseBigQueryConfig } from '../../src/load/bigquery/bigquery-config.ts';
import { createBigQueryClient } from '../../src/load/bigquery/client/bigquery-client.ts';
import { momentaryTimings } from '../support/bigquery-on-fake.ts';
import { externalAccount } from '../support/fake-google.ts';

async function startSilence() {
  const directory = await mkdtempDisposable(join(tmpdir(), 'silence-'));
  const asked = Promise.withResolvers<void>();
  const server = createServer(() => asked.resolve()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const keyFile = join(directory.path, 'federation.json');
  const subjectToken = join(directory.path, 'token');
  await writeFile(subjectToken, 'token of a workload');
  await writeFile(
    keyFile,
    JSON.stringify({ ...externalAccount(subjectToken), token_url: `http://127.0.0.1:${port}/token` }),
  );
  return {
    config: parseBigQueryConfig({ type: 'bigquery', projectId: 'test', keyFile }),
    asked: asked.promise,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await directory[Symbol.asyncDispose]();
    },
  };
}

test('is not waited for without end', async () => {
  await using silence = await startSilence();
  const client = createBigQueryClient(silence.config, momentaryTimings.request, { credentialsTimeoutMs: 1_000 });
  await expect(client.call({ method: 'GET', path: 'jobs' }, new AbortController().signal)).rejects.toMatchObject({
    code: 'target_unreachable',
    message: 'no credentials within 1 seconds',
    remedy: 'check that googleapis.com can be reached from here; behind a proxy, set HTTPS_PROXY',
  });
});

test('does not hold up who stops the command', async () => {
  await using silence = await startSilence();
  const client = createBigQueryClient(silence.config, momentaryTimings.request);
  const stopping = new AbortController();
  const call = client.call({ method: 'GET', path: 'jobs' }, stopping.signal);
  await silence.asked;
  stopping.abort(new Error('stopped'));
  await expect(call).rejects.toThrow('stopped');
});
