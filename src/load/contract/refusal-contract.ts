import { describe, expect, it } from 'vitest';
import type { ChangeSet, Loader } from '../loader.ts';
import type { ContractTargets, TargetState } from './contract-target.ts';
import { applyChanges, neverAborted, openTarget, stateOf } from './contract-target.ts';
import {
  endingAt,
  insertOf,
  instantAt,
  sampleChangeSet,
  sampleHeadChange,
  sampleObservation,
  sampleVersion,
  updateOf,
} from './sample-rows.ts';

const firstVersion = sampleVersion('wx1', '1', instantAt(0));
const heldObservation = sampleObservation('wx1', instantAt(0), { status: 'held', holdReason: 'shrink' });

/** A batch that touches everything of `wx1` and makes `wx2`, on top of {@link store}. */
const secondBatch: ChangeSet = sampleChangeSet(1, {
  run: { ...sampleChangeSet(1).run, runId: 'run-2' },
  observations: [sampleObservation('wx2', instantAt(1)), sampleObservation('wx1', instantAt(1))],
  decisions: [
    {
      appId: 'wx1',
      observedAt: instantAt(0),
      status: 'ok',
      holdReason: 'shrink',
      decidedAt: instantAt(2),
      decisionNote: null,
    },
  ],
  rejects: [{ appId: 'wx1', observedAt: instantAt(1), index: 0, reason: 'no_key', raw: '{}' }],
  heads: [sampleHeadChange('wx2', null, instantAt(1)), sampleHeadChange('wx1', 1, instantAt(1))],
  versions: [
    insertOf(sampleVersion('wx2', '1', instantAt(1))),
    updateOf(firstVersion, endingAt(firstVersion, instantAt(1))),
    insertOf(sampleVersion('wx1', '1', instantAt(1))),
  ],
});

/** apply: all or nothing, stale heads, the same batch again. */
export function describeRefusals(targets: ContractTargets): void {
  describe('all or nothing', () => {
    it('changes nothing when the same batch of the same run is applied again', async () => {
      await using target = await openTarget(targets);
      const { loader } = target;
      await store(loader);
      await loader.apply(secondBatch, neverAborted);
      const before = await stateOf(loader);
      await loader.apply(secondBatch, neverAborted);
      await (await target.second()).apply(secondBatch, neverAborted);
      expect(await stateOf(loader)).toEqual(before);
      const next = sampleChangeSet(2, { heads: [sampleHeadChange('wx1', 2, instantAt(1), instantAt(1))] }, 'run-2');
      await loader.apply(next, neverAborted);
      await loader.apply(secondBatch, neverAborted);
      expect((await stateOf(loader)).heads.map(({ revision }) => revision)).toEqual([3, 1]);
    });

    const stale: readonly (readonly [string, string, number | null])[] = [
      ['an older revision is expected', 'wx1', 0],
      ['a newer revision is expected', 'wx1', 2],
      ['a known account is expected to be new', 'wx1', null],
      ['an account is expected that is not there', 'wx3', 1],
    ];
    for (const [title, appId, revision] of stale) {
      it(`refuses the whole batch with stale_heads when ${title}`, async () => {
        await using target = await openTarget(targets);
        const { loader } = target;
        const before = await store(loader);
        const heads = [
          ...secondBatch.heads.filter(({ head }) => head.appId !== appId),
          sampleHeadChange(appId, revision),
        ];
        await expect(loader.apply({ ...secondBatch, heads }, neverAborted)).rejects.toMatchObject({
          code: 'stale_heads',
        });
        expect(await stateOf(loader)).toEqual(before);
        await loader.apply(secondBatch, neverAborted);
        expect((await stateOf(loader)).heads.map(({ revision }) => revision)).toEqual([2, 1]);
      });
    }

    it('refuses with stale_heads an observation that was newer than all when its account was read', async () => {
      await using target = await openTarget(targets);
      const { loader } = target;
      await store(loader);
      const observations = [sampleObservation('wx1', instantAt(1))];
      const heads = [sampleHeadChange('wx1', 1, instantAt(1))];
      await applyChanges(loader, 1, { observations, heads }, 'run-2');
      const before = await stateOf(loader);
      const again = applyChanges(loader, 1, { observations, heads }, 'run-3');
      await expect(again).rejects.toMatchObject({ code: 'stale_heads' });
      expect(await stateOf(loader)).toEqual(before);
    });

    const impossible: readonly (readonly [string, Partial<ChangeSet>])[] = [
      [
        'an observation is stored already',
        { observations: [...secondBatch.observations, sampleObservation('wx1', instantAt(0))] },
      ],
      [
        'a version is stored already',
        { versions: [...secondBatch.versions, insertOf(endingAt(firstVersion, instantAt(5)))] },
      ],
      [
        'a key would have two open versions',
        { versions: [...secondBatch.versions, insertOf(sampleVersion('wx1', '1', instantAt(2)))] },
      ],
      [
        'a version would end before it starts',
        {
          versions: [
            ...secondBatch.versions,
            insertOf(endingAt(sampleVersion('wx2', '2', instantAt(3)), instantAt(2))),
          ],
        },
      ],
      [
        'a version would be closed without a reason',
        {
          versions: [
            ...secondBatch.versions,
            insertOf({ ...sampleVersion('wx2', '2', instantAt(3)), endReason: 'removed' }),
          ],
        },
      ],
    ];
    for (const [title, parts] of impossible) {
      it(`refuses the whole batch when ${title}`, async () => {
        await using target = await openTarget(targets);
        const { loader } = target;
        const before = await store(loader);
        await expect(loader.apply({ ...secondBatch, ...parts }, neverAborted)).rejects.toMatchObject({
          name: 'ScenedimError',
        });
        expect(await stateOf(loader)).toEqual(before);
        await loader.apply(secondBatch, neverAborted);
        expect((await stateOf(loader)).heads.map(({ revision }) => revision)).toEqual([2, 1]);
      });
    }

    for (const [title, revision] of [
      ['a stored account', 1],
      ['a new account', null],
    ] as const) {
      it(`applies exactly one of two batches that change ${title} at once`, async () => {
        await using target = await openTarget(targets);
        const clients = [target.loader, await target.second()];
        await store(target.loader);
        const appId = revision === null ? 'wx9' : 'wx1';
        const outcomes = await Promise.allSettled(
          clients.map((client, n) =>
            applyChanges(
              client,
              1,
              {
                observations: [sampleObservation(appId, instantAt(10 + n), { runId: `race-${n}` })],
                heads: [sampleHeadChange(appId, revision, instantAt(10 + n))],
                versions: [insertOf(sampleVersion(appId, `new ${n}`, instantAt(10 + n)))],
              },
              `race-${n}`,
            ),
          ),
        );
        const winner = outcomes.findIndex(({ status }) => status === 'fulfilled');
        const reasons = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
        expect(reasons).toMatchObject([{ code: 'stale_heads' }]);
        const { observations, versions } = await stateOf(target.loader);
        expect(observations.filter(({ runId }) => runId.startsWith('race')).map(({ runId }) => runId)).toEqual([
          `race-${winner}`,
        ]);
        expect(versions.filter(({ sceneKey }) => sceneKey.startsWith('new')).map(({ sceneKey }) => sceneKey)).toEqual([
          `new ${winner}`,
        ]);
      });
    }
  });
}

/** Stores account `wx1` with a held observation and an open version. */
async function store(loader: Loader): Promise<TargetState> {
  await applyChanges(loader, 1, {
    observations: [heldObservation],
    heads: [sampleHeadChange('wx1', null)],
    versions: [insertOf(firstVersion)],
  });
  return stateOf(loader);
}
