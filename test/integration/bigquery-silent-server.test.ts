/** What the BigQuery client does with a server that takes a request and never answers. */
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { expect, test } from 'vitest';
import { parseBigQueryConfig } from '../../src/load/bigquery/bigquery-config.ts';
import { type BigQueryClient, createBigQueryClient } from '../../src/load/bigquery/client/bigquery-client.ts';

const { signal } = new AbortController();

/** A server on loopback, and what a client of it is made with. */
async function startServer(listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no free port on loopback');
  const apiEndpoint = `http://127.0.0.1:${address.port}`;
  return {
    config: parseBigQueryConfig({ type: 'bigquery', projectId: 'test', apiEndpoint }),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A server that reads requests and answers none, and a client of it that sends each twice. */
async function startSilence() {
  let asked = 0;
  const server = await startServer((request) => {
    asked += 1;
    request.resume();
  });
  const timings = { attempts: 2, delayMs: () => 1 };
  return {
    asked: () => asked,
    client: createBigQueryClient(server.config, timings, { answerTimeoutMs: 200 }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

test.each<[string, (client: BigQueryClient) => Promise<unknown>]>([
  ['a request', (client) => client.call({ method: 'GET', path: 'jobs/x' }, signal)],
  ['a request with a body', (client) => client.call({ method: 'POST', path: 'jobs', body: {} }, signal)],
  ['an upload', (client) => client.upload({}, () => [Buffer.from('{}\n')], signal)],
])('%s is given up and sent again, and then is an error of the network', async (_, send) => {
  await using silence = await startSilence();
  await expect(send(silence.client)).rejects.toMatchObject({
    networkCode: 'ETIMEDOUT',
    message: 'no answer within 0.2 seconds',
  });
  expect(silence.asked()).toBe(2);
});

test('an upload whose rows are still being taken is not given up', async () => {
  const received: Buffer[] = [];
  await using server = await startServer(async (request, response) => {
    for await (const chunk of request) received.push(chunk as Buffer);
    response.setHeader('content-type', 'application/json').end('{"done":true}');
  });
  const single = { attempts: 1, delayMs: () => 1 };
  const client = createBigQueryClient(server.config, single, { answerTimeoutMs: 2_000 });
  const chunk = Buffer.alloc(256 * 1024, 'x');
  const answer = await client.upload({}, () => Array.from({ length: 40 }, () => chunk), signal);
  expect(answer).toEqual({ done: true });
  expect(Buffer.concat(received).length).toBeGreaterThan(40 * chunk.length);
});
