/**
 * The behaviour cases on BigQuery. An emulator's statement costs a good part of a second, so cases of one config run in lockstep, each
 * with accounts of its own: the first step of all of them is one replay, and so on. What a step reports is compared with what the
 * same step reports in memory, where every case is checked by itself, and each case's rows with those that it demands.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { formatInstant, requireInstant } from '../../src/instant.ts';
import type { Loader, MigrateOptions } from '../../src/load/loader.ts';
import { createMemoryLoader } from '../../src/load/memory/memory-loader.ts';
import { accept } from '../../src/pipeline/decide.ts';
import { planReplay } from '../../src/pipeline/dry-run.ts';
import { rebuild } from '../../src/pipeline/rebuild.ts';
import { replay } from '../../src/pipeline/replay.ts';
import type { RunContext } from '../../src/pipeline/run/run-context.ts';
import { verify } from '../../src/pipeline/verify.ts';
import { describeBigquery } from '../support/bigquery.ts';
import { type BigqueryTargets, createBigqueryTargets } from '../support/bigquery-targets.ts';
import {
  type BehaviourCase,
  type CaseObservation,
  caseLine,
  caseTime,
  expectedRows,
  readCases,
  rowText,
  type Step,
} from '../support/case-file.ts';
import { contextFor, inputOf, readExport, runCase } from '../support/run-case.ts';

const timeout = 900_000;
const cases = readCases(new URL('../cases/scd2-cases.yaml', import.meta.url));

/** A refused line stops the whole replay, and a raw line names its own account: such a case runs by itself. */
function runsAlone({ steps, id }: BehaviourCase): boolean {
  return steps.some(
    (step) =>
      step.stderr !== undefined ||
      isRefused(step) ||
      [step.replay, step.plan].some((list) => Array.isArray(list) && list.some((item) => !isPrefixable(item, id))),
  );
}

/** What a guard holds ends with the same status, but stops nothing: its rows and the reports of the others are as ever. */
function isRefused({ exit, unchanged, replay: items }: Step): boolean {
  return exit === 65 && unchanged === true && Array.isArray(items) && items.some((item) => isInFuture(item));
}

function isInFuture(item: CaseObservation): boolean {
  return typeof item !== 'string' && caseTime(item.at) > formatInstant(systemClock.now());
}

function isPrefixable(item: CaseObservation, id: string): item is Exclude<CaseObservation, string> {
  return typeof item !== 'string' && `${id} ${item.app}`.length <= 128;
}

/** A case among others: its accounts are named after it. */
class CaseInLockstep {
  readonly behaviour: BehaviourCase;
  readonly #replayed: CaseObservation[][] = [];

  constructor(behaviour: BehaviourCase) {
    this.behaviour = behaviour;
  }

  get prefix(): string {
    return `${this.behaviour.id} `;
  }

  step(index: number): Step | undefined {
    return this.behaviour.steps[index];
  }

  /** The lines of a step that replays; none when it does something else. */
  lines(index: number): readonly string[] {
    const items = this.step(index)?.replay;
    if (items === undefined) return [];
    if (Array.isArray(items)) this.#replayed.push(items);
    const all = items === 'everything' ? this.#replayed.flat() : (this.#replayed.at(-1) ?? []);
    return this.#linesOf(all);
  }

  planLines(index: number): readonly string[] {
    return this.#linesOf(this.step(index)?.plan ?? []);
  }

  /** The rows of an export that are this case's, in the form in which it demands them. */
  rowsIn(text: string): readonly string[] {
    return text
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
      .filter((row) => String(row['app_id']).startsWith(this.prefix))
      .map((row) => rowText({ ...row, app_id: String(row['app_id']).slice(this.prefix.length) }))
      .sort();
  }

  #linesOf(items: readonly CaseObservation[]): readonly string[] {
    return items
      .filter((item) => isPrefixable(item, this.behaviour.id))
      .map((item) => caseLine({ ...item, app: `${this.prefix}${item.app}` }));
  }
}

/** Does step `index` of every case and tells what was reported. */
async function doStep(index: number, members: readonly CaseInLockstep[], lines: StepLines, context: RunContext) {
  const reports: unknown[] = [];
  const withoutId = <Report extends { readonly run_id?: string }>({ run_id: _, ...report }: Report) => report;
  const input = (text: readonly string[]) => ({ input: inputOf(text), name: 'cases.ndjson' });
  if (lines.plan.length > 0) reports.push(withoutId((await planReplay(context, input(lines.plan))).report));
  if (lines.replay.length > 0) {
    const { report, error, exitCode } = await replay(context, input(lines.replay));
    reports.push(withoutId(report), error, exitCode);
  }
  for (const member of members) {
    const wanted = member.step(index)?.accept;
    if (wanted === undefined) continue;
    const observedAt = wanted.at === undefined ? null : requireInstant(caseTime(wanted.at), 'at');
    reports.push(withoutId({ ...(await accept(context, { appId: `${member.prefix}${wanted.app}`, observedAt })) }));
  }
  if (members.some((member) => member.step(index)?.rebuild)) reports.push(withoutId((await rebuild(context)).report));
  return reports;
}

interface StepLines {
  readonly plan: readonly string[];
  readonly replay: readonly string[];
}

async function runInLockstep(behaviours: readonly BehaviourCase[], bigquery: Loader): Promise<void> {
  const members = behaviours.map((behaviour) => new CaseInLockstep(behaviour));
  const config = behaviours[0]?.config ?? { dimension: {}, guards: {} };
  await using memory = createMemoryLoader();
  const [actual, expected] = [contextFor(bigquery, config), contextFor(memory, config)];
  const count = Math.max(...behaviours.map(({ steps }) => steps.length));
  for (let index = 0; index < count; index += 1) {
    const lines = {
      plan: members.flatMap((member) => member.planLines(index)),
      replay: members.flatMap((member) => member.lines(index)),
    };
    const reported = await doStep(index, members, lines, actual);
    expect(reported, `reports of step ${index + 1}`).toEqual(await doStep(index, members, lines, expected));
    const text = await readExport(bigquery);
    expect(text, `export after step ${index + 1}`).toBe(await readExport(memory));
    for (const member of members) {
      const rows = member.step(index)?.rows;
      const where = `${member.behaviour.id} ${member.behaviour.title}, step ${index + 1}`;
      if (rows !== undefined) expect(member.rowsIn(text), where).toEqual(expectedRows(rows));
    }
  }
  expect((await verify(actual)).violations).toEqual([]);
}

describeBigquery('behaviour cases in BigQuery', (suite) => {
  let targets: BigqueryTargets;
  beforeAll(() => {
    targets = createBigqueryTargets(suite);
  });
  afterAll(() => targets[Symbol.asyncDispose]());
  const emptyTarget = ({ config }: BehaviourCase) => targets.empty(config.dimension as Partial<MigrateOptions>);

  const groups = Map.groupBy(
    cases.filter((behaviour) => !runsAlone(behaviour)),
    ({ config }) => JSON.stringify(config),
  );
  describe('in lockstep', () => {
    for (const [config, behaviours] of groups) {
      test(`${behaviours.length} with ${config}: ${behaviours.map(({ id }) => id).join(' ')}`, {
        timeout,
      }, async () => {
        const [first] = behaviours;
        if (first === undefined) return;
        await using loader = await emptyTarget(first);
        await runInLockstep(behaviours, loader);
      });
    }
  });

  describe('alone', () => {
    test.each(cases.filter(runsAlone))('$id $title', { timeout }, async (behaviour) => {
      await using loader = await emptyTarget(behaviour);
      await runCase(behaviour, loader);
    });
  });
});
