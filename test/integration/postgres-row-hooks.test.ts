/** Triggers and rules that keep rows from our tables without an error: a run names them, and nothing of its batch is stored. */
import { describe, expect, test } from 'vitest';
import {
  deleteOf,
  endingAt,
  insertOf,
  instantAt,
  sampleChangeSet,
  sampleHeadChange,
  sampleMeta,
  sampleObservation,
  samplePayload,
  sampleSettings,
  sampleVersion,
  updateOf,
} from '../../src/load/contract/sample-rows.ts';
import type { ChangeSet, Loader } from '../../src/load/loader.ts';
import { describePostgres } from '../support/postgres.ts';
import { countRows, open, query, signal } from '../support/postgres-loader-fixture.ts';

const wx1 = sampleVersion('wx1', '1', instantAt(0));
const other = sampleVersion('wx1', '2', instantAt(0));

const first = sampleChangeSet(0, {
  heads: [sampleHeadChange('wx1', null)],
  observations: [sampleObservation('wx1', instantAt(0))],
  versions: [insertOf(wx1), insertOf(other)],
});

/** Writes to every table, in every way in which a batch does. */
const second: ChangeSet = sampleChangeSet(1, {
  payloads: [samplePayload('{"errcode":0}')],
  heads: [sampleHeadChange('wx1', 1, instantAt(1)), sampleHeadChange('wx2', null)],
  observations: [sampleObservation('wx1', instantAt(1)), sampleObservation('wx2', instantAt(1))],
  decisions: [
    {
      appId: 'wx1',
      observedAt: instantAt(0),
      status: 'held',
      holdReason: 'manual',
      decidedAt: instantAt(2),
      decisionNote: null,
    },
  ],
  rejects: [{ appId: 'wx1', observedAt: instantAt(1), index: 0, reason: 'no_key', raw: '{}' }],
  versions: [
    updateOf(wx1, endingAt(wx1, instantAt(1))),
    deleteOf(other),
    insertOf(sampleVersion('wx2', '1', instantAt(1))),
  ],
});

describePostgres('what somebody added to', ({ createDatabase }) => {
  const expectNamed = async (table: string, add: string, drop: string, work: (loader: Loader) => Promise<unknown>) => {
    await using database = await createDatabase();
    await using loader = await open(database.url);
    await loader.migrate(sampleSettings, signal);
    await loader.apply(first, signal);
    const before = await query(database.url, countRows);
    await query(database.url, add);
    await expect(work(loader)).rejects.toMatchObject({
      code: 'target_invalid',
      message: expect.stringMatching(new RegExp(`the (trigger|rule) mute of ${table} let 0 of \\d rows through`)),
      remedy: expect.stringContaining(drop),
    });
    expect(await query(database.url, countRows)).toEqual(before);
    await query(database.url, drop);
    await work(loader);
  };

  const trigger = (table: string, event: string) => `
    CREATE FUNCTION public.mute() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
    CREATE TRIGGER mute BEFORE ${event} ON scene.${table} FOR EACH ROW EXECUTE FUNCTION public.mute()`;

  describe('a table', () => {
    test.each([
      ['scene_payload', 'INSERT'],
      ['scene_observation', 'INSERT'],
      ['scene_observation', 'UPDATE'],
      ['scene_reject', 'INSERT'],
      ['scene_account', 'INSERT'],
      ['scene_account', 'UPDATE'],
      ['dim_scene', 'INSERT'],
      ['dim_scene', 'UPDATE'],
      ['dim_scene', 'DELETE'],
      ['scene_run', 'UPDATE'],
    ])('is named when a trigger of %s drops each %s', (table, event) =>
      expectNamed(table, trigger(table, event), `DROP TRIGGER mute ON scene.${table}`, (loader) =>
        loader.apply(second, signal),
      ),
    );

    test.each([
      ['scene_payload', 'INSERT'],
      ['scene_account', 'INSERT'],
      ['dim_scene', 'UPDATE'],
      ['dim_scene', 'DELETE'],
    ])('is named when a rule of %s does nothing in place of %s', (table, event) => {
      const rule = `CREATE RULE mute AS ON ${event} TO scene.${table} DO INSTEAD NOTHING`;
      return expectNamed(table, rule, `DROP RULE mute ON scene.${table}`, (loader) => loader.apply(second, signal));
    });

    test('is named when the settings are not written, by migrate and rebuild alike', async () => {
      const drop = 'DROP TRIGGER mute ON scene.scene_meta';
      const outdate = 'UPDATE scene.scene_meta SET schema_version = 0';
      await expectNamed('scene_meta', `${outdate}; ${trigger('scene_meta', 'INSERT')}`, drop, (loader) =>
        loader.migrate(sampleSettings, signal),
      );
      await expectNamed('scene_meta', trigger('scene_meta', 'INSERT'), drop, (loader) =>
        loader.writeMeta({ ...sampleMeta, schemaVersion: loader.schemaVersion, rebuilding: true }, signal),
      );
    });
  });

  test('a bundled table and keeps names from it is named by migrate, which ends', async () => {
    await using database = await createDatabase();
    await using loader = await open(database.url);
    await loader.migrate(sampleSettings, signal);
    await query(database.url, `DELETE FROM scene.launch_scene; ${trigger('launch_scene', 'INSERT')}`);
    await expect(loader.migrate(sampleSettings, signal)).rejects.toMatchObject({
      code: 'target_invalid',
      message: expect.stringContaining('the trigger mute'),
      remedy: expect.stringContaining('DROP TRIGGER mute ON scene.launch_scene'),
    });
  });

  test('a partition of the log is named, too', () =>
    expectNamed(
      'scene_observation',
      `ALTER TABLE scene.scene_observation RENAME TO old;
       CREATE TABLE scene.scene_observation (LIKE scene.old INCLUDING DEFAULTS, PRIMARY KEY (app_id, observed_at))
         PARTITION BY RANGE (observed_at);
       CREATE TABLE scene.every_year PARTITION OF scene.scene_observation DEFAULT;
       INSERT INTO scene.scene_observation SELECT * FROM scene.old; DROP TABLE scene.old;
       ${trigger('every_year', 'INSERT')}`,
      'DROP TRIGGER mute ON scene.every_year',
      (loader) => loader.apply(second, signal),
    ));
});
