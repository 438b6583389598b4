import { expect, test } from 'vitest';
import type { LoaderLimits } from '../../../../src/load/loader-limits.ts';
import { createMemoryLoader } from '../../../../src/load/memory/memory-loader.ts';
import { replay } from '../../../../src/pipeline/replay.ts';
import { contextFor, inputOf, readExport } from '../../../support/run-case.ts';

const line = (account: number, day: number, names: readonly string[]) =>
  JSON.stringify({
    app_id: `wx${account}`,
    observed_at: `2026-01-0${day}T00:00:00Z`,
    body: { errcode: 0, scene: names.map((name, n) => ({ name: `${name} of ${account}`, value: n })) },
  });
const accounts = Array.from({ length: 10 }, (_, n) => n);
const first = accounts.map((account) => line(account, 2, ['a', 'b', 'c']));
/** New, changed, repeated, late and failed ones. */
const second = [
  ...accounts.slice(0, 3).map((account) => line(account, 3, ['a', 'B', 'c', 'd'])),
  ...accounts.slice(3, 5).map((account) => line(account, 2, ['a', 'b', 'c'])),
  ...accounts.slice(5, 9).map((account) => line(account, 1, ['A', 'b'])),
  '{"app_id":"wx9","observed_at":"2026-01-03T00:00:00Z","body":{"errcode":40001,"errmsg":"x"}}',
  ...accounts.map((account) => line(account + 10, 3, ['x', 'y'])),
];

/** Replays both files; tells how many batches held rows of the dimension. */
async function load(limits: Partial<LoaderLimits>) {
  const memory = createMemoryLoader();
  let writes = 0;
  const loader: typeof memory = {
    ...memory,
    limits: { ...memory.limits, ...limits },
    apply: (changes, signal) => {
      if ([...changes.versions].length > 0) writes += 1;
      return memory.apply(changes, signal);
    },
  };
  const context = contextFor(loader, { dimension: {}, guards: { empty: 'accept', maxShrink: 1 } });
  const reports = [];
  for (const lines of [first, second]) {
    const { report, error } = await replay(context, { input: inputOf(lines), name: 'parts.ndjson' });
    expect(error).toBeNull();
    reports.push({ ...report, run_id: '' });
  }
  return { reports, rows: await readExport(loader), writes };
}

test('a batch whose plan is large is written in parts, with the same rows and counts', async () => {
  const whole = await load({});
  expect(whole.writes).toBe(2);
  for (const limits of [{ batchVersions: 1 }, { batchVersions: 7 }, { batchVersions: 4, readPayloads: 1 }]) {
    const parts = await load(limits);
    expect(parts).toEqual({ ...whole, writes: parts.writes });
    expect(parts.writes).toBeGreaterThan(whole.writes);
  }
});
