/** Laws of a log that was cut, as properties: whatever is gone of it, no row of the dimension is computed from the rest. */
import fc from 'fast-check';
import { expect } from 'vitest';
import { firstSeenModes } from '../../src/dimension/version.ts';
import type { Micros } from '../../src/instant.ts';
import type { Loader } from '../../src/load/loader.ts';
import { createMemoryLoader } from '../../src/load/memory/memory-loader.ts';
import { createMemoryTarget } from '../../src/load/memory/memory-target.ts';
import { exportLog } from '../../src/pipeline/export-log.ts';
import { rebuild } from '../../src/pipeline/rebuild.ts';
import { replay } from '../../src/pipeline/replay.ts';
import type { RunContext } from '../../src/pipeline/run/run-context.ts';
import { verify } from '../../src/pipeline/verify.ts';
import { arbitraryLog, byTime, type LogItem, lineOf } from './arbitrary-log.ts';
import { contextFor, inputOf, readExport } from './run-case.ts';
import { contentsOf } from './target-contents.ts';

/** A target of which rows can be taken as a retention job does. */
export interface CuttableTarget {
  readonly loader: Loader;
  dropObservations(appId: string, times: readonly Micros[]): Promise<void>;
  dropPayloads(hashes: readonly string[]): Promise<void>;
}

export type CreateCuttable = () => Promise<CuttableTarget>;

export async function cuttableMemory(): Promise<CuttableTarget> {
  const target = createMemoryTarget();
  return {
    loader: createMemoryLoader(target),
    async dropObservations(appId, times) {
      const rows = target.accounts.get(appId);
      if (rows === undefined) return;
      const observations = new Map([...rows.observations].filter(([time]) => !times.includes(time)));
      target.accounts.set(appId, { ...rows, observations });
    },
    async dropPayloads(hashes) {
      for (const hash of hashes) target.payloads.delete(hash);
    },
  };
}

/** `schema` is quoted where it must be. */
export function cuttableSql(loader: Loader, schema: string): CuttableTarget {
  const { signal } = new AbortController();
  const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`;
  return {
    loader,
    async dropObservations(appId, times) {
      for (const time of times) {
        const instant = `timestamptz 'epoch' + interval '1 microsecond' * ${time}`;
        const sql = `DELETE FROM ${schema}.scene_observation WHERE app_id = ${quote(appId)} AND observed_at = ${instant}`;
        await loader.runSql?.(sql, signal);
      }
    },
    async dropPayloads(hashes) {
      for (const hash of hashes) {
        await loader.runSql?.(`DELETE FROM ${schema}.scene_payload WHERE payload_hash = ${quote(hash)}`, signal);
      }
    },
  };
}

const guards = { empty: 'accept', maxShrink: 1 } as const;
const scenario = fc.record({
  log: arbitraryLog,
  cut: fc.array(fc.nat(), { minLength: 1, maxLength: 10 }),
  newer: fc.boolean(),
  firstSeen: fc.constantFrom(...firstSeenModes),
});

/** Whatever is cut, a rebuild and newer answers leave history alone, and a copy of the log brings everything back. */
export function cutLogsAreNotRewritten(create: CreateCuttable) {
  return fc.asyncProperty(scenario, async ({ log, cut, newer, firstSeen }) => {
    const target = await create();
    await using loader = target.loader;
    const context = contextFor(loader, { dimension: { firstSeen }, guards });
    const items = [...log].sort(byTime);
    await load(context, items);
    const copy = await logOf(context);
    const dimension = await readExport(loader);
    await dropSome(target, cut);
    await rebuild(context);
    expect(await readExport(loader), 'a rebuild dates nothing anew').toBe(dimension);
    const additions = newer ? items.slice(-1).map((item) => ({ ...item, at: 100 })) : [];
    const { report } = await replay(context, { input: inputOf(additions.map(lineOf)), name: 'newer' });
    expect(report.accounts.failed, 'newer answers are recorded').toBe(0);

    const repaired = await replay(context, { input: inputOf(copy), name: 'copy' });
    expect([repaired.exitCode, repaired.report.problems]).toEqual([0, expect.anything()]);
    expect((await verify(context)).violations).toEqual([]);
    expect(await contentsOf(loader)).toEqual(await contentsOfWhole(context, [...items, ...additions]));
  });
}

async function dropSome({ loader, dropObservations }: CuttableTarget, cut: readonly number[]): Promise<void> {
  const { signal } = new AbortController();
  const stored = await Array.fromAsync(loader.readObservations({}, signal));
  for (const index of cut) {
    const observation = stored[index % stored.length];
    if (observation !== undefined) await dropObservations(observation.appId, [observation.observedAt]);
  }
}

async function load(context: RunContext, items: readonly LogItem[]): Promise<void> {
  const result = await replay(context, { input: inputOf(items.map(lineOf)), name: 'log' });
  expect([result.error, result.exitCode]).toEqual([null, 0]);
}

async function logOf({ loader, signal }: RunContext): Promise<string[]> {
  const text = (await Array.fromAsync(exportLog(loader, signal))).join('');
  return text.split('\n').filter(Boolean);
}

async function contentsOfWhole({ dimension }: RunContext, items: readonly LogItem[]) {
  await using loader = createMemoryLoader();
  await load(contextFor(loader, { dimension: { firstSeen: dimension.firstSeen }, guards }), items);
  return await contentsOf(loader);
}
