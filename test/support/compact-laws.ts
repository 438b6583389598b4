/** Laws of a log that was compacted, as properties. */
import fc from 'fast-check';
import { expect } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { firstSeenModes } from '../../src/dimension/version.ts';
import { formatInstant } from '../../src/instant.ts';
import { compact, planCompact } from '../../src/pipeline/compact.ts';
import { rebuild } from '../../src/pipeline/rebuild.ts';
import { replay } from '../../src/pipeline/replay.ts';
import type { RunContext } from '../../src/pipeline/run/run-context.ts';
import { verify } from '../../src/pipeline/verify.ts';
import { arbitraryDecision, decide } from './arbitrary-decision.ts';
import { byTime, instantOf, type LogItem, lineOf } from './arbitrary-log.ts';
import type { CreateTarget } from './replay-laws.ts';
import { contextFor, inputOf } from './run-case.ts';
import type { CreateCuttable } from './shortened-laws.ts';
import { contentsOf } from './target-contents.ts';

/** Few bodies, so that many follow an equal one: lists with and without flaws, empty ones, failures. */
const body = fc.oneof(
  { weight: 6, arbitrary: fc.constant('{"errcode":0,"scene":[{"name":"A","value":1},{"name":"B","value":2}]}') },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      '{"errcode":0,"scene":[{"name":"A","value":1}]}',
      '{"errcode":0,"scene":[{"name":"B","value":1},{"name":"B","value":2}]}',
      '{"errcode":0,"scene":[{"name":"A","value":1},{"name":7,"value":2}]}',
      '{"errcode":0,"scene":[{"name":"A","value":1},{"name":"no key"}]}',
      '{"errcode":0,"scene":[]}',
    ),
  },
  { weight: 3, arbitrary: fc.constantFrom('{"errcode":-1,"errmsg":"busy"}', '{"errcode":61003}') },
);
const repetitiveLog: fc.Arbitrary<LogItem[]> = fc.uniqueArray(
  fc.record({ appId: fc.constantFrom('wx1', 'wx2'), at: fc.integer({ min: 1, max: 20 }), body }),
  { minLength: 4, maxLength: 36, selector: (item) => `${item.appId} ${item.at}` },
);
const scenarioOf = (mostDecisions: number) =>
  fc.record({
    log: repetitiveLog,
    decisions: fc.array(arbitraryDecision, { maxLength: mostDecisions }),
    cutoff: fc.integer({ min: 1, max: 22 }),
    firstSeen: fc.constantFrom(...firstSeenModes),
  });
const guards = { empty: 'hold', minScenes: 2, maxShrink: 0.4 } as const;
const everythingOld = { keepMs: 0 };

/** The dimension stays, and the log loses exactly what stands between two that say the same. What comes again changes nothing. */
export function compactingChangesNothing(createTarget: CreateTarget, mostDecisions = 2) {
  return fc.asyncProperty(scenarioOf(mostDecisions), async ({ log, decisions, cutoff, firstSeen }) => {
    await using loader = await createTarget(firstSeen);
    const context = at(cutoff, contextFor(loader, { dimension: { firstSeen }, guards }));
    const lines = [...log].sort(byTime).map(lineOf);
    await load(context, lines);
    for (const decision of decisions) await decide(context, decision);
    const before = await stateOf(context);

    const planned = await planCompact(context, everythingOld);
    expect(await stateOf(context), 'a plan changes nothing').toEqual(before);
    const { run_id, ...done } = await compact(context, everythingOld);
    expect({ ...done, run_id: null }, 'a plan tells what is done').toEqual(planned);
    const after = await stateOf(context);
    const kept = withoutRepeats(linesOf(before.log), instantOf(cutoff));
    expect(linesOf(after.log)).toEqual(kept);
    expect(done.removed.observations).toBe(linesOf(before.log).length - kept.length);
    expect({ ...after, log: '' }).toEqual({ ...before, log: '' });
    expect((await verify(context)).violations).toEqual([]);
    expect((await rebuild(context)).report.outcome).toBe('nothing_changed');
    expect((await compact(context, everythingOld)).outcome, 'twice is once').toBe('nothing_changed');

    await load(context, lines);
    expect((await stateOf(context)).csv, 'the old file again').toBe(before.csv);
    expect((await verify(context)).violations).toEqual([]);
    await compact(context, everythingOld);
    await load(context, linesOf(before.log));
    expect(await stateOf(context), 'the old log again').toEqual(before);
  });
}

/** What was cut before comes back with a copy of the log, and then everything is as it was. */
export function compactingKeepsWhatMends(create: CreateCuttable) {
  const cut = fc.array(fc.nat(), { minLength: 1, maxLength: 8 });
  return fc.asyncProperty(scenarioOf(0), cut, async ({ log, firstSeen }, cuts) => {
    const target = await create();
    await using loader = target.loader;
    const context = at(100, contextFor(loader, { dimension: { firstSeen }, guards }));
    await load(context, [...log].sort(byTime).map(lineOf));
    const before = await stateOf(context);
    const stored = await Array.fromAsync(loader.readObservations({}, context.signal));
    for (const index of cuts) {
      const { appId, observedAt } = stored[index % stored.length] ?? { appId: '', observedAt: 0n };
      await target.dropObservations(appId, [observedAt]);
    }
    const damage = (await verify(context)).violations;
    await compact(context, everythingOld);
    expect((await verify(context)).violations, 'what is missing is told as before').toEqual(damage);
    await load(context, linesOf(before.log));
    expect(await stateOf(context)).toEqual(before);
    expect((await verify(context)).violations).toEqual([]);
  });
}

function at(time: number, context: RunContext): RunContext {
  return { ...context, clock: { ...systemClock, now: () => instantOf(time) } };
}

/** Whatever guards hold is no error; a refused line is. */
async function load(context: RunContext, lines: readonly string[]): Promise<void> {
  const { error } = await replay({ ...context, clock: systemClock }, { input: inputOf(lines), name: 'law.ndjson' });
  expect(error).toBeNull();
}

/** Heads without their revision, which counts the changes of a log. */
async function stateOf({ loader, signal }: RunContext) {
  const stored = await Array.fromAsync(loader.readHeads({}, signal));
  return { ...(await contentsOf(loader)), heads: stored.map(({ revision: _, ...head }) => head) };
}

function linesOf(log: string): string[] {
  return log.split('\n').filter(Boolean);
}

/** Another way to say it: the log as runs of equal lines, of each of which only the ends stay and what is not old. */
function withoutRepeats(lines: readonly string[], cutoff: bigint): string[] {
  const runs: { readonly said: string; readonly lines: string[] }[] = [];
  for (const line of lines) {
    const { app_id, status, body: text, error_code, hold_reason, decided_at } = JSON.parse(line);
    const isPlain = status !== 'held' && hold_reason === undefined && decided_at === undefined;
    const said = isPlain ? JSON.stringify([app_id, status, text, error_code]) : line;
    const run = runs.at(-1);
    if (run?.said === said) run.lines.push(line);
    else runs.push({ said, lines: [line] });
  }
  const isOld = (line: string) => JSON.parse(line).observed_at < formatInstant(cutoff);
  return runs.flatMap(({ lines: run }) => run.filter((line, n) => n === 0 || n === run.length - 1 || !isOld(line)));
}
