import { expect, test } from 'vitest';
import { sumCounts } from '../../../../src/dimension/version-changes.ts';
import type { VersionQuery } from '../../../../src/load/loader.ts';
import type { LoaderLimits } from '../../../../src/load/loader-limits.ts';
import { createMemoryLoader } from '../../../../src/load/memory/memory-loader.ts';
import { BatchBuilder } from '../../../../src/pipeline/batch/batch.ts';
import { planBatch } from '../../../../src/pipeline/batch/plan-batch.ts';
import { createAnswerCache } from '../../../../src/pipeline/log/answer-cache.ts';
import { hashPayload } from '../../../../src/pipeline/log/hash-payload.ts';
import { replay } from '../../../../src/pipeline/replay.ts';
import { contextFor, inputOf } from '../../../support/run-case.ts';

const MICROS_A_DAY = 86_400_000_000n;
const FIRST_DAY = 1_767_225_600_000_000n;
const signal = new AbortController().signal;

/** An answer that lists so many scenes, each under a name of this account and day. */
function bodyOf(account: number, day: number | string, scenes: number): string {
  const scene = Array.from({ length: scenes }, (_, n) => ({ name: `${n} of ${account} on ${day}`, value: n }));
  return JSON.stringify({ errcode: 0, scene });
}

interface Change {
  readonly scenes?: number;
  readonly day?: number;
}

/** Stores an answer of each account, and plans another one: by default of as many scenes, whose names have all changed. */
async function planChanges(
  accounts: number,
  scenes: number,
  { scenes: scenesThen = scenes, day = 2 }: Change = {},
  { cachedRows, limits = {} }: { readonly cachedRows?: number; readonly limits?: Partial<LoaderLimits> } = {},
) {
  const memory = createMemoryLoader();
  const queries: VersionQuery[] = [];
  const loader: typeof memory = {
    ...memory,
    limits: { ...memory.limits, ...limits },
    readVersions: (query, versionsSignal) => {
      queries.push(query);
      return memory.readVersions(query, versionsSignal);
    },
  };
  const context = contextFor(loader, { dimension: {}, guards: {} });
  const lines = Array.from({ length: accounts }, (_, n) =>
    JSON.stringify({ app_id: `wx${n}`, observed_at: '2026-01-01T00:00:00Z', body: bodyOf(n, 1, scenes) }),
  );
  expect((await replay(context, { input: inputOf(lines), name: 'first.ndjson' })).error).toBeNull();

  const builder = new BatchBuilder(loader.limits);
  for (let n = 0; n < accounts; n += 1) {
    const body = Buffer.from(bodyOf(n, day, scenesThen));
    const observation = { observedAt: FIRST_DAY + MICROS_A_DAY, failure: null, recorded: null, origin: n };
    builder.add(`wx${n}`, { ...observation, payloadHash: hashPayload(body) }, body);
  }
  const { guards, dimension } = context;
  const answers = createAnswerCache(cachedRows);
  const inputs = { loader, answers, firstSeen: dimension.firstSeen, guards, runId: 'run', signal };
  queries.length = 0;
  return { planned: await planBatch(inputs, builder.take()), queries };
}

test('answers that are no longer remembered are read again from their bodies', async () => {
  const remembered = await planChanges(5, 3);
  expect(remembered.planned.map(({ plan }) => sumCounts(plan.versions.counts))).toEqual([6, 6, 6, 6, 6]);
  expect(await planChanges(5, 3, {}, { cachedRows: 1 })).toEqual(remembered);
});

test('open versions of many changed scenes are read by bounded queries, each of whole accounts', async () => {
  const { planned, queries } = await planChanges(250, 50);
  expect(planned).toHaveLength(250);
  expect(queries.map(({ scenes = [] }) => scenes.length)).toEqual([10_000, 2_500]);
  expect(new Set(planned.map(({ plan }) => sumCounts(plan.versions.counts)))).toEqual(new Set([100]));
});

test('more different answers than are held at once are planned once each', async () => {
  const { planned, queries } = await planChanges(2_100, 1, {}, { limits: { batchAccounts: 5_000 } });
  expect(planned.map(({ plan }) => plan.appId).sort()).toEqual(
    Array.from({ length: 2_100 }, (_, n) => `wx${n}`).sort(),
  );
  expect(queries.map(({ scenes = [] }) => scenes.length)).toEqual([1_000, 1_000, 100]);
});

test.each([
  ['renamed', { day: 2 }, 100],
  ['added', { day: 1, scenes: 100 }, 50],
])('a plan ends soon behind the largest that may be held when scenes are %s', async (_, change, changesAnAccount) => {
  const limits = { batchAccounts: 2_000, batchVersions: 12_000 };
  const { planned } = await planChanges(1_000, 50, change, { limits });
  const sizes = planned.map(({ plan }) => sumCounts(plan.versions.counts));
  expect(new Set(sizes)).toEqual(new Set([changesAnAccount]));
  const total = sizes.length * changesAnAccount;
  expect([total >= 12_000, total < 12_000 + 2 * 10_000 + changesAnAccount]).toEqual([true, true]);
});
