import { describe, expect, it } from 'vitest';
import type { Observation } from '../../dimension/observation.ts';
import type { Loader, Payload } from '../loader.ts';
import type { ContractTargets } from './contract-target.ts';
import { applyChanges, neverAborted, openTarget, stateOf } from './contract-target.ts';
import {
  commonPayload,
  insertOf,
  instantAt,
  sampleHead,
  sampleHeadChange,
  sampleObservation,
  samplePayload,
  sampleRun,
  sampleVersion,
} from './sample-rows.ts';

/** Every sort of observation: of each status, with each field filled and empty. */
const observationsOfAllSorts: readonly Observation[] = [
  sampleObservation('wx1', instantAt(0)),
  sampleObservation('wx1', instantAt(1), {
    holdReason: 'shrink',
    decidedAt: instantAt(9),
    decisionNote: '问过店长，属实',
  }),
  sampleObservation('wx1', instantAt(2), { status: 'held', holdReason: 'empty' }),
  sampleObservation('wx1', instantAt(3), { status: 'held', holdReason: 'shrink' }),
  sampleObservation('wx1', instantAt(4), {
    status: 'held',
    holdReason: 'manual',
    decidedAt: instantAt(8),
    decisionNote: null,
  }),
  sampleObservation('wx1', instantAt(5), {
    status: 'failed',
    payloadHash: null,
    errorCode: '-1',
    errorMessage: 'busy',
  }),
  sampleObservation('wx1', instantAt(6), { status: 'failed', payloadHash: null, errorCode: 'malformed_response' }),
  sampleObservation('wx1', instantAt(7), { status: 'failed', payloadHash: null, errorCode: '40001', errorMessage: '' }),
];

/** apply: each part of a change set, alone and together. */
export function describeApply(targets: ContractTargets): void {
  describe('apply', () => {
    it('stores every part of a change set', async () => {
      await using target = await openTarget(targets);
      const { loader } = target;
      const heads = [
        sampleHead('wx1', 1, instantAt(7), {
          lastOkAt: instantAt(1),
          lastObservedAt: instantAt(4),
          lastErrorCode: '40001',
          lastErrorMessage: '',
          removalsSuspendedSince: instantAt(0),
        }),
        sampleHead('wx2', 1, instantAt(0), {
          lastOkAt: null,
          lastObservedAt: null,
          lastPayloadHash: null,
          lastErrorCode: '-1',
          lastErrorMessage: 'system busy, rid: 64af7b86-7f59782b-19648ad4',
        }),
      ];
      const versions = [sampleVersion('wx1', '1', instantAt(0)), sampleVersion('wx1', '@_all', instantAt(0))];
      const failure = sampleObservation('wx2', instantAt(0), { status: 'failed', payloadHash: null, errorCode: '-1' });
      await applyChanges(loader, 1, {
        observations: [...observationsOfAllSorts, failure],
        rejects: [
          { appId: 'wx1', observedAt: instantAt(0), index: 0, reason: 'no_key', raw: '{"name":"\\u0000\\n"}' },
          {
            appId: 'wx1',
            observedAt: instantAt(0),
            index: 1,
            reason: 'conflict',
            raw: `{"value":${'9'.repeat(5_000)}}`,
          },
          { appId: 'wx1', observedAt: instantAt(2), index: 0, reason: 'not_an_object', raw: 'null' },
        ],
        heads: heads.map((head) => ({ before: null, head })),
        versions: versions.map(insertOf),
      });
      const { meta: _, ...rows } = await stateOf(await target.second());
      expect(rows).toEqual({ heads, observations: [...observationsOfAllSorts, failure], versions });
    });

    it('applies the record of a run alone, from its first batch to its end', async () => {
      await using target = await openTarget(targets);
      const { loader } = target;
      const before = await stateOf(loader);
      const finished = { finishedAt: instantAt(5), outcome: 'nothing_changed' } as const;
      await applyChanges(loader, 1, { payloads: [] });
      await applyChanges(loader, 2, { payloads: [], run: sampleRun('run-1', 2, finished) });
      expect(await stateOf(loader)).toEqual(before);
    });

    it('changes the decision of an observation and nothing else about it', async () => {
      await using target = await openTarget(targets);
      const { loader } = target;
      const held = sampleObservation('wx1', instantAt(0), { status: 'held', holdReason: 'shrink' });
      const wrong = sampleObservation('wx1', instantAt(1));
      const other = sampleObservation('wx2', instantAt(0), { status: 'held', holdReason: 'empty' });
      await applyChanges(loader, 1, {
        observations: [held, wrong, other],
        heads: [sampleHeadChange('wx1', null), sampleHeadChange('wx2', null)],
      });
      const accepted = {
        status: 'ok',
        holdReason: 'shrink',
        decidedAt: instantAt(3),
        decisionNote: 'the shop says so',
      } as const;
      const setAside = {
        status: 'held',
        holdReason: 'manual',
        decidedAt: instantAt(4),
        decisionNote: 'a fault of WeChat',
      } as const;
      await applyChanges(loader, 1, {
        run: sampleRun('run-2', 1, { command: 'accept' }),
        decisions: [
          { appId: 'wx1', observedAt: instantAt(0), ...accepted },
          { appId: 'wx1', observedAt: instantAt(1), ...setAside },
        ],
        heads: [sampleHeadChange('wx1', 1)],
      });
      const { observations } = await stateOf(loader);
      const decided = [
        { ...held, ...accepted },
        { ...wrong, ...setAside },
      ];
      expect(observations).toEqual([...decided, other]);
      expect(await Array.fromAsync(loader.readObservations({ notedOnly: true }, neverAborted))).toEqual(decided);
    });

    it('deletes observations and bodies, and refuses with stale_heads to delete what is not there', async () => {
      await using target = await openTarget(targets);
      const { loader } = target;
      const [kept, unnamed] = [samplePayload('kept'), samplePayload('names nobody: 搜')];
      const observations = observationsOfAllSorts.map((observation) => ({ ...observation, appId: 'wx2' }));
      await applyChanges(loader, 1, {
        payloads: [commonPayload, kept, unnamed],
        observations: [...observationsOfAllSorts, ...observations],
        rejects: [{ appId: 'wx1', observedAt: instantAt(1), index: 0, reason: 'no_key', raw: '{}' }],
        heads: [sampleHeadChange('wx1', null, instantAt(7)), sampleHeadChange('wx2', null, instantAt(7))],
      });
      const before = await stateOf(loader);
      const compaction = (revision: number) => ({
        payloads: [],
        removedObservations: [5, 1].map((n) => ({ appId: 'wx1', observedAt: instantAt(n) })),
        removedPayloads: [unnamed.payloadHash],
        heads: [sampleHeadChange('wx1', revision, instantAt(7), instantAt(7))],
      });
      await applyChanges(loader, 1, compaction(1), 'run-2');
      const after = await stateOf(await target.second());
      expect(after.observations).toEqual(
        before.observations.filter(({ appId, observedAt }) => {
          return appId === 'wx2' || (observedAt !== instantAt(1) && observedAt !== instantAt(5));
        }),
      );
      expect(await sizesOf(loader)).toEqual(sizesOfPayloads([commonPayload, kept]));
      expect((await loader.readPayloads([unnamed.payloadHash], neverAborted)).size).toBe(0);

      const refusals = [
        { ...compaction(2), removedPayloads: [] },
        { ...compaction(2), removedObservations: [] },
        { ...compaction(1), removedObservations: [{ appId: 'wx1', observedAt: instantAt(2) }], removedPayloads: [] },
      ];
      for (const parts of refusals) {
        await expect(applyChanges(loader, 1, parts, 'run-3')).rejects.toMatchObject({ code: 'stale_heads' });
      }
      expect(await stateOf(loader)).toEqual(after);
      expect(await sizesOf(loader)).toEqual(sizesOfPayloads([commonPayload, kept]));
    });

    it('takes a payload that is stored already, and gives back every byte of each', async () => {
      await using target = await openTarget(targets);
      const { loader } = target;
      const payloads = [
        commonPayload,
        samplePayload(''),
        samplePayload(Uint8Array.from({ length: 256 }, (_, byte) => byte)),
        samplePayload(Uint8Array.of(0xff, 0xfe, 0x00, 0x5c, 0x4e, 0x0a)),
        samplePayload('\\N\t\\.\r\n\u0000'),
        samplePayload('搜'.repeat(400_000)),
      ];
      await applyChanges(loader, 1);
      await applyChanges(loader, 2, { payloads });
      const hashes = payloads.map(({ payloadHash }) => payloadHash);
      const missing = samplePayload('never stored').payloadHash;
      const bodies = await loader.readPayloads([...hashes, missing], neverAborted);
      expect(new Set(bodies.keys())).toEqual(new Set(hashes));
      for (const { payloadHash, body } of payloads) {
        expect(Buffer.from(bodies.get(payloadHash) ?? 'missing').equals(body), payloadHash).toBe(true);
      }
      expect(await loader.readPayloads([], neverAborted)).toEqual(new Map());
    });

    it('replaces a stored body by one that says so', async () => {
      await using target = await openTarget(targets);
      const { loader } = target;
      const { payloadHash, body } = commonPayload;
      const kept = samplePayload('kept');
      await applyChanges(loader, 1, { payloads: [{ payloadHash, body: Buffer.from('damaged') }, kept] });
      const added = samplePayload('added');
      await applyChanges(loader, 2, { payloads: [{ ...commonPayload, replaces: true }, kept, added] });
      const bodies = await loader.readPayloads([payloadHash, kept.payloadHash, added.payloadHash], neverAborted);
      const stored = [commonPayload, kept, added].map((payload) => Buffer.from(bodies.get(payload.payloadHash) ?? []));
      expect(stored).toEqual([body, kept.body, added.body].map((bytes) => Buffer.from(bytes)));
    });

    it('lets two clients store the same new payloads at once', async () => {
      await using target = await openTarget(targets);
      const clients = [target.loader, await target.second()];
      const payloads = Array.from({ length: 50 }, (_, n) => samplePayload(`{"errcode":0,"scene":[],"n":${n}}`));
      await Promise.all(
        clients.map((client, n) =>
          applyChanges(
            client,
            1,
            { payloads: n === 0 ? payloads : payloads.toReversed(), heads: [sampleHeadChange(`wx${n}`, null)] },
            `run-${n}`,
          ),
        ),
      );
      const { heads } = await stateOf(target.loader);
      expect(heads.map(({ appId }) => appId)).toEqual(['wx0', 'wx1']);
    });
  });
}

async function sizesOf(loader: Loader): Promise<ReadonlyMap<string, number>> {
  const sizes = await Array.fromAsync(loader.readPayloadSizes(neverAborted));
  const byHash = new Map(sizes.map(({ payloadHash, byteLength }) => [payloadHash, byteLength]));
  expect(byHash.size, 'each body once').toBe(sizes.length);
  return byHash;
}

function sizesOfPayloads(payloads: readonly Payload[]): ReadonlyMap<string, number> {
  return new Map(payloads.map(({ payloadHash, body }) => [payloadHash, body.byteLength]));
}
