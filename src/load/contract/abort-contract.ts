import { describe, expect, it } from 'vitest';
import type { Loader } from '../loader.ts';
import type { ContractTargets } from './contract-target.ts';
import { neverAborted, openTarget, stateOf } from './contract-target.ts';
import { manyAppIds, storeManyRows } from './many-rows.ts';
import {
  insertOf,
  instantAt,
  sampleChangeSet,
  sampleHeadChange,
  sampleMeta,
  sampleSettings,
  sampleVersion,
} from './sample-rows.ts';

const reason = new Error('stopped by the test');
const changeSet = sampleChangeSet(1, {
  heads: [sampleHeadChange('wx1', null)],
  versions: [insertOf(sampleVersion('wx1', '1', instantAt(0)))],
});

/** Stands for a store that the target does not have. */
const none = Promise.reject(reason);
none.catch(() => {});

const methods: Readonly<Record<string, (loader: Loader, signal: AbortSignal) => Promise<unknown>>> = {
  check: (loader, signal) => loader.check(signal),
  readMeta: (loader, signal) => loader.readMeta(signal),
  migrate: (loader, signal) => loader.migrate({ ...sampleSettings, timeZone: 'Europe/Paris' }, signal),
  writeMeta: (loader, signal) => loader.writeMeta({ ...sampleMeta, schemaVersion: 99, rebuilding: true }, signal),
  acquireLock: (loader, signal) => loader.acquireLock({ kind: 'exclusive' }, signal),
  readHeads: (loader, signal) => Array.fromAsync(loader.readHeads({}, signal)),
  readVersions: (loader, signal) => Array.fromAsync(loader.readVersions({}, signal)),
  readObservations: (loader, signal) => Array.fromAsync(loader.readObservations({}, signal)),
  readPayloads: (loader, signal) => loader.readPayloads([], signal),
  readPayloadSizes: (loader, signal) => Array.fromAsync(loader.readPayloadSizes(signal)),
  apply: (loader, signal) => loader.apply(changeSet, signal),
  'roster.read': ({ roster }, signal) => (roster === undefined ? none : Array.fromAsync(roster.read(signal))),
  'roster.write': ({ roster }, signal) => roster?.write(['wx1'], 0n, signal) ?? none,
  'refreshTokens.read': ({ refreshTokens }, signal) => refreshTokens?.read([], signal) ?? none,
  'refreshTokens.replace': ({ refreshTokens }, signal) => refreshTokens?.replace([], signal) ?? none,
};

/** Abort signals: each method rejects with the reason and leaves everything as it is. */
export function describeAborts(targets: ContractTargets): void {
  describe('abort signals', () => {
    it('reject every method with the reason, which then has no effect', async () => {
      await using target = await openTarget(targets);
      const { loader } = target;
      const before = await stateOf(loader);
      for (const [name, call] of Object.entries(methods)) {
        const outcome = await call(loader, AbortSignal.abort(reason)).catch((error: unknown) => error);
        expect(outcome, name).toBe(reason);
      }
      expect(await stateOf(loader)).toEqual(before);
      await using lock = await (await target.second()).acquireLock({ kind: 'exclusive' }, neverAborted);
      expect(lock).not.toBeNull();
    });

    for (const name of ['readHeads', 'readVersions', 'readObservations'] as const) {
      it(`end ${name} in the middle`, async () => {
        await using target = await openTarget(targets);
        const { loader } = target;
        await storeManyRows(loader);
        const controller = new AbortController();
        let count = 0;
        const read = async () => {
          for await (const _ of loader[name]({}, controller.signal)) {
            count += 1;
            if (count === 1) controller.abort(reason);
          }
        };
        expect(await read().catch((error: unknown) => error)).toBe(reason);
        expect((await stateOf(loader)).heads).toHaveLength(manyAppIds.length);
      });
    }

    it('leave all or nothing of a batch that is being applied', async () => {
      await using target = await openTarget(targets);
      const { loader } = target;
      const before = await stateOf(loader);
      const controller = new AbortController();
      const applied = loader.apply(changeSet, controller.signal).catch((error: unknown) => error);
      controller.abort(reason);
      const outcome = await applied;
      if (outcome === undefined) expect((await stateOf(loader)).heads).toHaveLength(1);
      else {
        expect(outcome).toBe(reason);
        const after = await stateOf(loader);
        // An abort that comes after the commit cannot take it back.
        if (after.heads.length === 0) expect(after).toEqual(before);
        else expect(after.versions).toHaveLength(1);
      }
      await loader.apply(changeSet, neverAborted);
      const { heads, versions } = await stateOf(loader);
      expect([heads.length, versions.length]).toEqual([1, 1]);
    });
  });
}
