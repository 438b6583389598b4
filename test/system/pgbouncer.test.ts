/** Every command through a real PgBouncer, in each of its modes. */
import { expect, test } from 'vitest';
import { createCliWorkspace } from '../support/cli-workspace.ts';
import { noPgbouncer, type PgbouncerOptions, startPgbouncer } from '../support/pgbouncer.ts';
import { describePostgres, skipVisibly } from '../support/postgres.ts';
import { replayLog } from '../support/replay-log.ts';

const log = [...replayLog({ accounts: 12, scenes: 6, answers: 3, order: 'account' })]
  .filter((line) => !/"wx0000000[12]"/.test(line))
  .join('\n');
const account = ['--app-id', 'wx00000003', '--observed-at', '2026-01-01T00:00:00Z'];

const writers = [
  ['migrate'],
  ['replay', 'log.ndjson'],
  ['hold', ...account],
  ['accept', ...account],
  ['verify'],
  ['rebuild'],
] as const;
const readers = [['plan', '--input', 'log.ndjson'], ['status'], ['history', '1'], ['export'], ['export-log']] as const;

if (noPgbouncer !== undefined) skipVisibly('PgBouncer', noPgbouncer);
else
  describePostgres(
    'PgBouncer',
    ({ createDatabase }) => {
      async function run(options: PgbouncerOptions, commands: readonly (readonly string[])[], migrated = false) {
        await using database = await createDatabase();
        await using direct = await createCliWorkspace({ target: { type: 'postgres', url: database.url } });
        if (migrated) await direct.succeed(['migrate']);
        await using pooler = await startPgbouncer(database.url, options);
        await using work = await createCliWorkspace({ target: { type: 'postgres', url: pooler.url } });
        await work.write('log.ndjson', log);
        const results = [];
        for (const command of commands) results.push({ command, ...(await work.run(command)) });
        return results;
      }

      test.each([
        { mode: 'session', poolSize: 2 },
        { mode: 'transaction', poolSize: 2 },
        {
          mode: 'transaction',
          poolSize: 2,
          settings: ['server_reset_query = DISCARD ALL', 'server_reset_query_always = 1'],
        },
      ] as const)('runs every command: %j', async (options) => {
        const results = await run(options, [...writers, ...readers]);
        const failed = results.filter(({ code }) => code !== 0);
        expect(failed).toEqual([]);
      });

      test('that pools statements is refused by every command, with 78 and a remedy', async () => {
        for (const result of await run({ mode: 'statement', poolSize: 2 }, [...writers, ...readers], true)) {
          expect(result).toMatchObject({ code: 78, stderr: expect.stringMatching(/pool_mode/) });
        }
      });

      test('with a pool of one lets commands read, and tells those that write the number', async () => {
        const [replay, status] = await run({ mode: 'transaction', poolSize: 1 }, [writers[1], ['status']], true);
        expect(replay).toMatchObject({
          code: 69,
          stderr: expect.stringMatching(/needs 2 connections.*\n.*default_pool_size/),
        });
        expect(status).toMatchObject({ code: 0 });
      });

      test('that is set as its remedy says takes the replay, and so does the server itself', async () => {
        await using database = await createDatabase();
        await using direct = await createCliWorkspace({ target: { type: 'postgres', url: database.url } });
        await direct.succeed(['migrate']);
        await direct.write('log.ndjson', log);
        const replayed = async (options: PgbouncerOptions) => {
          await using pooler = await startPgbouncer(database.url, options);
          await using work = await createCliWorkspace({ target: { type: 'postgres', url: pooler.url } });
          await work.write('log.ndjson', log);
          return await work.run(['replay', 'log.ndjson']);
        };
        const modes = 'set pool_mode of the pooler to transaction or session, or connect to the server itself';
        const sizes = 'let the pooler give two connections at once (default_pool_size), then run again';
        const impatient = { mode: 'transaction', settings: ['query_wait_timeout = 1'] } as const;
        for (const [wrong, remedy, right] of [
          [{ mode: 'statement', poolSize: 2 }, modes, { mode: 'transaction', poolSize: 2 }],
          [{ mode: 'statement', poolSize: 2 }, modes, { mode: 'session', poolSize: 2 }],
          [{ ...impatient, poolSize: 1 }, sizes, { ...impatient, poolSize: 2 }],
        ] as const) {
          const told = await replayed(wrong);
          expect([told.code === 0, told.stderr]).toEqual([false, expect.stringContaining(`remedy: ${remedy}\n`)]);
          expect(await replayed(right)).toMatchObject({ code: 0 });
        }
        await direct.succeed(['replay', 'log.ndjson']);
      });

      test('that gives up waiting says so', async () => {
        const options = { mode: 'transaction', poolSize: 1, settings: ['query_wait_timeout = 1'] } as const;
        const [replay] = await run(options, [writers[1]], true);
        expect(replay).toMatchObject({
          code: 69,
          stderr: expect.stringMatching(/query_wait_timeout.*\n.*default_pool_size/),
        });
      });
    },
    { versions: 'newest' },
  );
