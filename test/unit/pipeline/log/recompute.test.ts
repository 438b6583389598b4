import { expect, test } from 'vitest';
import { createMemoryLoader } from '../../../../src/load/memory/memory-loader.ts';
import { replay } from '../../../../src/pipeline/replay.ts';
import { verify } from '../../../../src/pipeline/verify.ts';
import { contextFor, inputOf } from '../../../support/run-case.ts';

/** Accounts with two answers each, all different. */
const lines = Array.from({ length: 20 }, (_, account) => account).flatMap((account) =>
  [1, 2].map((day) =>
    JSON.stringify({
      app_id: `wx${account}`,
      observed_at: `2026-01-0${day}T00:00:00Z`,
      body: { errcode: 0, scene: [{ name: `${account} on ${day}`, value: 1 }] },
    }),
  ),
);

test.each([
  [1_000, 1],
  [10, 4],
  [3, 20],
  [1, 40],
])('verify reads bodies for accounts together, %i at once', async (readPayloads, reads) => {
  const memory = createMemoryLoader();
  let count = 0;
  const loader: typeof memory = {
    ...memory,
    limits: { ...memory.limits, readPayloads },
    readPayloads: (hashes, signal) => {
      count += 1;
      expect(hashes.length).toBeLessThanOrEqual(readPayloads);
      return memory.readPayloads(hashes, signal);
    },
  };
  const options = { dimension: {}, guards: {} };
  expect((await replay(contextFor(loader, options), { input: inputOf(lines), name: 'x.ndjson' })).error).toBeNull();
  count = 0;
  const { violations } = await verify(contextFor(loader, options));
  expect([violations, count]).toEqual([[], reads]);
});
