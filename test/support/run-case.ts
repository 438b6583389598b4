/** Runs the steps of a behaviour case against a loader and checks everything that the case and the rules demand. */
import { expect } from 'vitest';
import { bundledCatalog } from '../../src/catalog/scene-catalog.ts';
import { systemClock } from '../../src/clock.ts';
import { OPEN_END, parseInstant, requireInstant } from '../../src/instant.ts';
import type { Loader } from '../../src/load/loader.ts';
import { accept } from '../../src/pipeline/decide.ts';
import { exportVersions } from '../../src/pipeline/export-versions.ts';
import { rebuild } from '../../src/pipeline/rebuild.ts';
import { replay } from '../../src/pipeline/replay.ts';
import type { RunContext } from '../../src/pipeline/run/run-context.ts';
import { verify } from '../../src/pipeline/verify.ts';
import type { BehaviourCase, CaseObservation, Step } from './case-file.ts';
import { caseLine, caseTime, expectedRows, rowText } from './case-file.ts';

const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** The context of a command on a loader, with a case's settings over the defaults. */
export function contextFor(loader: Loader, config: BehaviourCase['config']): RunContext {
  return {
    loader,
    dimension: { firstSeen: 'beginning', timeZone: 'Asia/Shanghai', ...config.dimension },
    catalog: bundledCatalog(),
    guards: { empty: 'hold', minScenes: 4, maxShrink: 0.5, ...config.guards },
    autoMigrate: true,
    lockTimeoutMs: 0,
    programVersion: '0.0.0-test',
    clock: systemClock,
    logger: silent,
    redact: (text) => text,
    holdsSecret: () => false,
    signal: new AbortController().signal,
  };
}

interface Outcome {
  readonly exit: number;
  readonly stderr: string;
  readonly report: Readonly<Record<string, unknown>>;
}

/** Text as a command reads it from a file or a pipe. */
export async function* inputOf(lines: readonly string[]): AsyncGenerator<Uint8Array> {
  yield Buffer.from(lines.map((line) => `${line}\n`).join(''));
}

export async function readExport(
  loader: Loader,
  options: { asOf?: bigint; currentOnly?: boolean } = {},
): Promise<string> {
  let text = '';
  const { asOf = null, currentOnly = false } = options;
  const pieces = exportVersions(loader, { format: 'ndjson', asOf, currentOnly }, new AbortController().signal);
  for await (const piece of pieces) text += piece;
  return text;
}

export async function runCase(behaviour: BehaviourCase, loader: Loader): Promise<void> {
  const context = contextFor(loader, behaviour.config);
  const replayed: CaseObservation[][] = [];
  let before = '';
  for (const [index, step] of behaviour.steps.entries()) {
    const where = `${behaviour.id} step ${index + 1}`;
    const outcome = await runStep(step, context, replayed);
    const exits = typeof step.exit === 'number' ? [step.exit] : step.exit;
    expect(exits, `${where}: exit status; ${outcome.stderr}`).toContain(outcome.exit);
    if (step.stderr !== undefined) expect(outcome.stderr, where).toMatch(new RegExp(step.stderr));
    for (const name of ['versions', 'accounts', 'observations', 'rejects', 'outcome'] as const) {
      const wanted = step[name];
      if (wanted === undefined) continue;
      if (typeof wanted === 'object') expect(outcome.report[name], `${where}: ${name}`).toMatchObject(wanted);
      else expect(outcome.report[name], `${where}: ${name}`).toEqual(wanted);
    }
    const after = (await loader.readMeta(context.signal)) === null ? '' : await readExport(loader);
    if (step.unchanged === true) expect(after, `${where}: the export is unchanged`).toBe(before);
    await checkRows(step, after, loader, where);
    if (after !== '') await checkRules(after, context, where);
    before = after;
  }
}

async function runStep(step: Step, context: RunContext, replayed: CaseObservation[][]): Promise<Outcome> {
  if (step.replay !== undefined) {
    const items = Array.isArray(step.replay)
      ? step.replay
      : step.replay === 'again'
        ? (replayed.at(-1) ?? [])
        : replayed.flat();
    if (Array.isArray(step.replay)) replayed.push(items);
    const { exitCode, error, report } = await replay(context, {
      input: inputOf(items.map(caseLine)),
      name: 'case.ndjson',
    });
    return { exit: exitCode, stderr: error?.message ?? '', report: { ...report } };
  }
  if (step.plan !== undefined) {
    const { planReplay } = await import('../../src/pipeline/dry-run.ts');
    const { exitCode, error, report } = await planReplay(context, {
      input: inputOf(step.plan.map(caseLine)),
      name: 'case.ndjson',
    });
    return { exit: exitCode, stderr: error?.message ?? '', report: { ...report } };
  }
  if (step.accept !== undefined) {
    const { app, at } = step.accept;
    const observedAt = at === undefined ? null : requireInstant(caseTime(at), 'at');
    return { exit: 0, stderr: '', report: { ...(await accept(context, { appId: app, observedAt })) } };
  }
  if (step.rebuild !== undefined) {
    const { exitCode, report } = await rebuild(context);
    return { exit: exitCode, stderr: '', report: { ...report } };
  }
  if (step.verify !== undefined) {
    const report = await verify(context);
    return { exit: report.violations_total === 0 ? 0 : 65, stderr: '', report: { ...report } };
  }
  throw new Error('a step needs a command');
}

type Row = Readonly<Record<string, unknown>>;

function parseRows(text: string): Row[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Row);
}

async function checkRows(step: Step, after: string, loader: Loader, where: string): Promise<void> {
  const rows = parseRows(after);
  if (step.rows !== undefined) expect(rows.map(rowText).sort(), `${where}: rows`).toEqual(expectedRows(step.rows));
  for (const [column, wanted] of [
    ['value_kind', step.kinds],
    ['scene_value', step.values],
  ] as const) {
    for (const [key, value] of wanted ?? []) {
      const found = rows.filter((row) => row['scene_key'] === key).map((row) => row[column]);
      expect(new Set(found), `${where}: ${column} of ${key}`).toEqual(new Set([value]));
    }
  }
  for (const { at, rows: wanted } of step.as_of ?? []) {
    const asOf = requireInstant(caseTime(at), 'as_of');
    const found = parseRows(await readExport(loader, { asOf }));
    expect(found.map(rowText).sort(), `${where}: as of ${at}`).toEqual(expectedRows(wanted));
  }
  if (step.current !== undefined) {
    const found = parseRows(await readExport(loader, { currentOnly: true }));
    expect(found.map(rowText).sort(), `${where}: current`).toEqual(expectedRows(step.current));
  }
}

/** What holds after every step: `verify` finds nothing, derived columns are right, the order is that of code points. */
async function checkRules(text: string, context: RunContext, where: string): Promise<void> {
  const report = await verify(context);
  expect(report.violations, `${where}: verify`).toEqual([]);
  const rows = parseRows(text);
  expect(new Set(rows.map((row) => row['version_id'])).size, `${where}: version ids are unique`).toBe(rows.length);
  for (const row of rows) {
    const isOpen = parseInstant(String(row['effective_to'])) === OPEN_END;
    expect(row['is_current'], where).toBe(isOpen);
    expect(row['end_reason'] === null, where).toBe(isOpen);
    expect(row['is_aggregate'], where).toBe(row['scene_key'] === '@_all');
  }
  expect(rows.map(orderOf), `${where}: order`).toEqual(rows.map(orderOf).sort(Buffer.compare));
}

/** Sorts like (app_id, scene_key, effective_from), texts by code points: U+0000 cannot occur in them. */
function orderOf(row: Row): Buffer {
  const from = String(parseInstant(String(row['effective_from']))).padStart(20, '0');
  return Buffer.from([row['app_id'], row['scene_key'], from].join('\0'));
}
