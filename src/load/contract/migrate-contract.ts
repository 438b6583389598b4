import { describe, expect, it } from 'vitest';
import { createSceneCatalog } from '../../catalog/scene-catalog.ts';
import type { ContractTargets } from './contract-target.ts';
import { applyChanges, neverAborted, openEmptyTarget, openTarget, stateOf } from './contract-target.ts';
import {
  insertOf,
  instantAt,
  sampleChangeSet,
  sampleHeadChange,
  sampleMeta,
  sampleObservation,
  sampleSettings,
  sampleVersion,
} from './sample-rows.ts';

/** readMeta, migrate, migrationSql and writeMeta. */
export function describeMigrate(targets: ContractTargets): void {
  describe('migrate', () => {
    it('finds no settings in an empty target', async () => {
      await using target = await openEmptyTarget(targets);
      expect(await target.loader.readMeta(neverAborted)).toBeNull();
    });

    it('gives an empty target a schema and all settings', async () => {
      await using target = await openEmptyTarget(targets);
      const { loader } = target;
      const result = await loader.migrate(sampleSettings, neverAborted);
      expect(result).toEqual({ fromVersion: null, toVersion: loader.schemaVersion, applied: result.applied });
      expect(await stateOf(loader)).toEqual({
        meta: { ...sampleMeta, schemaVersion: loader.schemaVersion },
        heads: [],
        observations: [],
        versions: [],
      });
    });

    it('applies nothing when it runs again', async () => {
      await using target = await openTarget(targets);
      const { loader } = target;
      const before = await stateOf(loader);
      expect(await loader.migrate(sampleSettings, neverAborted)).toEqual({
        fromVersion: loader.schemaVersion,
        toVersion: loader.schemaVersion,
        applied: [],
      });
      expect(await stateOf(loader)).toEqual(before);
    });

    it('sets time zone and catalog of an existing target, but no other setting and no row', async () => {
      await using target = await openTarget(targets);
      const { loader } = target;
      await applyChanges(loader, 1, {
        heads: [sampleHeadChange('wx1', null)],
        observations: [sampleObservation('wx1', instantAt(0))],
        versions: [insertOf(sampleVersion('wx1', '1', instantAt(0)))],
      });
      const before = await stateOf(loader);
      const catalog = createSceneCatalog({ accessSources: [], launchScenes: [] }, true);
      const settings = { normalizerVersion: 8, firstSeen: 'observed', timeZone: 'Europe/Paris', catalog } as const;
      await loader.migrate(settings, neverAborted);
      const meta = { ...before.meta, timeZone: 'Europe/Paris', catalogHash: catalog.hash };
      expect(await stateOf(loader)).toEqual({ ...before, meta });
    });

    it('leaves one schema when many clients start at once', async () => {
      await using target = await openEmptyTarget(targets);
      const clients = [target.loader, await target.second(), await target.second(), await target.second()];
      const results = await Promise.all(clients.map((client) => client.migrate(sampleSettings, neverAborted)));
      expect(results.map(({ toVersion }) => toVersion)).toEqual(clients.map(({ schemaVersion }) => schemaVersion));
      expect(results.filter(({ fromVersion }) => fromVersion === null)).toHaveLength(1);
      for (const client of clients) {
        expect(await client.readMeta(neverAborted)).toEqual({ ...sampleMeta, schemaVersion: client.schemaVersion });
      }
    });

    it('refuses a schema that a newer program made', async () => {
      await using target = await openTarget(targets);
      const { loader } = target;
      const newer = { ...sampleMeta, schemaVersion: loader.schemaVersion + 1 };
      await loader.writeMeta(newer, neverAborted);
      await expect(loader.migrate(sampleSettings, neverAborted)).rejects.toMatchObject({ code: 'schema_newer' });
      expect(await loader.readMeta(neverAborted)).toEqual(newer);
    });

    it('stores the settings of a rebuild', async () => {
      await using target = await openTarget(targets);
      const { loader } = target;
      const meta = {
        schemaVersion: loader.schemaVersion,
        normalizerVersion: 9,
        firstSeen: 'observed',
        timeZone: 'America/Los_Angeles',
        catalogHash: 'f'.repeat(64),
        rebuilding: true,
      } as const;
      await loader.writeMeta(meta, neverAborted);
      expect(await (await target.second()).readMeta(neverAborted)).toEqual(meta);
      await loader.writeMeta({ ...meta, rebuilding: false }, neverAborted);
      expect(await loader.readMeta(neverAborted)).toEqual({ ...meta, rebuilding: false });
    });

    it('tells the same SQL text whenever it is asked, before and after', async () => {
      await using target = await openEmptyTarget(targets);
      const { loader } = target;
      const sql = loader.migrationSql(sampleSettings);
      expect(sql.trim()).not.toBe('');
      await loader.migrate(sampleSettings, neverAborted);
      expect(loader.migrationSql(sampleSettings)).toBe(sql);
    });

    it('refuses to write to a target without a schema', async () => {
      await using target = await openEmptyTarget(targets);
      const { loader } = target;
      const changeSet = sampleChangeSet(1, { heads: [sampleHeadChange('wx1', null)] });
      await expect(loader.apply(changeSet, neverAborted)).rejects.toMatchObject({ name: 'ScenedimError' });
      expect(await loader.readMeta(neverAborted)).toBeNull();
    });
  });
}
