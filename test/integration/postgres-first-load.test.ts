/** A first load goes without the primary key of `dim_scene`, and ends with it, whatever happens in between. */
import { describe, expect, test, vi } from 'vitest';
import {
  insertOf,
  instantAt,
  sampleChangeSet,
  sampleHeadChange,
  sampleObservation,
  sampleSettings,
  sampleVersion,
} from '../../src/load/contract/sample-rows.ts';
import type { ChangeSet } from '../../src/load/loader.ts';
import { describePostgres, startPostgres } from '../support/postgres.ts';
import { asUser, connect, oneAccount, open, query, signal } from '../support/postgres-loader-fixture.ts';

const ROWS = 10_000;
const primaryKey = `SELECT conname FROM pg_constraint WHERE conrelid = 'scene.dim_scene'::regclass AND contype = 'p'`;
const count = 'SELECT count(*)::integer AS rows, count(DISTINCT version_id)::integer AS ids FROM scene.dim_scene';

/** A batch that adds one account with so many scenes. */
function manyScenes(appId: string, batch: number, scenes = ROWS): ChangeSet {
  return sampleChangeSet(batch, {
    heads: [sampleHeadChange(appId, null)],
    observations: [sampleObservation(appId, instantAt(0))],
    versions: Array.from({ length: scenes }, (_, n) => insertOf(sampleVersion(appId, String(n), instantAt(0)))),
  });
}

function endOf({ run }: ChangeSet): ChangeSet {
  return sampleChangeSet(run.batches, { run: { ...run, finishedAt: instantAt(9), outcome: 'ok' } });
}

describePostgres('a first load', ({ createDatabase, adminUrl, server }) => {
  async function migrated(make = createDatabase) {
    const database = await make();
    const loader = await open(database.url);
    await loader.migrate(sampleSettings, signal);
    return {
      url: database.url,
      loader,
      async [Symbol.asyncDispose]() {
        await loader[Symbol.asyncDispose]();
        await database[Symbol.asyncDispose]();
      },
    };
  }

  test('has no primary key until its run ends', async () => {
    await using target = await migrated();
    const { url, loader } = target;
    await loader.apply(manyScenes('wx1', 1), signal);
    expect(await query(url, primaryKey)).toEqual([]);
    const last = manyScenes('wx2', 2);
    await loader.apply(last, signal);
    await loader.apply(endOf(last), signal);
    expect(await query(url, primaryKey)).toEqual([{ conname: 'dim_scene_pkey' }]);
    expect(await query(url, count)).toEqual([{ rows: 2 * ROWS, ids: 2 * ROWS }]);
    expect((await loader.check(signal)).filter(({ level }) => level !== 'ok')).toEqual([]);
  });

  test('that was killed is told by check, and completed by the next run', async () => {
    await using target = await migrated();
    const { url } = target;
    {
      await using killed = await open(url);
      await killed.apply(manyScenes('wx1', 1), signal);
    }
    await using next = await open(url);
    const found = (await next.check(signal)).filter(({ level }) => level !== 'ok');
    const message = 'dim_scene has no unique key over version_id: a first load goes on, or was killed';
    expect(found).toMatchObject([{ level: 'warning', message }]);
    await using lock = await next.acquireLock({ kind: 'shard', index: 0, count: 2 }, signal);
    expect(lock).not.toBeNull();
    expect(await query(url, primaryKey)).toEqual([{ conname: 'dim_scene_pkey' }]);
    expect((await next.check(signal)).filter(({ level }) => level !== 'ok')).toEqual([]);
  });

  test('that was killed is completed by the command that check names', async () => {
    await using target = await migrated();
    await target.loader.apply(manyScenes('wx1', 1), signal);
    const found = (await target.loader.check(signal)).find(({ level }) => level !== 'ok');
    await query(target.url, found?.remedy?.slice(found.remedy.indexOf('ALTER')) ?? '');
    expect((await target.loader.check(signal)).filter(({ level }) => level !== 'ok')).toEqual([]);
  });

  test('renames and removes what it loaded, all the same', async () => {
    await using target = await migrated();
    const { url, loader } = target;
    const first = manyScenes('wx1', 1);
    await loader.apply(first, signal);
    const [renamed, removed] = [...first.versions].flatMap((change) => (change.op === 'insert' ? [change.after] : []));
    if (renamed === undefined || removed === undefined) throw new Error('there are versions');
    const closed = { ...renamed, effectiveTo: instantAt(1), endReason: 'renamed' as const };
    const head = first.heads[0]?.head;
    const second = sampleChangeSet(2, {
      heads: head === undefined ? [] : [{ before: head, head: { ...head, revision: 2 } }],
      versions: [
        { op: 'update', before: renamed, after: closed },
        { op: 'delete', before: removed },
      ],
    });
    await loader.apply(second, signal);
    await loader.apply(endOf(second), signal);
    expect(await query(url, count)).toEqual([{ rows: ROWS - 1, ids: ROWS - 1 }]);
    const ended = `SELECT scene_key FROM scene.dim_scene WHERE end_reason = 'renamed'`;
    expect(await query(url, ended)).toEqual([{ scene_key: renamed.sceneKey }]);
  });

  test('ends without its key while somebody reads, says so, and the next run makes the key', async () => {
    await using target = await migrated();
    const { url } = target;
    const notices: { readonly message: string; readonly waitMs: number | null }[] = [];
    await using loader = await open(url, {}, (notice) => notices.push(notice));
    const batch = manyScenes('wx1', 1);
    await loader.apply(batch, signal);
    {
      await using reader = await connect(url);
      await reader.query('BEGIN; SELECT FROM scene.dim_scene');
      await loader.apply(endOf(batch), signal);
      expect(await query(url, primaryKey)).toEqual([]);
      expect(await query(url, 'SELECT outcome FROM scene.scene_run')).toEqual([{ outcome: 'ok' }]);
      expect(notices.map(({ waitMs }) => waitMs)).toEqual([1_000, 1_000, 1_000, 1_000, null]);
      expect(notices.at(-1)?.message).toMatch(
        /the primary key of dim_scene is missing .* lock timeout; the run goes on without/,
      );
    }
    await using lock = await loader.acquireLock({ kind: 'exclusive' }, signal);
    expect(lock).not.toBeNull();
    expect(await query(url, primaryKey)).toEqual([{ conname: 'dim_scene_pkey' }]);
  });

  test('ends without its key when somebody wrote a version twice', async () => {
    await using target = await migrated();
    const { url, loader } = target;
    const batch = manyScenes('wx1', 1);
    await loader.apply(batch, signal);
    const again = `INSERT INTO scene.dim_scene SELECT (jsonb_populate_record(d, '{"scene_key": "by hand"}')).*
      FROM scene.dim_scene AS d LIMIT 1`;
    await query(url, again);
    await loader.apply(endOf(batch), signal);
    expect(await query(url, 'SELECT outcome FROM scene.scene_run')).toEqual([{ outcome: 'ok' }]);
    expect(await query(url, primaryKey)).toEqual([]);
  });

  test('ends with its key while the server vacuums the table', async () => {
    // Nothing else is vacuumed: with these costs the tables of the system would take half a minute.
    const settings = {
      autovacuum_naptime: '1',
      autovacuum_vacuum_threshold: '1000000',
      autovacuum_analyze_threshold: '1000000',
    };
    await using cluster = await startPostgres(server, { settings });
    await using target = await migrated(cluster.createDatabase);
    const { url, loader } = target;
    const slowly = 'autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1';
    await query(url, `ALTER TABLE scene.dim_scene SET (autovacuum_vacuum_insert_threshold = 1, ${slowly})`);
    const batch = manyScenes('wx1', 1);
    await loader.apply(batch, signal);
    const vacuums = `SELECT FROM pg_stat_activity
      WHERE backend_type = 'autovacuum worker' AND query ~ '^autovacuum: .*scene[.]dim_scene'`;
    const isVacuumed = async () => {
      // A session tells how many rows it wrote with its next statement, or after ten idle seconds.
      await loader.readMeta(signal);
      expect(await query(url, vacuums)).toHaveLength(1);
    };
    await vi.waitFor(isVacuumed, { timeout: 60_000, interval: 100 });
    await loader.apply(endOf(batch), signal);
    expect(await query(url, primaryKey)).toEqual([{ conname: 'dim_scene_pkey' }]);
  });

  test('ends without its key where a limit of the server keeps it from being made', async () => {
    await using target = await migrated();
    const { url, loader } = target;
    const batch = manyScenes('wx1', 1);
    await loader.apply(batch, signal);
    await query(
      url,
      `CREATE FUNCTION no_key() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no key today'; END $$;
       CREATE EVENT TRIGGER no_key ON ddl_command_start WHEN TAG IN ('ALTER TABLE') EXECUTE FUNCTION no_key()`,
    );
    await loader.apply(endOf(batch), signal);
    expect(await query(url, 'SELECT outcome FROM scene.scene_run')).toEqual([{ outcome: 'ok' }]);
    await using lock = await loader.acquireLock({ kind: 'exclusive' }, signal);
    expect(lock).not.toBeNull();
    expect(await query(url, primaryKey)).toEqual([]);
  });

  test('gets its key from another shard that ends later', async () => {
    await using target = await migrated();
    const { url, loader } = target;
    await loader.apply(manyScenes('wx1', 1), signal);
    await using other = await open(url);
    const batch = manyScenes('wx2', 1);
    const own = { ...batch, run: { ...batch.run, runId: `${batch.run.runId}-other` } };
    await other.apply(own, signal);
    await other.apply({ ...endOf(own), run: { ...endOf(own).run, runId: own.run.runId } }, signal);
    expect(await query(url, primaryKey)).toEqual([{ conname: 'dim_scene_pkey' }]);
  });

  describe('keeps the primary key', () => {
    test('when somebody reads the table', async () => {
      await using target = await migrated();
      await using reader = await connect(target.url);
      await reader.query('BEGIN; SELECT FROM scene.dim_scene');
      await target.loader.apply(manyScenes('wx1', 1), signal);
      expect(await query(target.url, primaryKey)).toEqual([{ conname: 'dim_scene_pkey' }]);
      expect(await query(target.url, count)).toEqual([{ rows: ROWS, ids: ROWS }]);
    });

    test.each([
      ['a foreign key refers to it', 'CREATE TABLE scene.visit (version_id text REFERENCES scene.dim_scene)'],
      ['its rows are published', 'CREATE PUBLICATION first_load FOR TABLE scene.dim_scene'],
      ['a view groups by it', 'CREATE VIEW scene.mine AS SELECT scene_name FROM scene.dim_scene GROUP BY version_id'],
    ])('when %s', async (_, statement) => {
      await using target = await migrated();
      await query(target.url, statement);
      await target.loader.apply(manyScenes('wx1', 1), signal);
      expect(await query(target.url, primaryKey)).toEqual([{ conname: 'dim_scene_pkey' }]);
      expect(await query(target.url, count)).toEqual([{ rows: ROWS, ids: ROWS }]);
    });

    test.each([
      ['is stored otherwise', 'ALTER INDEX scene.dim_scene_pkey SET (fillfactor = 70)', 'dim_scene_pkey'],
      ['orders the table', 'ALTER TABLE scene.dim_scene CLUSTER ON dim_scene_pkey', 'dim_scene_pkey'],
      ['has a comment', `COMMENT ON INDEX scene.dim_scene_pkey IS 'mine'`, 'dim_scene_pkey'],
      ['has another name', 'ALTER INDEX scene.dim_scene_pkey RENAME TO mine', 'mine'],
    ])('when it %s', async (_, statement, conname) => {
      await using target = await migrated();
      await query(target.url, statement);
      await target.loader.apply(manyScenes('wx1', 1), signal);
      expect(await query(target.url, primaryKey)).toEqual([{ conname }]);
    });

    test('when the table holds rows, or the rows are few', async () => {
      await using target = await migrated();
      await target.loader.apply(oneAccount('wx0', 1), signal);
      await target.loader.apply(manyScenes('wx1', 2), signal);
      expect(await query(target.url, primaryKey)).toEqual([{ conname: 'dim_scene_pkey' }]);
      expect(await query(target.url, count)).toEqual([{ rows: ROWS + 1, ids: ROWS + 1 }]);
    });

    test.each([
      ['does not own the table', ''],
      ['may not create in its schema', 'ALTER TABLE scene.dim_scene OWNER TO %'],
    ])('when the user %s', async (_, owner) => {
      await using target = await migrated();
      const role = `writer_${process.pid}_${Math.floor(performance.now())}`;
      await query(adminUrl(), `CREATE ROLE ${role} LOGIN`);
      const rights =
        'GRANT USAGE ON SCHEMA scene TO %; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA scene TO %';
      await query(target.url, `${rights}; ${owner}`.replaceAll('%', role));
      {
        await using writer = await open(asUser(target.url, role));
        const batch = manyScenes('wx1', 1);
        await writer.apply(batch, signal);
        expect(await query(target.url, primaryKey)).toEqual([{ conname: 'dim_scene_pkey' }]);
        await query(target.url, 'ALTER TABLE scene.dim_scene DROP CONSTRAINT dim_scene_pkey');
        await using lock = await writer.acquireLock({ kind: 'exclusive' }, signal);
        expect(lock).not.toBeNull();
        await writer.apply(endOf(batch), signal);
      }
      await query(target.url, `REASSIGN OWNED BY ${role} TO CURRENT_USER; DROP OWNED BY ${role}`);
      await query(adminUrl(), `DROP ROLE ${role}`);
    });
  });
});
