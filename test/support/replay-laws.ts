/** Laws that every loader's target must keep, as properties. Each is run with a fresh target a run. */
import fc from 'fast-check';
import { expect } from 'vitest';
import type { Loader } from '../../src/load/loader.ts';
import { accept, hold } from '../../src/pipeline/decide.ts';
import { exportLog } from '../../src/pipeline/export-log.ts';
import { rebuild } from '../../src/pipeline/rebuild.ts';
import { replay } from '../../src/pipeline/replay.ts';
import type { RunContext } from '../../src/pipeline/run-context.ts';
import { verify } from '../../src/pipeline/verify.ts';
import { arbitraryLog, arbitrarySplitLog, byTime, cutAt, lineOf } from './arbitrary-log.ts';
import { contextFor, inputOf, readExport } from './run-case.ts';

export type CreateTarget = () => Promise<Loader>;

const guardsOff = { empty: 'accept', maxShrink: 1 } as const;
const guardsOn = { empty: 'hold', minScenes: 2, maxShrink: 0.4 } as const;
const firstSeenModes = fc.constantFrom('beginning', 'observed');

function contextOf(loader: Loader, firstSeen: string, guards: Record<string, string | number>): RunContext {
  return contextFor(loader, { dimension: { firstSeen }, guards });
}

async function load(context: RunContext, lines: readonly string[]): Promise<void> {
  const result = await replay(context, { input: inputOf(lines), name: 'law.ndjson' });
  expect(result.error).toBeNull();
}

async function readLog(loader: Loader): Promise<string> {
  let text = '';
  for await (const piece of exportLog(loader, new AbortController().signal)) text += piece;
  return text;
}

async function expectSound(context: RunContext): Promise<void> {
  expect((await verify(context)).violations).toEqual([]);
}

/** Any order and any split gives the table of the sorted file; after each part `verify` finds nothing. */
export function orderDoesNotMatter(createTarget: CreateTarget) {
  return fc.asyncProperty(arbitrarySplitLog, firstSeenModes, async ({ log, order, cuts }, firstSeen) => {
    await using sorted = await createTarget();
    await using shuffled = await createTarget();
    await load(contextOf(sorted, firstSeen, guardsOff), [...log].sort(byTime).map(lineOf));
    const context = contextOf(shuffled, firstSeen, guardsOff);
    for (const part of cutAt(order, cuts)) {
      await load(context, part.map(lineOf));
      await expectSound(context);
    }
    expect(await readExport(shuffled)).toBe(await readExport(sorted));
  });
}

/** One observation a file, in order, is planned incrementally; it gives what one file gives, guards included. */
export function stepsEqualOneFile(createTarget: CreateTarget) {
  return fc.asyncProperty(arbitraryLog, firstSeenModes, async (log, firstSeen) => {
    await using whole = await createTarget();
    await using stepped = await createTarget();
    const lines = [...log].sort(byTime).map(lineOf);
    await load(contextOf(whole, firstSeen, guardsOn), lines);
    const context = contextOf(stepped, firstSeen, guardsOn);
    for (const line of lines) await load(context, [line]);
    await expectSound(context);
    expect(await readExport(stepped)).toBe(await readExport(whole));
    expect(await readLog(stepped)).toBe(await readLog(whole));
  });
}

/** Replaying again changes nothing; a rebuild gives the same rows and ids. */
export function repeatingChangesNothing(createTarget: CreateTarget) {
  return fc.asyncProperty(arbitrarySplitLog, firstSeenModes, async ({ log, order }, firstSeen) => {
    await using target = await createTarget();
    const context = contextOf(target, firstSeen, guardsOn);
    await load(context, [...log].sort(byTime).map(lineOf));
    const before = [await readExport(target), await readLog(target)];
    await load(context, order.map(lineOf));
    expect([await readExport(target), await readLog(target)]).toEqual(before);
    const { report } = await rebuild(context);
    expect(report.outcome).toBe('nothing_changed');
    expect([await readExport(target), await readLog(target)]).toEqual(before);
    await expectSound(context);
  });
}

/** The log of one target, decisions included, gives the same dimension and the same log in another, in any order. */
export function logMovesBetweenTargets(createTarget: CreateTarget) {
  const decisions = fc.array(fc.record({ appId: fc.constantFrom('wx1', 'wx2'), isAccept: fc.boolean() }), {
    maxLength: 3,
  });
  return fc.asyncProperty(arbitraryLog, decisions, fc.infiniteStream(fc.nat()), async (log, wanted, seeds) => {
    await using from = await createTarget();
    await using to = await createTarget();
    const context = contextOf(from, 'beginning', guardsOn);
    await load(context, [...log].sort(byTime).map(lineOf));
    for (const { appId, isAccept } of wanted) {
      if (isAccept) await accept(context, { appId, observedAt: null });
      else await holdNewest(context, appId);
      await expectSound(context);
    }
    const text = await readLog(from);
    const lines = text.split('\n').filter(Boolean);
    const keyed = lines.map((line) => ({ line, key: seeds.next().value ?? 0 }));
    await load(
      contextOf(to, 'beginning', guardsOn),
      keyed.sort((a, b) => a.key - b.key).map(({ line }) => line),
    );
    expect(await readLog(to)).toBe(text);
    expect(await readExport(to)).toBe(await readExport(from));
  });
}

async function holdNewest(context: RunContext, appId: string): Promise<void> {
  let newestOk: bigint | undefined;
  for await (const { status, observedAt } of context.loader.readObservations({ appIds: [appId] }, context.signal)) {
    if (status === 'ok') newestOk = observedAt;
  }
  if (newestOk !== undefined) await hold(context, { appId, observedAt: newestOk });
}

/** Whatever arrives when, a version_id never stands for two names. */
export function idsNeverChangeTheirName(createTarget: CreateTarget) {
  return fc.asyncProperty(arbitrarySplitLog, firstSeenModes, async ({ order }, firstSeen) => {
    await using target = await createTarget();
    const context = contextOf(target, firstSeen, guardsOff);
    const names = new Map<string, string>();
    for (const item of order) {
      await load(context, [lineOf(item)]);
      for await (const { versionId, sceneName } of target.readVersions({}, context.signal)) {
        expect(names.get(versionId) ?? sceneName).toBe(sceneName);
        names.set(versionId, sceneName);
      }
    }
  });
}

/** Runs a law, its seed printed so that a failure can be repeated. */
export async function checkLaw<Values>(law: fc.IAsyncProperty<Values>, numRuns: number): Promise<void> {
  const seed = Number(process.env['SCENEDIM_TEST_SEED'] ?? Date.now() % 2_147_483_647);
  process.stderr.write(`seed ${seed}\n`);
  await fc.assert(law, { numRuns, seed });
}
