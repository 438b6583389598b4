import { expect, test } from 'vitest';
import { stateOf } from '../../../../src/load/contract/contract-target.ts';
import {
  commonPayload,
  deleteOf,
  endingAt,
  insertOf,
  instantAt,
  sampleChangeSet,
  sampleHead,
  sampleHeadChange,
  sampleMeta,
  sampleObservation,
  samplePayload,
  sampleSettings,
  sampleVersion,
  updateOf,
} from '../../../../src/load/contract/sample-rows.ts';
import type { ChangeSet, Loader } from '../../../../src/load/loader.ts';
import { createMemoryLoader } from '../../../../src/load/memory/memory-loader.ts';
import { OverlayLoader } from '../../../../src/load/overlay/overlay-loader.ts';

const signal = new AbortController().signal;
const appIds = ['a', 'b', 'c', '\ufffd', '\u{1f680}'];
const stored = (appId: string) => sampleVersion(appId, '1', instantAt(0));

/** A base that holds one version and one held observation of each account, and the same in a second loader to apply to. */
async function filledBase(): Promise<Loader> {
  const base = createMemoryLoader();
  await base.migrate(sampleSettings, signal);
  await base.apply(
    sampleChangeSet(1, {
      heads: appIds.map((appId) => sampleHeadChange(appId, null)),
      observations: appIds.map((appId) =>
        sampleObservation(appId, instantAt(0), { status: 'held', holdReason: 'shrink' }),
      ),
      versions: appIds.map((appId) => insertOf(stored(appId))),
    }),
    signal,
  );
  return base;
}

const newPayload = samplePayload(`{"scene":[${'1,'.repeat(5_000)}1]}`);

/** Two batches that change, add and delete rows of stored and new accounts, the second on top of the first. */
const batches: readonly ChangeSet[] = [
  sampleChangeSet(
    1,
    {
      payloads: [newPayload],
      heads: [
        sampleHeadChange('0', null, instantAt(3)),
        sampleHeadChange('b', 1, instantAt(2)),
        sampleHeadChange('\u{1f680}', 1),
        sampleHeadChange('z', null),
      ],
      observations: [
        sampleObservation('0', instantAt(3), { payloadHash: newPayload.payloadHash }),
        sampleObservation('b', instantAt(2)),
        sampleObservation('\u{1f680}', instantAt(-1)),
      ],
      decisions: [
        {
          appId: 'b',
          observedAt: instantAt(0),
          status: 'ok',
          holdReason: 'shrink',
          decidedAt: instantAt(9),
          decisionNote: null,
        },
      ],
      versions: [
        insertOf(sampleVersion('0', '1', instantAt(3), { sceneValue: 2n ** 63n - 1n })),
        updateOf(stored('b'), endingAt(stored('b'), instantAt(2))),
        insertOf(sampleVersion('b', '1', instantAt(2))),
        deleteOf(stored('\u{1f680}')),
      ],
    },
    'run-2',
  ),
  sampleChangeSet(
    2,
    {
      heads: [
        sampleHeadChange('0', 1, instantAt(3), instantAt(3)),
        sampleHeadChange('b', 2, instantAt(2), instantAt(2)),
        sampleHeadChange('c', 1, instantAt(1)),
      ],
      observations: [sampleObservation('0', instantAt(1)), sampleObservation('c', instantAt(1))],
      decisions: [
        {
          appId: 'b',
          observedAt: instantAt(2),
          status: 'held',
          holdReason: 'manual',
          decidedAt: instantAt(10),
          decisionNote: null,
        },
      ],
      versions: [
        deleteOf(sampleVersion('b', '1', instantAt(2))),
        updateOf(endingAt(stored('b'), instantAt(2)), stored('b')),
        insertOf(sampleVersion('c', '@_all', instantAt(1))),
      ],
    },
    'run-2',
  ),
];

test('reading through an overlay is reading a target that was written to', async () => {
  await using base = await filledBase();
  await using twin = await filledBase();
  await using overlay = new OverlayLoader(base);
  for (const batch of batches) {
    await overlay.apply(batch, signal);
    await twin.apply(batch, signal);
    expect(await stateOf(overlay)).toEqual(await stateOf(twin));
    for (const ids of [['b'], ['z', '0', '\u{1f680}', 'c', '\ufffd'], ['absent'], []]) {
      for (const query of [
        {},
        { openOnly: true },
        { asOf: instantAt(2) },
        { asOf: instantAt(2) - 1n },
        { sceneKey: '@_all' },
      ]) {
        const versionQuery = { ...query, appIds: ids };
        expect(await Array.fromAsync(overlay.readVersions(versionQuery, signal))).toEqual(
          await Array.fromAsync(twin.readVersions(versionQuery, signal)),
        );
      }
      const scenes = ids.flatMap((appId) => ['1', '@_all'].map((sceneKey) => ({ appId, sceneKey })));
      expect(await Array.fromAsync(overlay.readVersions({ scenes }, signal))).toEqual(
        await Array.fromAsync(twin.readVersions({ scenes }, signal)),
      );
      const query = { appIds: ids };
      expect(await Array.fromAsync(overlay.readHeads(query, signal))).toEqual(
        await Array.fromAsync(twin.readHeads(query, signal)),
      );
      expect(await Array.fromAsync(overlay.readObservations(query, signal))).toEqual(
        await Array.fromAsync(twin.readObservations(query, signal)),
      );
    }
    const hashes = [newPayload.payloadHash, commonPayload.payloadHash, samplePayload('absent').payloadHash];
    expect(await overlay.readPayloads(hashes, signal)).toEqual(await twin.readPayloads(hashes, signal));
  }
});

test('an overlay leaves its base as it is, and open', async () => {
  await using base = await filledBase();
  const before = await stateOf(base);
  {
    await using overlay = new OverlayLoader(base);
    await overlay.migrate({ ...sampleSettings, timeZone: 'Europe/Paris' }, signal);
    for (const batch of batches) await overlay.apply(batch, signal);
    await overlay.writeMeta({ ...sampleMeta, schemaVersion: 1, firstSeen: 'observed', rebuilding: true }, signal);
    expect((await overlay.readMeta(signal))?.rebuilding).toBe(true);
  }
  expect(await stateOf(base)).toEqual(before);
});

test('a target without a schema can be planned, and has none afterwards', async () => {
  await using base = createMemoryLoader();
  await using overlay = new OverlayLoader(base);
  expect(await overlay.readMeta(signal)).toBeNull();
  await expect(overlay.apply(sampleChangeSet(1), signal)).rejects.toMatchObject({ code: 'schema_outdated' });
  expect((await overlay.migrate(sampleSettings, signal)).fromVersion).toBeNull();
  const head = sampleHead('a', 1, instantAt(0));
  await overlay.apply(sampleChangeSet(1, { heads: [{ before: null, head }] }), signal);
  expect((await stateOf(overlay)).heads).toEqual([head]);
  expect(await overlay.readPayloads([commonPayload.payloadHash, 'absent'], signal)).toHaveProperty('size', 1);
  expect(await base.readMeta(signal)).toBeNull();
});

test('what the base would refuse, the overlay refuses too', async () => {
  await using base = await filledBase();
  await using overlay = new OverlayLoader(base);
  const before = await stateOf(overlay);
  const [first] = batches;
  if (first === undefined) throw new Error('no batch');
  const impossible: readonly (readonly [Partial<ChangeSet>, string])[] = [
    [{ heads: [...first.heads, sampleHeadChange('c', null)] }, 'stale_heads'],
    [{ heads: [...first.heads, sampleHeadChange('c', 2)] }, 'stale_heads'],
    [{ observations: [...first.observations, sampleObservation('b', instantAt(0))] }, 'stale_heads'],
    [{ versions: [...first.versions, insertOf(stored('b'))] }, 'stale_heads'],
    [{ versions: [...first.versions, insertOf(sampleVersion('b', '1', instantAt(5)))] }, 'stale_heads'],
    [
      {
        decisions: [
          {
            appId: 'b',
            observedAt: instantAt(7),
            status: 'ok',
            holdReason: null,
            decidedAt: instantAt(9),
            decisionNote: null,
          },
        ],
      },
      'stale_heads',
    ],
    [{ versions: [deleteOf(sampleVersion('b', '2', instantAt(0)))] }, 'stale_heads'],
  ];
  for (const [parts, code] of impossible) {
    await expect(overlay.apply({ ...first, ...parts }, signal)).rejects.toMatchObject({ code });
    expect(await stateOf(overlay)).toEqual(before);
  }
});

test('an overlay refuses to plan on tables that it cannot read', async () => {
  await using base = createMemoryLoader();
  await base.migrate(sampleSettings, signal);
  for (const [schemaVersion, code] of [
    [0, 'schema_outdated'],
    [2, 'schema_newer'],
  ] as const) {
    await base.writeMeta({ ...sampleMeta, schemaVersion }, signal);
    await using overlay = new OverlayLoader(base);
    await expect(overlay.migrate(sampleSettings, signal)).rejects.toMatchObject({ code });
  }
});

test('an account that many batches touch is read as they left it', async () => {
  await using base = await filledBase();
  await using twin = await filledBase();
  await using overlay = new OverlayLoader(base);
  for (let n = 1; n <= 520; n += 1) {
    const batch = sampleChangeSet(
      n,
      {
        heads: [sampleHeadChange('b', n, instantAt(n))],
        observations: [sampleObservation('b', instantAt(n))],
        versions: n % 100 === 0 ? [insertOf(sampleVersion('b', `key ${n}`, instantAt(n)))] : [],
      },
      'run-2',
    );
    await overlay.apply(batch, signal);
    await twin.apply(batch, signal);
  }
  expect(await stateOf(overlay)).toEqual(await stateOf(twin));
});

test('a roster that is written is seen here and not in the base; refresh tokens go to the base', async () => {
  const base = await filledBase();
  await base.roster?.write(['a', 'b'], instantAt(0), signal);
  const { roster, refreshTokens } = new OverlayLoader(base);
  const listed = async (store = roster) => Array.fromAsync(store?.read(signal) ?? []);
  expect(await listed()).toEqual(['a', 'b']);
  await roster?.write(['c'], instantAt(1), signal);
  expect([await listed(), await listed(base.roster)]).toEqual([['c'], ['a', 'b']]);
  await refreshTokens?.replace([{ appId: 'a', expected: null, token: 't' }], signal);
  expect(await base.refreshTokens?.read(['a'], signal)).toEqual(new Map([['a', 't']]));
});
