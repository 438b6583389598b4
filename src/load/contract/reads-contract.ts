import { describe, expect, it } from 'vitest';
import type { Version } from '../../dimension/version.ts';
import { isOpen } from '../../dimension/version.ts';
import { BEGINNING, OPEN_END } from '../../instant.ts';
import type { Loader, VersionQuery } from '../loader.ts';
import type { ContractTargets } from './contract-target.ts';
import { applyChanges, neverAborted, openTarget } from './contract-target.ts';
import { endingAt, insertOf, instantAt, sampleHeadChange, sampleObservation, sampleVersion } from './sample-rows.ts';

const appIds = ['wx1', 'wx2', 'wx3'];
const [t1, t2, t3] = [instantAt(1), instantAt(2), instantAt(3)];

/** In the order of the port. */
const versions: readonly Version[] = appIds.flatMap((appId) => [
  { ...endingAt(sampleVersion(appId, '1', t1), t2), effectiveFrom: BEGINNING },
  { ...sampleVersion(appId, '1', t2), sceneName: 'renamed' },
  endingAt(sampleVersion(appId, '10', t1), t2, 'removed'),
  sampleVersion(appId, '10', t3),
  sampleVersion(appId, '@_all', t1),
]);
const observations = appIds.flatMap((appId) => [t1, t2, t3].map((at) => sampleObservation(appId, at)));
const heads = appIds.map((appId) => sampleHeadChange(appId, null, t3));

function inForce(at: bigint): (version: Version) => boolean {
  return ({ effectiveFrom, effectiveTo }) => effectiveFrom <= at && at < effectiveTo;
}

function startsAtBeginning({ effectiveFrom }: Version): boolean {
  return effectiveFrom === BEGINNING;
}

const queries: readonly (readonly [string, VersionQuery, (version: Version) => boolean])[] = [
  ['all versions', {}, () => true],
  ['those of some accounts, each once', { appIds: ['wx3', 'wx1', 'wx3'] }, ({ appId }) => appId !== 'wx2'],
  ['none of an account that is not stored', { appIds: ['wx0'] }, () => false],
  ['none for an empty list of accounts', { appIds: [] }, () => false],
  ['open ones', { openOnly: true }, isOpen],
  ['all when openOnly is false', { openOnly: false }, () => true],
  ['those in force at the beginning', { asOf: BEGINNING }, inForce(BEGINNING)],
  ['those in force at an instant at which some start and some end', { asOf: t2 }, inForce(t2)],
  ['those in force a microsecond before', { asOf: t2 - 1n }, inForce(t2 - 1n)],
  ['those in force a microsecond after', { asOf: t2 + 1n }, inForce(t2 + 1n)],
  ['those in force just before the open end', { asOf: OPEN_END - 1n }, isOpen],
  ['none in force at the open end', { asOf: OPEN_END }, () => false],
  ['none in force before the beginning', { asOf: BEGINNING - 1n }, () => false],
  [
    'those that began or ended from an instant on, to just before another',
    { changedIn: { since: t2, until: t3 } },
    ({ effectiveFrom, effectiveTo }) => effectiveFrom === t2 || effectiveTo === t2,
  ],
  [
    'those that began, and not the open ones, when a period has no end',
    { changedIn: { since: t3, until: OPEN_END + 1n } },
    ({ effectiveFrom }) => effectiveFrom === t3,
  ],
  ['those that began at the beginning', { changedIn: { since: BEGINNING, until: t1 } }, startsAtBeginning],
  ['those of a key', { sceneKey: '1' }, ({ sceneKey }) => sceneKey === '1'],
  ['none of a key that is not stored', { sceneKey: '%' }, () => false],
  ['open ones of a key', { sceneKey: '10', openOnly: true }, (version) => version.sceneKey === '10' && isOpen(version)],
  [
    'those of some scenes',
    {
      scenes: [
        { appId: 'wx1', sceneKey: '1' },
        { appId: 'wx3', sceneKey: '@_all' },
        { appId: 'wx2', sceneKey: 'none' },
        { appId: 'wx1', sceneKey: '1' },
      ],
    },
    ({ appId, sceneKey }) => (appId === 'wx1' && sceneKey === '1') || (appId === 'wx3' && sceneKey === '@_all'),
  ],
  [
    'open ones of some scenes of some accounts',
    { appIds: ['wx1'], openOnly: true, scenes: ['wx1', 'wx2'].map((appId) => ({ appId, sceneKey: '1' })) },
    (version) => version.appId === 'wx1' && version.sceneKey === '1' && isOpen(version),
  ],
  ['none for an empty list of scenes', { scenes: [] }, () => false],
  [
    'what fulfils all conditions at once',
    { appIds: ['wx2', 'wx3'], asOf: t3, sceneKey: '1', openOnly: true },
    (version) => version.appId !== 'wx1' && version.sceneKey === '1' && isOpen(version),
  ],
];

/** readHeads, readVersions, readObservations, readPayloads: which rows, in which order. */
export function describeReads(targets: ContractTargets): void {
  describe('reads', () => {
    it('reads nothing from a target without rows', async () => {
      await using target = await openTarget(targets);
      const { loader } = target;
      for (const query of [{}, { appIds: ['wx1'] }, { appIds: [] }]) {
        expect(await Array.fromAsync(loader.readHeads(query, neverAborted))).toEqual([]);
        expect(await Array.fromAsync(loader.readVersions(query, neverAborted))).toEqual([]);
        expect(await Array.fromAsync(loader.readObservations(query, neverAborted))).toEqual([]);
      }
    });

    it('reads the versions that a query asks for, in order', async () => {
      await using target = await openTarget(targets);
      const { loader } = target;
      await store(loader);
      for (const [title, query, isAsked] of queries) {
        const rows = await Array.fromAsync(loader.readVersions(query, neverAborted));
        expect(rows, title).toEqual(versions.filter(isAsked));
      }
    });

    it('reads heads and observations of all or some accounts, in order', async () => {
      await using target = await openTarget(targets);
      const { loader } = target;
      await store(loader);
      for (const asked of [undefined, ['wx3', 'wx1', 'wx3'], ['wx2', 'wx0'], ['wx0'], []]) {
        const query = asked === undefined ? {} : { appIds: asked };
        const isAsked = (appId: string) => asked === undefined || asked.includes(appId);
        expect(await Array.fromAsync(loader.readHeads(query, neverAborted))).toEqual(
          heads.map(({ head }) => head).filter(({ appId }) => isAsked(appId)),
        );
        expect(await Array.fromAsync(loader.readObservations(query, neverAborted))).toEqual(
          observations.filter(({ appId }) => isAsked(appId)),
        );
      }
    });

    it('reads for 1,000 accounts at once', async () => {
      await using target = await openTarget(targets);
      const { loader } = target;
      await store(loader);
      const many = [...appIds, ...Array.from({ length: 997 }, (_, n) => `absent ${n}`)].toReversed();
      expect(await Array.fromAsync(loader.readVersions({ appIds: many }, neverAborted))).toEqual(versions);
      expect(await Array.fromAsync(loader.readObservations({ appIds: many }, neverAborted))).toEqual(observations);
      expect(await Array.fromAsync(loader.readHeads({ appIds: many }, neverAborted))).toEqual(
        heads.map(({ head }) => head),
      );
    });

    it('gives each reader of an iterable method the rows from the start', async () => {
      await using target = await openTarget(targets);
      const { loader } = target;
      await store(loader);
      const [first, second] = await Promise.all([
        Array.fromAsync(loader.readVersions({}, neverAborted)),
        Array.fromAsync((await target.second()).readVersions({}, neverAborted)),
      ]);
      expect(first).toEqual(versions);
      expect(second).toEqual(versions);
    });
  });
}

async function store(loader: Loader): Promise<void> {
  await applyChanges(loader, 1, {
    heads: heads.toReversed(),
    observations: observations.toReversed(),
    versions: versions.toReversed().map(insertOf),
  });
}
