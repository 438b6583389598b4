import { describe, expect, it } from 'vitest';
import type { Version } from '../../dimension/version.ts';
import { BEGINNING, OPEN_END } from '../../instant.ts';
import type { ContractTargets } from './contract-target.ts';
import { applyChanges, neverAborted, openTarget, stateOf } from './contract-target.ts';
import {
  endingAt,
  insertOf,
  instantAt,
  sampleChangeSet,
  sampleHead,
  sampleHeadChange,
  sampleObservation,
  sampleVersion,
} from './sample-rows.ts';

/** Texts that a text format, a quoting rule or a column may spoil. */
const difficultTexts: readonly string[] = [
  ' ',
  '\\N',
  '\\.',
  '\\',
  '\\n\\t\\x41\\\\',
  '\t',
  '\n',
  '\r\n',
  '\u0001\u0008\u000b\u000c\u001b\u007f\u0085\u2028',
  "'); drop table dim_scene; --",
  '"double", \'single\', `back`, $$dollar$$, $1, ?, :name, %s',
  'NULL',
  '{"json":[1]}',
  '搜索',
  '\u{1f680}\u{1f468}\u200d\u{1f469}',
  'e\u0301',
  '\ufffd',
  'a\ufeffb',
  '长'.repeat(5_000),
];

/** Texts in code point order; in UTF-16 order U+1F680 would come before U+E000, in a linguistic one `a` beside `A`. */
const orderedTexts: readonly string[] = [
  '-1',
  '01',
  '1',
  '10',
  '2',
  '@_all',
  'A',
  'B',
  '_',
  'a',
  'b',
  '~',
  'é',
  '中',
  '\ue000',
  '\ufffd',
  '\u{1f680}',
].toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));

/** apply and read…: values at the edges of what the columns hold, and the order of texts. */
export function describeTexts(targets: ContractTargets): void {
  describe('values', () => {
    it('keeps difficult texts as they are in every column', async () => {
      await using target = await openTarget(targets);
      const { loader } = target;
      const versions = difficultTexts.map((text, n) =>
        sampleVersion('wx1', n === difficultTexts.length - 1 ? '键'.repeat(256) : text, instantAt(n), {
          sceneName: text,
        }),
      );
      const observations = difficultTexts.map((text, n) =>
        sampleObservation('wx1', instantAt(n), {
          status: 'failed',
          payloadHash: null,
          errorCode: text.slice(0, 100),
          errorMessage: text,
        }),
      );
      const head = sampleHead('wx1', 1, instantAt(0), {
        lastErrorCode: difficultTexts[1] ?? null,
        lastErrorMessage: difficultTexts[2] ?? null,
      });
      await loader.apply(
        sampleChangeSet(1, {
          observations,
          versions: versions.map(insertOf),
          heads: [{ before: null, head }],
          rejects: difficultTexts.map((raw, index) => ({
            appId: 'wx1',
            observedAt: instantAt(0),
            index,
            reason: 'no_name',
            raw,
          })),
        }),
        neverAborted,
      );
      const state = await stateOf(loader);
      expect(state.observations).toEqual(observations);
      expect(state.versions).toEqual(versions.toSorted(byKeyBytes));
      expect(state.heads).toEqual([head]);
      for (const version of versions) {
        const query = { appIds: ['wx1'], sceneKey: version.sceneKey };
        expect(await Array.fromAsync(loader.readVersions(query, neverAborted))).toEqual([version]);
      }
    });

    it('finds accounts of up to 128 characters, whatever those are', async () => {
      await using target = await openTarget(targets);
      const { loader } = target;
      const appIds = [
        '*',
        'a,b',
        'a"b',
        "a'b",
        '{a}',
        'a\\b',
        '\\N',
        'NULL',
        ' a ',
        'w'.repeat(128),
        '\u{1f680}'.repeat(128),
      ];
      const heads = appIds.map((appId) => sampleHeadChange(appId, null));
      const versions = appIds.map((appId) => sampleVersion(appId, '\u{1f680}'.repeat(256), instantAt(0)));
      const observations = appIds.map((appId) => sampleObservation(appId, instantAt(0)));
      await applyChanges(loader, 1, { heads, observations, versions: versions.map(insertOf) });
      for (const [n, appId] of appIds.entries()) {
        const query = { appIds: [appId] };
        expect(await Array.fromAsync(loader.readHeads(query, neverAborted))).toEqual([heads[n]?.head]);
        expect(await Array.fromAsync(loader.readVersions(query, neverAborted))).toEqual([versions[n]]);
        expect(await Array.fromAsync(loader.readObservations(query, neverAborted))).toEqual([observations[n]]);
      }
    });

    it('orders accounts and keys by code points', async () => {
      await using target = await openTarget(targets);
      const { loader } = target;
      const shuffled = orderedTexts.toReversed();
      await applyChanges(loader, 1, {
        heads: shuffled.map((appId) => sampleHeadChange(appId, null)),
        observations: shuffled.map((appId) => sampleObservation(appId, instantAt(0))),
        versions: shuffled.map((sceneKey) => insertOf(sampleVersion('a', sceneKey, instantAt(0)))),
      });
      const { heads, observations, versions } = await stateOf(loader);
      expect(heads.map(({ appId }) => appId)).toEqual(orderedTexts);
      expect(observations.map(({ appId }) => appId)).toEqual(orderedTexts);
      expect(versions.map(({ sceneKey }) => sceneKey)).toEqual(orderedTexts);
      const asked = await Array.fromAsync(loader.readHeads({ appIds: shuffled }, neverAborted));
      expect(asked).toEqual(heads);
    });

    it('keeps instants to the microsecond, from the beginning to the open end', async () => {
      await using target = await openTarget(targets);
      const { loader } = target;
      const instants = [
        BEGINNING,
        1n,
        1_483_228_800_000_001n,
        1_767_225_599_999_999n,
        1_767_225_600_000_000n,
        1_767_225_600_123_456n,
        4_102_444_800_000_001n,
        OPEN_END - 1n,
      ];
      const versions = instants.map((from, n) =>
        endingAt(sampleVersion('wx1', '1', from), instants[n + 1] ?? OPEN_END, n % 2 === 0 ? 'renamed' : 'removed'),
      );
      const observations = instants.map((at) => sampleObservation('wx1', at, { decidedAt: at, holdReason: 'empty' }));
      const head = sampleHead('wx1', 1, OPEN_END - 1n, {
        removalsSuspendedSince: 1n,
        lastOkAt: 1_767_225_600_123_456n,
      });
      await applyChanges(loader, 1, {
        heads: [{ before: null, head }],
        observations,
        versions: versions.map(insertOf),
      });
      const { meta: _, ...rows } = await stateOf(loader);
      expect(rows).toEqual({ heads: [head], observations, versions });
    });

    it('keeps scene values to the limits of int64', async () => {
      await using target = await openTarget(targets);
      const { loader } = target;
      const values = [0n, -1n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)];
      const versions = values.map((sceneValue) =>
        sampleVersion('wx1', String(sceneValue), instantAt(0), { sceneValue, valueKind: 'numeric' }),
      );
      const changes = sampleChangeSet(1, { heads: [sampleHeadChange('wx1', null)], versions: versions.map(insertOf) });
      await loader.apply(changes, neverAborted);
      const stored = await Array.fromAsync(loader.readVersions({}, neverAborted));
      expect(stored).toEqual(versions.toSorted(byKeyBytes));
    });
  });
}

function byKeyBytes(a: Version, b: Version): number {
  return Buffer.compare(Buffer.from(a.sceneKey), Buffer.from(b.sceneKey));
}
