/** What the BigQuery loader says when somebody else answers in BigQuery's place. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { parseBigQueryConfig } from '../../src/load/bigquery/bigquery-config.ts';
import { createBigQueryLoader } from '../../src/load/bigquery/bigquery-loader.ts';
import type { Loader } from '../../src/load/loader.ts';
import { momentaryTimings } from '../support/bigquery-on-fake.ts';

interface Page {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A server that answers every request with the same page, and a loader that takes it for BigQuery. */
async function startForeign(
  page: Page,
): Promise<{ readonly endpoint: string; readonly loader: Loader; asked(): number } & AsyncDisposable> {
  let asked = 0;
  const server = createServer((request, response) => {
    asked += 1;
    request.resume();
    response.writeHead(page.status, { 'content-type': 'text/html', ...page.headers }).end(page.body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no free port on loopback');
  const endpoint = `http://127.0.0.1:${address.port}`;
  const config = parseBigQueryConfig({ type: 'bigquery', projectId: 'test', apiEndpoint: endpoint });
  return {
    endpoint,
    loader: createBigQueryLoader(config, { timings: momentaryTimings }),
    asked: () => asked,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const { signal } = new AbortController();
const json = { 'content-type': 'application/json' };
const correct = 'correct target.apiEndpoint, or leave it out: it is for emulators only';

test.each<[string, Page, string]>([
  ['a login page', { status: 200, body: '<html>Welcome</html>' }, 'answers with something else'],
  ['JSON of something else', { status: 200, body: '{"up":true}', headers: json }, 'answers with something else'],
  ['a page that is not found', { status: 404, body: '<html>nope</html>' }, 'answers with HTTP status 404'],
  [
    'JSON of a service without such a path',
    { status: 404, body: '{"detail":"Not Found"}', headers: json },
    'answers with HTTP status 404',
  ],
  ['a page that is forbidden', { status: 403, body: '<html>no</html>' }, 'answers with HTTP status 403'],
  ['nothing', { status: 405, body: '' }, 'answers with HTTP status 405'],
  ['a redirect without end', { status: 302, body: '', headers: { location: '/again' } }, 'answers with a redirect'],
])('%s is told from BigQuery, once and with the remedy', async (_, page, what) => {
  await using foreign = await startForeign(page);
  const message = `${foreign.endpoint} ${what}, not as BigQuery does`;
  await expect(foreign.loader.readMeta(signal)).rejects.toMatchObject({
    code: 'target_unreachable',
    message,
    remedy: correct,
  });
  const findings = await foreign.loader.check(signal);
  expect(findings.at(-1)).toEqual({
    level: 'error',
    subject: 'connection',
    message,
    remedy: correct,
    code: 'target_unreachable',
  });
});

test('a page with status 502 comes from something on the way, so it is asked again', async () => {
  await using foreign = await startForeign({ status: 502, body: '<html>Bad Gateway</html>' });
  await expect(foreign.loader.readMeta(signal)).rejects.toMatchObject({
    code: 'target_unreachable',
    message: `${foreign.endpoint} answers with HTTP status 502, not as BigQuery does`,
    remedy: 'check that it can be reached from here (DNS, firewall, HTTPS_PROXY), then run again',
  });
  expect(foreign.asked()).toBe(momentaryTimings.request.attempts);
});

test('an error of BigQuery in its newer form is its own', async () => {
  const error = { code: 403, message: 'The caller does not have permission', status: 'PERMISSION_DENIED' };
  await using foreign = await startForeign({ status: 403, body: JSON.stringify({ error }), headers: json });
  await expect(foreign.loader.readMeta(signal)).rejects.toMatchObject({
    code: 'target_denied',
    message: 'The caller does not have permission',
  });
});
