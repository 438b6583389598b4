/** Laws that every loader's target must keep, as properties. Each is run with a fresh target a run. */
import fc from 'fast-check';
import { expect } from 'vitest';
import { type FirstSeen, firstSeenModes } from '../../src/dimension/version.ts';
import type { Loader } from '../../src/load/loader.ts';
import { rebuild } from '../../src/pipeline/rebuild.ts';
import { replay } from '../../src/pipeline/replay.ts';
import type { RunContext } from '../../src/pipeline/run/run-context.ts';
import { verify } from '../../src/pipeline/verify.ts';
import { arbitraryDecision, decide, type NewestDecision } from './arbitrary-decision.ts';
import { arbitraryLog, arbitrarySplitLog, byTime, cutAt, type LogItem, lineOf } from './arbitrary-log.ts';
import { contextFor, inputOf, readExport } from './run-case.ts';
import { contentsOf, type TargetContents } from './target-contents.ts';

/** Makes a target without rows: not migrated yet, or with `firstSeen` and otherwise the settings that an empty config has. */
export type CreateTarget = (firstSeen: FirstSeen) => Promise<Loader>;

const guardsOff = { empty: 'accept', maxShrink: 1 } as const;
const guardsOn = { empty: 'hold', minScenes: 2, maxShrink: 0.4 } as const;
const arbitraryFirstSeen = fc.constantFrom(...firstSeenModes);

function contextOf(loader: Loader, firstSeen: FirstSeen, guards: Record<string, string | number>): RunContext {
  return contextFor(loader, { dimension: { firstSeen }, guards });
}

async function load(context: RunContext, lines: readonly string[]): Promise<void> {
  const result = await replay(context, { input: inputOf(lines), name: 'law.ndjson' });
  expect(result.error).toBeNull();
}

async function expectSound(context: RunContext): Promise<void> {
  expect((await verify(context)).violations).toEqual([]);
}

/** Any order and any split gives the table of the sorted file; after each part `verify` finds nothing. */
export function orderDoesNotMatter(createTarget: CreateTarget, maxParts = 5) {
  return fc.asyncProperty(arbitrarySplitLog(maxParts), arbitraryFirstSeen, async ({ log, order, cuts }, firstSeen) => {
    const sorted = await exportAfter(createTarget, firstSeen, [...log].sort(byTime).map(lineOf));
    await using shuffled = await createTarget(firstSeen);
    const context = contextOf(shuffled, firstSeen, guardsOff);
    for (const part of cutAt(order, cuts)) {
      await load(context, part.map(lineOf));
      await expectSound(context);
    }
    expect(await readExport(shuffled)).toBe(sorted);
  });
}

/** Targets are used one after the other, so that one dataset may serve for several. */
async function exportAfter(
  createTarget: CreateTarget,
  firstSeen: FirstSeen,
  lines: readonly string[],
): Promise<string> {
  await using target = await createTarget(firstSeen);
  await load(contextOf(target, firstSeen, guardsOff), lines);
  return await readExport(target);
}

/** One observation a file, in order, is planned incrementally; it gives what one file gives, guards included. */
export function stepsEqualOneFile(createTarget: CreateTarget) {
  return fc.asyncProperty(arbitraryLog, arbitraryFirstSeen, async (log, firstSeen) => {
    await using whole = await createTarget(firstSeen);
    await using stepped = await createTarget(firstSeen);
    const lines = [...log].sort(byTime).map(lineOf);
    await load(contextOf(whole, firstSeen, guardsOn), lines);
    const context = contextOf(stepped, firstSeen, guardsOn);
    for (const line of lines) await load(context, [line]);
    await expectSound(context);
    expect(await contentsOf(stepped)).toEqual(await contentsOf(whole));
  });
}

/** Replaying again changes nothing; a rebuild gives the same rows and ids. */
export function repeatingChangesNothing(createTarget: CreateTarget) {
  return fc.asyncProperty(arbitrarySplitLog(), arbitraryFirstSeen, async ({ log, order }, firstSeen) => {
    await using target = await createTarget(firstSeen);
    const context = contextOf(target, firstSeen, guardsOn);
    await load(context, [...log].sort(byTime).map(lineOf));
    const before = await contentsOf(target);
    await load(context, order.map(lineOf));
    expect(await contentsOf(target)).toEqual(before);
    const { report } = await rebuild(context);
    expect(report.outcome).toBe('nothing_changed');
    expect(await contentsOf(target)).toEqual(before);
    await expectSound(context);
  });
}

/** The log of one target, decisions included, gives the same dimension and the same log in another, in any order. */
export function logMovesBetweenTargets(createTarget: CreateTarget, maxDecisions = 3) {
  const decisions = fc.array(arbitraryDecision, { maxLength: maxDecisions });
  return fc.asyncProperty(arbitraryLog, decisions, fc.infiniteStream(fc.nat()), async (log, wanted, seeds) => {
    const contents = await contentsAfter(createTarget, log, wanted);
    const lines = contents.log.split('\n').filter(Boolean);
    const keyed = lines.map((line) => ({ line, key: seeds.next().value ?? 0 }));
    await using to = await createTarget('beginning');
    await load(
      contextOf(to, 'beginning', guardsOn),
      keyed.sort((a, b) => a.key - b.key).map(({ line }) => line),
    );
    expect(await contentsOf(to)).toEqual(contents);
  });
}

async function contentsAfter(
  createTarget: CreateTarget,
  log: readonly LogItem[],
  decisions: readonly NewestDecision[],
): Promise<TargetContents> {
  await using from = await createTarget('beginning');
  const context = contextOf(from, 'beginning', guardsOn);
  await load(context, [...log].sort(byTime).map(lineOf));
  for (const decision of decisions) {
    await decide(context, decision);
    await expectSound(context);
  }
  return await contentsOf(from);
}

/** Whatever arrives when, a version_id never stands for two names. */
export function idsNeverChangeTheirName(createTarget: CreateTarget) {
  return fc.asyncProperty(arbitrarySplitLog(), arbitraryFirstSeen, async ({ order }, firstSeen) => {
    await using target = await createTarget(firstSeen);
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

/**
 * How often a law is tried on a database, where a try takes half a second: `all` where everything is required, as `.ci/run`
 * does, else a fifth of them. Each run of the tests takes others.
 */
export function databaseRuns(all: number): number {
  return process.env['SCENEDIM_TEST_REQUIRE_ALL'] === '1' ? all : Math.ceil(all / 5);
}

/** Runs a law, its seed printed so that a failure can be repeated. */
export async function checkLaw<Values>(law: fc.IAsyncProperty<Values>, numRuns: number): Promise<void> {
  const seed = Number(process.env['SCENEDIM_TEST_SEED'] ?? Date.now() % 2_147_483_647);
  process.stderr.write(`seed ${seed}\n`);
  await fc.assert(law, { numRuns, seed });
}
