import { once } from 'node:events';
import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { type CliWorkspace, createCliWorkspace } from '../support/cli-workspace.ts';
import { peakEnv, peakOf } from '../support/peak-memory.ts';
import { describePostgres } from '../support/postgres.ts';
import { replayLog } from '../support/replay-log.ts';

/** More than this is no noise of the garbage collector any more; a thousand accounts that are kept need several MB. */
const GROWTH_MB = 40;

const SECRET = '0123456789abcdef0123456789abcdef';

const env = { SECRET, ...peakEnv };

/** The most memory of a command that changes so many accounts, in MB. */
async function peakMbOf(work: CliWorkspace, args: readonly string[], accounts: number): Promise<number> {
  const { report, peakMb } = await peakOf(work, args);
  expect(report.accounts.changed).toBe(accounts);
  return peakMb;
}

/** WeChat's two endpoints, as fast as node can: every account has three scenes of its own. */
async function startQuickSource(): Promise<{ readonly url: string } & AsyncDisposable> {
  let answers = 0;
  const server = createServer((request, response) => {
    request.resume();
    if (request.method === 'POST') return response.end('{"access_token":"token","expires_in":7200}');
    answers += 1;
    const scene = [1, 2, 3].map((value) => ({ name: `场景 ${value} ${answers}`, value }));
    return response.end(JSON.stringify({ errcode: 0, errmsg: 'ok', scene }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no free port on loopback');
  return {
    url: `http://127.0.0.1:${address.port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

describePostgres(
  'the memory of a run does not grow with its accounts',
  ({ createDatabase }) => {
    test('in a replay of 5,000 and of 50,000', async () => {
      await using database = await createDatabase();
      const peaks = [];
      for (const accounts of [5_000, 50_000]) {
        const target = { type: 'postgres', url: database.url, schema: `replay_${accounts}` };
        await using work = await createCliWorkspace({ target }, env);
        const lines = replayLog({ accounts, scenes: 3, answers: 1, order: 'account' });
        await work.write('log.ndjson', [...lines].join('\n'));
        peaks.push(await peakMbOf(work, ['replay', 'log.ndjson'], accounts));
      }
      expectFlat(peaks);
    });

    test('in a sync of 3,000 and of 9,000', async () => {
      await using database = await createDatabase();
      await using quick = await startQuickSource();
      const peaks = [];
      for (const accounts of [3_000, 9_000]) {
        const target = { type: 'postgres', url: database.url, schema: `sync_${accounts}` };
        const source = {
          baseUrl: quick.url,
          ratePerSecond: 10_000,
          concurrency: 32,
          accounts: { file: 'accounts.csv' },
        };
        await using work = await createCliWorkspace({ target, source }, env);
        const list = Array.from({ length: accounts }, (_, index) => `wx${index},SECRET\n`);
        await work.write('accounts.csv', `app_id,secret_env\n${list.join('')}`);
        peaks.push(await peakMbOf(work, ['sync'], accounts));
      }
      expectFlat(peaks);
    });
  },
  { versions: 'newest' },
);

function expectFlat([few = 0, many = 0]: readonly number[]): void {
  process.stderr.write(`peak memory: ${few} and ${many} MB\n`);
  expect(few).toBeGreaterThan(0);
  expect(many - few).toBeLessThan(GROWTH_MB);
}
