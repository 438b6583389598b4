import type { Micros } from '../instant.ts';
import type { RunReport } from '../pipeline/run/run-report.ts';
import { carriedSamples } from './carried-samples.ts';
import { hasSucceeded } from './run-success.ts';
import type { EndedRun } from './run-watcher.ts';

/** One metric. All are gauges, since each push or file tells about one run. */
export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  /** Those beside {@link commonLabels}. */
  readonly labels: readonly string[];
  /** True for what is said of the target rather than of the run: the last known values stay until there are others. */
  readonly stays: boolean;
  readonly samples: (run: EndedRun) => readonly Sample[];
}

/** The values of the family's own labels in their order, and a number. */
type Sample = readonly [...labels: readonly string[], value: number];

/** Labels of every sample. `target` is missing when the config could not be read, `shard` without `--shard`. */
export const commonLabels = ['command', 'target', 'shard'] as const;

/** Counted even when they are 0, because alerts look at them. */
const watchedProblems: readonly (readonly [kind: string, code: string])[] = [
  ['failed', 'log_shortened'],
  ['held', 'empty'],
  ['held', 'shrink'],
  ['roster_shrunk', 'roster_shrunk'],
  ['run', 'source_unreachable'],
];

/** Every metric, in the order in which they are written. */
export const metricFamilies: readonly MetricFamily[] = [
  ofRun('finished_timestamp_seconds', 'When the last run ended, since 1970.', [], (run) => [[seconds(run.finishedAt)]]),
  ofRun('duration_seconds', 'How long the last run took.', [], (run) => [[run.elapsedMs / 1000]]),
  ofRun('exit_code', 'Exit status of the last run.', [], (run) => [[run.exitCode]]),
  ofRun('success', '1 when the last run did all that it was to do, else 0.', [], (run) => [
    [Number(hasSucceeded(run))],
  ]),
  ofRun('accounts', 'Accounts of the last run by what became of them.', ['state'], (run) =>
    countsOf(reportOf(run).accounts),
  ),
  ofRun('observations', 'Observations of the last run.', ['result'], (run) => countsOf(reportOf(run).observations)),
  ofRun('versions', 'Rows of dim_scene that the last run changed.', ['change'], (run) =>
    countsOf(reportOf(run).versions),
  ),
  ofRun('rejected_rows', 'Rows of answers that the last run could not use.', [], (run) => one(reportOf(run).rejects)),
  ofRun('problems', 'Problems of the last run by kind and code.', ['kind', 'code'], problemsOf),
  ofRun('target_jobs', 'Jobs of the last run in the target.', [], (run) => one(reportOf(run).usage?.jobs)),
  ofRun('target_billed_bytes', 'Bytes that the target billed for the last run.', [], (run) =>
    one(reportOf(run).usage?.bytes_billed),
  ),
  {
    name: 'scenedim_last_success_timestamp_seconds',
    help: 'When the last run that did all that it was to do ended, since 1970.',
    labels: [],
    stays: true,
    samples: (run) => (run.dataset !== null && hasSucceeded(run) ? [[seconds(run.finishedAt)]] : []),
  },
  {
    name: 'scenedim_oldest_answer_timestamp_seconds',
    help: 'The newest answer of the listed account that has gone longest without one, since 1970.',
    labels: [],
    stays: true,
    samples: ({ standing }) => {
      const oldest = standing?.oldestAnswerAt ?? null;
      return oldest === null ? [] : [[seconds(oldest)]];
    },
  },
  {
    name: 'scenedim_accounts',
    help: 'Listed accounts by how they stand in the target.',
    labels: ['state'],
    stays: true,
    samples: ({ standing }) => countsOf(standing?.accounts),
  },
];

/**
 * A run in the Prometheus text format. `earlier` is what was written last: values that stay and that this run does not know
 * are taken from it; whatever else it holds is left out. Default: nothing.
 */
export function renderPrometheusMetrics(run: EndedRun, earlier = ''): string {
  const base = labelsOf(run);
  const lines = metricFamilies.flatMap((family) => {
    const { name, help, labels, stays } = family;
    const known = family.samples(run).map((sample) => `${name}{${withOwn(base, labels, sample)}} ${sample.at(-1)}`);
    const samples = known.length === 0 && stays ? carriedSamples(earlier, run, { name, base }) : known;
    return samples.length === 0 ? [] : [`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, ...samples];
  });
  return `${lines.join('\n')}\n`;
}

/** The common labels of a run, with what is known of them: where it ran names the target as a URL does. */
export function commonLabelsOf({
  command,
  dataset,
  shard,
}: EndedRun): readonly (readonly [name: string, value: string])[] {
  return [
    ['command', command],
    ...(dataset === null ? [] : [['target', `${dataset.namespace}/${dataset.name}`] as const]),
    // The number alone: with another number of shards it is still the same series.
    ...(shard === null ? [] : [['shard', shard.replace(/\/.*/, '')] as const]),
  ];
}

function labelsOf(run: EndedRun): string {
  return commonLabelsOf(run)
    .map(([name, value]) => labelText(name, value))
    .join(',');
}

function withOwn(base: string, names: readonly string[], values: Sample): string {
  return [base, ...names.map((name, index) => labelText(name, String(values[index])))].join(',');
}

function labelText(name: string, value: string): string {
  return `${name}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}

function ofRun(
  name: string,
  help: string,
  labels: readonly string[],
  samples: (run: EndedRun) => readonly Sample[],
): MetricFamily {
  return { name: `scenedim_run_${name}`, help, labels, stays: false, samples };
}

/** What a report of any command may have: `verify` counts `accounts` without states. */
function reportOf({ report }: EndedRun): Partial<Omit<RunReport, 'outcome'>> {
  return (report ?? {}) as Partial<Omit<RunReport, 'outcome'>>;
}

function countsOf(counts: unknown): readonly Sample[] {
  return typeof counts === 'object' ? Object.entries((counts ?? {}) as Record<string, number>) : [];
}

function one(value: number | undefined): readonly Sample[] {
  return value === undefined ? [] : [[value]];
}

/** Of a run that broke off, its error is the one problem of the run. */
function problemsOf(run: EndedRun): readonly Sample[] {
  const counts = new Map(watchedProblems.map(([kind, code]) => [JSON.stringify([kind, code]), 0]));
  const add = (kind: string, code: string, count: number) => counts.set(JSON.stringify([kind, code]), count);
  for (const { kind, code, count } of run.problemCounts) add(kind, code, count);
  if (run.report === null && run.error !== null) add('run', run.error.code, 1);
  return [...counts].map(([key, count]) => [...(JSON.parse(key) as [string, string]), count]);
}

function seconds(instant: Micros): number {
  return Number(instant / 1000n) / 1000;
}
