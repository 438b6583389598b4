/**
 * `npm run bench`: how long everything takes, beside the least that it could take. See README.md.
 */
import { existsSync, readFileSync } from 'node:fs';
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { buildWhenStale } from '../../config/build.ts';
import { messageOf } from '../../src/error-text.ts';
import { isScenedimError, ScenedimError } from '../../src/errors.ts';
import { readProgramVersion } from '../../src/process/program-version.ts';
import { asksForHelp, type BenchOptions, type Group, parseBenchOptions, usage } from './bench-options.ts';
import { type BenchResult, currentLoad, describeMachine, parseBenchResult } from './bench-result.ts';
import type { BenchRun } from './bench-run.ts';
import { renderBench } from './bench-table.ts';
import { type BenchTarget, pgliteTarget, postgresTarget } from './bench-target.ts';
import { compareResults } from './compare-figures.ts';
import { takeJoinFigures } from './join-figures.ts';
import { takeLoadFigures } from './load-figures.ts';
import { takeLogFigures } from './log-figures.ts';
import { takePureFigures } from './pure-figures.ts';
import { SampleTally } from './sample.ts';
import { takeScaleFigures } from './scale-figures.ts';
import { takeStartFigures } from './start-figures.ts';
import { takeSyncFigures } from './sync-figures.ts';

const takeFigures: Readonly<Record<Group, (run: BenchRun) => Promise<void>>> = {
  load: takeLoadFigures,
  log: takeLogFigures,
  start: takeStartFigures,
  pure: takePureFigures,
  join: takeJoinFigures,
  sync: takeSyncFigures,
  scale: takeScaleFigures,
};

try {
  process.exitCode = await main();
} catch (error) {
  if (!isScenedimError(error)) throw error;
  process.stderr.write(`error: ${error.message}\nremedy: ${error.remedy}\n`);
  process.exitCode = 64;
}

async function main(): Promise<number> {
  const args = process.argv.slice(2);
  if (asksForHelp(args)) {
    process.stdout.write(usage);
    return 0;
  }
  const options = parseBenchOptions(args);
  if (!existsSync('/proc/self/stat')) {
    throw new ScenedimError('usage', 'the bench reads CPU and memory from /proc', { remedy: 'run it on Linux' });
  }
  const baseline = options.compare === undefined ? null : await readBaseline(options.compare);
  await prepareOutputs(options);
  await buildWhenStale();
  const result = await takeAll(options);
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(result, null, 1)}\n`);
  process.stdout.write(renderBench(result));
  if (baseline === null) return 0;
  const { lines, exitCode } = compareResults(baseline, result);
  process.stdout.write(`${lines.join('\n')}\n`);
  return exitCode;
}

/** Finds out before the minutes of a run whether its results can be kept. */
async function prepareOutputs({ json, profile }: BenchOptions): Promise<void> {
  const attempt = (option: string, path: string) => (cause: unknown) => {
    const remedy = 'name a place that can be written';
    throw new ScenedimError('usage', `${option}: ${path} cannot be written: ${messageOf(cause)}`, { remedy, cause });
  };
  if (json !== undefined) await appendFile(json, '').catch(attempt('--json', json));
  if (profile !== undefined) await mkdir(profile, { recursive: true }).catch(attempt('--profile', profile));
}

async function takeAll(options: BenchOptions): Promise<BenchResult> {
  const load = currentLoad();
  const folder = await mkdtemp(join(tmpdir(), 'scenedim-bench-'));
  await using owned = new AsyncDisposableStack();
  owned.defer(() => rm(folder, { recursive: true, force: true }));
  const targets = await openTargets(options, folder);
  for (const target of targets) owned.use(target);
  const tally = new SampleTally();
  const profile = options.profile === undefined ? undefined : resolve(options.profile);
  for (; tally.repeat < options.repeats; tally.repeat += 1) {
    for (const group of options.only)
      await takeFigures[group]({ options: { ...options, profile }, folder, targets, tally });
  }
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: describeMachine(),
    load: { before: load, after: currentLoad() },
    versions: { scenedim: readProgramVersion(), node: process.versions.node },
    repeats: options.repeats,
    samples: tally.samples,
    plans: tally.plans,
  };
}

async function openTargets(options: BenchOptions, folder: string): Promise<readonly BenchTarget[]> {
  const targets: BenchTarget[] = [];
  if (options.targets.includes('pglite')) targets.push(pgliteTarget(folder, pgliteVersion()));
  if (!options.targets.includes('postgres')) return targets;
  const postgres = await postgresTarget();
  if (typeof postgres !== 'string') return [...targets, postgres];
  if (targets.length === 0) {
    throw new ScenedimError('usage', 'there is no target to take figures on', { remedy: postgres });
  }
  process.stderr.write(`SKIPPED postgres: ${postgres}\n`);
  return targets;
}

function pgliteVersion(): string {
  const file = new URL('../../node_modules/@electric-sql/pglite/package.json', import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')).version;
}

async function readBaseline(file: string): Promise<BenchResult> {
  try {
    return parseBenchResult(await readFile(file, 'utf8'));
  } catch (cause) {
    const remedy = 'name a file that --json of this version of the bench wrote';
    throw new ScenedimError('usage', `--compare: ${file} cannot be read`, { remedy, cause });
  }
}
