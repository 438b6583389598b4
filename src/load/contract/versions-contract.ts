import { describe, expect, it } from 'vitest';
import type { Version, VersionChange } from '../../dimension/version.ts';
import { BEGINNING, OPEN_END } from '../../instant.ts';
import type { ContractTargets } from './contract-target.ts';
import { applyChanges, neverAborted, openTarget } from './contract-target.ts';
import { deleteOf, endingAt, insertOf, instantAt, sampleHeadChange, sampleVersion, updateOf } from './sample-rows.ts';

/** Changes of the versions of one key that fail, or lose a row, when they are written in a naive order. */
interface VersionStep {
  readonly title: string;
  readonly stored: readonly Version[];
  readonly changes: readonly VersionChange[];
  readonly result: readonly Version[];
}

function stepsOf(appId: string): readonly VersionStep[] {
  const [t1, t2, t3, t4] = [instantAt(1), instantAt(2), instantAt(3), instantAt(4)];
  const opened = (first: bigint, sceneName: string) => sampleVersion(appId, '1', first, { sceneName });
  const a = opened(t1, 'A');
  const b = opened(t2, 'B');
  const c = opened(t3, 'C');
  const fromBeginning = { ...a, effectiveFrom: BEGINNING };
  const renamed = endingAt(a, t3);
  return [
    {
      title: 'closes a version and opens its successor at the same instant',
      stored: [a],
      changes: [insertOf(b), updateOf(a, endingAt(a, t2))],
      result: [endingAt(a, t2), b],
    },
    {
      title: 'closes a version that is removed',
      stored: [a],
      changes: [updateOf(a, endingAt(a, t2, 'removed'))],
      result: [endingAt(a, t2, 'removed')],
    },
    {
      title: 'puts a version in before the end of its predecessor',
      stored: [renamed, c],
      changes: [insertOf(endingAt(b, t3)), updateOf(renamed, endingAt(a, t2))],
      result: [endingAt(a, t2), endingAt(b, t3), c],
    },
    {
      title: 'replaces an open version by another one of the same key',
      stored: [a],
      changes: [insertOf(b), deleteOf(a)],
      result: [b],
    },
    {
      title: 'reopens a version whose successor is deleted',
      stored: [renamed, c],
      changes: [updateOf(renamed, a), deleteOf(c)],
      result: [a],
    },
    {
      title: 'lengthens a version over its deleted successor',
      stored: [endingAt(a, t2), endingAt(b, t3), c],
      changes: [updateOf(endingAt(a, t2), renamed), deleteOf(endingAt(b, t3))],
      result: [renamed, c],
    },
    {
      title: 'shortens a version at its start for an earlier one',
      stored: [{ ...b, effectiveFrom: BEGINNING }],
      changes: [insertOf(endingAt(fromBeginning, t2)), updateOf({ ...b, effectiveFrom: BEGINNING }, b)],
      result: [endingAt(fromBeginning, t2), b],
    },
    {
      title: 'closes, opens, closes and opens again at once',
      stored: [a],
      changes: [
        insertOf(opened(t4, 'D')),
        insertOf(endingAt(c, t4)),
        insertOf(endingAt(b, t3, 'removed')),
        updateOf(a, endingAt(a, t2)),
      ],
      result: [endingAt(a, t2), endingAt(b, t3, 'removed'), endingAt(c, t4), opened(t4, 'D')],
    },
    {
      title: 'replaces every version of a key by others with the same ends',
      stored: [renamed, c],
      changes: [insertOf(endingAt(b, t3)), insertOf(opened(t4, 'D')), deleteOf(renamed), deleteOf(c)],
      result: [endingAt(b, t3), opened(t4, 'D')],
    },
    {
      title: 'changes every column but the ids',
      stored: [a],
      changes: [
        updateOf(a, {
          ...a,
          sceneName: 'Ä',
          sceneValue: null,
          valueKind: 'text',
          isAggregate: true,
          effectiveFrom: BEGINNING,
        }),
      ],
      result: [
        { ...a, sceneName: 'Ä', sceneValue: null, valueKind: 'text', isAggregate: true, effectiveFrom: BEGINNING },
      ],
    },
    { title: 'deletes the last version', stored: [a], changes: [deleteOf(a)], result: [] },
  ];
}

/** apply: changes of versions. */
export function describeVersions(targets: ContractTargets): void {
  describe('changes of versions', () => {
    for (const { title, stored, changes, result } of stepsOf('wx1')) {
      it(title, async () => {
        await using target = await openTarget(targets);
        const { loader } = target;
        const others = [sampleVersion('wx0', '1', instantAt(0)), sampleVersion('wx1', '10', instantAt(0))];
        await applyChanges(loader, 1, {
          heads: [sampleHeadChange('wx1', null)],
          versions: [...stored, ...others].map(insertOf),
        });
        await applyChanges(loader, 2, { heads: [sampleHeadChange('wx1', 1)], versions: changes });
        const [first, ...rest] = await Array.fromAsync(loader.readVersions({}, neverAborted));
        expect(first).toEqual(others[0]);
        expect(rest).toEqual([...result, ...others.slice(1)]);
      });
    }

    it('does all of that in one change set', async () => {
      await using target = await openTarget(targets);
      const { loader } = target;
      const appIds = stepsOf('').map((_, n) => `wx${String(n).padStart(2, '0')}`);
      const steps = appIds.flatMap((appId, n) => stepsOf(appId)[n] ?? []);
      await applyChanges(loader, 1, {
        heads: appIds.map((appId) => sampleHeadChange(appId, null)),
        versions: steps.flatMap(({ stored }) => stored.map(insertOf)),
      });
      await applyChanges(loader, 2, {
        heads: appIds.map((appId) => sampleHeadChange(appId, 1)),
        versions: steps.flatMap(({ changes }) => changes),
      });
      const stored = await Array.fromAsync(loader.readVersions({}, neverAborted));
      expect(stored).toEqual(steps.flatMap(({ result }) => result));
    });

    it('applies batches of 10,000 versions of 1,000 accounts', async () => {
      await using target = await openTarget(targets);
      const { loader } = target;
      const appIds = Array.from({ length: 1_000 }, (_, n) => `wx${String(n).padStart(4, '0')}`);
      const first = appIds.flatMap((appId) =>
        Array.from({ length: 10 }, (_, key) => sampleVersion(appId, String(key), instantAt(0))),
      );
      const closed = first.map((version) => endingAt(version, instantAt(1)));
      const second = first.map((version) => ({
        ...sampleVersion(version.appId, version.sceneKey, instantAt(1)),
        sceneName: 'new',
      }));
      await applyChanges(loader, 1, {
        heads: appIds.map((appId) => sampleHeadChange(appId, null)),
        versions: first.map(insertOf),
      });
      await applyChanges(loader, 2, {
        heads: appIds.map((appId) => sampleHeadChange(appId, 1, instantAt(1))),
        versions: first.flatMap((before, n) => [
          ...second.slice(n, n + 1).map(insertOf),
          ...closed.slice(n, n + 1).map((after) => updateOf(before, after)),
        ]),
      });
      const stored = await Array.fromAsync(loader.readVersions({}, neverAborted));
      expect(stored).toEqual(closed.flatMap((version, n) => [version, ...second.slice(n, n + 1)]));
      const open = await Array.fromAsync(loader.readVersions({ asOf: OPEN_END - 1n, appIds }, neverAborted));
      expect(open).toEqual(second);
    });
  });
}
