import { describe, expect, it } from 'vitest';
import type { Loader } from '../loader.ts';
import type { ContractTargets } from './contract-target.ts';
import { applyChanges, neverAborted, openTarget, stateOf } from './contract-target.ts';
import { manyAppIds, manyVersions, storeManyRows } from './many-rows.ts';
import {
  commonPayload,
  deleteOf,
  endingAt,
  insertOf,
  instantAt,
  sampleHeadChange,
  sampleObservation,
  sampleVersion,
  updateOf,
} from './sample-rows.ts';

/** read…: iterables that are open while other things happen, and those that are not read to their end. */
export function describeOpenReads(targets: ContractTargets): void {
  describe('open iterables', () => {
    it('give one state although batches are applied meanwhile', async () => {
      await using target = await openTarget(targets);
      const { loader } = target;
      await storeManyRows(loader);
      const before = await stateOf(loader);
      const openVersions = loader.readVersions({}, neverAborted)[Symbol.asyncIterator]();
      const openObservations = loader.readObservations({}, neverAborted)[Symbol.asyncIterator]();
      const versions = [(await openVersions.next()).value];
      const observations = [(await openObservations.next()).value];
      await changeManyRows(loader);
      versions.push(...(await drain(openVersions)));
      observations.push(...(await drain(openObservations)));
      expect(versions).toEqual(before.versions);
      expect(observations).toEqual(before.observations);
      const after = await stateOf(loader);
      expect(after.versions).toHaveLength(before.versions.length);
      expect(after.versions.filter(({ appId }) => appId === 'wx9999')).toHaveLength(1);
    });

    it('give every head that was there when batches are applied meanwhile', async () => {
      await using target = await openTarget(targets);
      const { loader } = target;
      await storeManyRows(loader);
      const open = loader.readHeads({}, neverAborted)[Symbol.asyncIterator]();
      const heads = [(await open.next()).value];
      await changeManyRows(loader);
      heads.push(...(await drain(open)));
      expect(heads.map((head) => head.appId).filter((appId) => appId !== 'wx9999')).toEqual(manyAppIds);
    });

    it('do not stand in the way of any other method', async () => {
      await using target = await openTarget(targets);
      const { loader } = target;
      await storeManyRows(loader);
      let count = 0;
      for await (const { appId } of loader.readVersions({}, neverAborted)) {
        count += 1;
        if (count % 1_500 !== 1) continue;
        const query = { appIds: [appId] };
        expect(await Array.fromAsync(loader.readHeads(query, neverAborted))).toHaveLength(1);
        expect(await Array.fromAsync(loader.readObservations(query, neverAborted))).toHaveLength(1);
        expect(await loader.readPayloads([commonPayload.payloadHash], neverAborted)).toHaveProperty('size', 1);
        expect(await loader.readMeta(neverAborted)).not.toBeNull();
        await using lock = await loader.acquireLock({ kind: 'exclusive' }, neverAborted);
        expect(lock?.lost.aborted).toBe(false);
        expect(await loader.check(neverAborted)).not.toEqual([]);
      }
      expect(count).toBe(manyVersions.length);
    });

    it('hold nothing back when they are closed early or never read', async () => {
      await using target = await openTarget(targets);
      const { loader } = target;
      await storeManyRows(loader);
      for (let n = 0; n < 15; n += 1) {
        for await (const _ of loader.readVersions({}, neverAborted)) break;
        for await (const _ of loader.readObservations({}, neverAborted)) break;
        for await (const _ of loader.readHeads({}, neverAborted)) break;
        loader.readVersions({}, neverAborted);
      }
      await changeManyRows(loader);
      expect((await stateOf(loader)).heads).toHaveLength(manyAppIds.length + 1);
    });
  });
}

/** Deletes a version near the end, closes another, and adds an account behind all. */
async function changeManyRows(loader: Loader): Promise<void> {
  const [closed, deleted] = [sampleVersion('wx5998', '1', instantAt(0)), sampleVersion('wx5999', '1', instantAt(0))];
  await applyChanges(loader, 2, {
    heads: [
      sampleHeadChange('wx5998', 1, instantAt(1)),
      sampleHeadChange('wx5999', 1),
      sampleHeadChange('wx9999', null, instantAt(1)),
    ],
    observations: [sampleObservation('wx5998', instantAt(1)), sampleObservation('wx9999', instantAt(1))],
    versions: [
      deleteOf(deleted),
      updateOf(closed, endingAt(closed, instantAt(1), 'removed')),
      insertOf(sampleVersion('wx9999', '1', instantAt(1))),
    ],
  });
}

async function drain<Row>(iterator: AsyncIterator<Row>): Promise<Row[]> {
  const rows: Row[] = [];
  for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) rows.push(next.value);
  return rows;
}
