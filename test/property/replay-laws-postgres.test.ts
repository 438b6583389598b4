import { afterAll, beforeAll, expect, it } from 'vitest';
import { requireInstant } from '../../src/instant.ts';
import type { Loader } from '../../src/load/loader.ts';
import { createMemoryLoader } from '../../src/load/memory/memory-loader.ts';
import { parsePostgresConfig } from '../../src/load/postgres/postgres-config.ts';
import { createPostgresLoader } from '../../src/load/postgres/postgres-loader.ts';
import { accept, hold } from '../../src/pipeline/decide.ts';
import { exportLog } from '../../src/pipeline/export-log.ts';
import { replay } from '../../src/pipeline/replay.ts';
import { verify } from '../../src/pipeline/verify.ts';
import { describePostgres, type TestDatabase } from '../support/postgres.ts';
import {
  checkLaw,
  databaseRuns,
  idsNeverChangeTheirName,
  logMovesBetweenTargets,
  orderDoesNotMatter,
  repeatingChangesNothing,
  stepsEqualOneFile,
} from '../support/replay-laws.ts';
import { contextFor, inputOf, readExport } from '../support/run-case.ts';
import { createSharedPglite } from '../support/shared-pglite.ts';

const RUNS = databaseRuns(25);

describePostgres(
  'a dimension in Postgres',
  ({ createDatabase }) => {
    let database: TestDatabase;
    let schemas = 0;
    beforeAll(async () => {
      database = await createDatabase();
    });
    afterAll(() => database[Symbol.asyncDispose]());

    async function createTarget(): Promise<Loader> {
      schemas += 1;
      const section = { type: 'postgres', url: database.url, schema: `scene_${schemas}` };
      return createPostgresLoader(parsePostgresConfig(section));
    }

    it('is the same for any order and any split of its observations', () =>
      checkLaw(orderDoesNotMatter(createTarget), RUNS));
    it('is the same whether answers come one by one or in one file', () =>
      checkLaw(stepsEqualOneFile(createTarget), RUNS));
    it('is not changed by replaying or rebuilding it', () => checkLaw(repeatingChangesNothing(createTarget), RUNS));
    it('can be moved by its log, decisions included', () => checkLaw(logMovesBetweenTargets(createTarget), RUNS));
    it('never gives one version_id two names', () => checkLaw(idsNeverChangeTheirName(createTarget), RUNS));

    it('moves from memory to PGlite to Postgres and back without a byte of difference', async () => {
      await using shared = await createSharedPglite();
      await using origin = createMemoryLoader();
      await fill(origin);
      const contents = await contentsOf(origin);
      expect(contents.log.match(/"status":"(held|failed)"|"hold_reason":"manual"|"body_base64"/g)).toHaveLength(8);

      await using pglite = await shared.createLoader();
      await using postgres = await createTarget();
      await using memory = createMemoryLoader();
      let from: Loader = origin;
      for (const to of [pglite, postgres, memory]) {
        await load(to, [(await contentsOf(from)).log]);
        expect(await contentsOf(to)).toEqual(contents);
        expect((await verify(contextFor(to, settings))).violations).toEqual([]);
        from = to;
      }
    });
  },
  { versions: 'newest' },
);

const settings = { dimension: {}, guards: {} };

async function load(loader: Loader, texts: readonly string[]): Promise<void> {
  const lines = texts.flatMap((text) => text.split('\n').filter(Boolean));
  const { error } = await replay(contextFor(loader, settings), { input: inputOf(lines), name: 'log.ndjson' });
  expect(error).toBeNull();
}

async function contentsOf(loader: Loader): Promise<{ readonly dimension: string; readonly log: string }> {
  const log = await Array.fromAsync(exportLog(loader, new AbortController().signal));
  return { dimension: await readExport(loader), log: log.join('') };
}

/** Every kind of observation there is: not UTF-8, held and accepted, held, held by hand, failed, empty, odd texts. */
async function fill(loader: Loader): Promise<void> {
  const context = contextFor(loader, settings);
  const day = (n: number) => `2026-01-0${n}T00:00:00.00000${n}Z`;
  const many = (suffix: string) => [1, 2, 3, 4, 5].map((value) => ({ name: `名 ${value}${suffix}`, value }));
  const line = (app_id: string, n: number, scene: unknown) =>
    JSON.stringify({ app_id, observed_at: day(n), body: JSON.stringify({ errcode: 0, scene }) });
  const latin1 = Buffer.from('{"errcode":0,"scene":[{"name":"caf\xe9 \xff","value":"\xfe"}]}', 'latin1');
  const binary = (app_id: string, n: number) =>
    JSON.stringify({ app_id, observed_at: day(n), body_base64: latin1.toString('base64') });
  await load(loader, [
    binary('wx-bytes', 1),
    line('wx-bytes', 2, many('\ufeff\t\\ "')),
    binary('wx-bytes', 3),
    line('wx-decided', 1, many('')),
    line('wx-decided', 2, many('').slice(0, 1)),
    line('wx-decided', 3, []),
    line('wx-decided', 4, many(' neu')),
    line('wx-decided', 5, many(' falsch')),
    JSON.stringify({ app_id: 'wx-failed', observed_at: day(1), body: { errcode: -1, errmsg: 'busy \t\\N' } }),
    JSON.stringify({ app_id: 'wx-failed', observed_at: day(2), body: '<html>' }),
    line('微信 \\N', 1, [{ name: '𝒩\u0000', value: 123456789012 }, { name: 7, value: 2 }, 'row']),
  ]);
  await accept(context, { appId: 'wx-decided', observedAt: requireInstant(day(2), 'day 2') });
  await hold(context, { appId: 'wx-decided', observedAt: requireInstant(day(5), 'day 5') });
}
