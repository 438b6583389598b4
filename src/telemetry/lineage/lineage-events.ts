import type { Violation } from '../../dimension/invariants.ts';
import { formatInstant, type Micros } from '../../instant.ts';
import type { RunReport } from '../../pipeline/run/run-report.ts';
import type { VerifyReport } from '../../pipeline/verify.ts';
import { listedProblems } from '../listed-problems.ts';
import { wentWell } from '../run-success.ts';
import type { EndedRun, StartedRun } from '../run-watcher.ts';
import { type Facet, facet, producerOf, scenedimFacet } from './facet.ts';
import { datasetsOf, type EventDataset } from './lineage-datasets.ts';
import type { ParentRun } from './parent-run.ts';

/** What the events of one run share beside the run itself. */
export interface LineageRun {
  /** A UUID. */
  readonly runId: string;
  /** Of jobs. */
  readonly namespace: string;
  readonly parent: ParentRun | null;
}

/** An event of OpenLineage, ready to be written as JSON. */
export type LineageEvent = Readonly<Record<string, unknown>> & { readonly eventType: EventType };
type EventType = 'START' | 'COMPLETE' | 'ABORT' | 'FAIL';

/** The run begins. */
export function startEvent(run: StartedRun, identity: LineageRun): LineageEvent {
  const { inputs, outputs } = datasetsOf(run);
  const own = scenedimFacet(run.programVersion, ownMembers(run));
  return eventOf(run, identity, {
    eventType: 'START',
    eventTime: run.startedAt,
    runFacets: { scenedim_run: own },
    inputs,
    outputs,
  });
}

/**
 * The run is over. It is complete when it did what it was asked for, also when there was nothing to do; stopped by a signal it
 * is aborted; else it failed, `verify` that found something included.
 */
export function endEvent(run: EndedRun, identity: LineageRun): LineageEvent {
  const { programVersion, command, exitCode, report } = run;
  const { inputs, outputs } = datasetsOf(run);
  const eventType = endTypeOf(run);
  const own = {
    ...ownMembers(run),
    exit_code: exitCode,
    ...(report !== null && { outcome: report.outcome }),
    ...(typeof report?.['run_id'] === 'string' && { run_id: report['run_id'] }),
  };
  const message = eventType === 'COMPLETE' ? null : errorMessageOf(run);
  const rules = command === 'verify' && report !== null ? rulesOf(report as unknown as VerifyReport) : null;
  return eventOf(run, identity, {
    eventType,
    eventTime: run.finishedAt,
    runFacets: {
      scenedim_run: scenedimFacet(programVersion, own),
      ...(message !== null && {
        errorMessage: facet('ErrorMessageRunFacet', programVersion, { message, programmingLanguage: 'JavaScript' }),
      }),
      ...(rules !== null && { test: facet('TestRunFacet', programVersion, { tests: rules.map(testOf) }) }),
    },
    inputs: rules === null ? inputs : withAssertions(inputs, rules, programVersion),
    outputs: outputs.map((dataset) => withStatistics(dataset, run)),
  });
}

function ownMembers({ command, shard }: StartedRun): object {
  return { command, ...(shard !== null && { shard }) };
}

interface EventParts {
  readonly eventType: EventType;
  readonly eventTime: Micros;
  readonly runFacets: Readonly<Record<string, Facet>>;
  readonly inputs: readonly object[];
  readonly outputs: readonly object[];
}

function eventOf(run: StartedRun, identity: LineageRun, parts: EventParts): LineageEvent {
  const { programVersion } = run;
  const jobType = { processingType: 'BATCH', integration: 'SCENEDIM', jobType: 'JOB' };
  return {
    eventType: parts.eventType,
    eventTime: formatInstant(parts.eventTime),
    producer: producerOf(programVersion),
    schemaURL: 'https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent',
    run: {
      runId: identity.runId,
      facets: {
        ...(identity.parent !== null && { parent: facet('ParentRunFacet', programVersion, identity.parent) }),
        processing_engine: facet('ProcessingEngineRunFacet', programVersion, {
          name: 'scenedim',
          version: programVersion,
        }),
        ...parts.runFacets,
      },
    },
    job: {
      namespace: identity.namespace,
      name: jobNameOf(run),
      facets: { jobType: facet('JobTypeJobFacet', programVersion, jobType) },
    },
    inputs: parts.inputs,
    outputs: parts.outputs,
  };
}

/** The same in every run: one job for each command and target, and for each shard, so that none hides how another went. */
function jobNameOf({ command, dataset, shard }: StartedRun): string {
  const part = shard === null ? [] : [`shard-${shard.replace('/', '-of-')}`];
  return ['scenedim', command, ...(dataset === null ? [] : [dataset.name]), ...part].join('.');
}

function endTypeOf({ exitCode, report }: EndedRun): EventType {
  if (exitCode === 130 || exitCode === 143) return 'ABORT';
  return wentWell(report) ? 'COMPLETE' : 'FAIL';
}

/** The error, else the first problem of the report. No stack: what went wrong here is seldom the program. */
function errorMessageOf({ error, report, exitCode }: EndedRun): string {
  if (error !== null) return error.message;
  const [first] = listedProblems(report);
  if (first === undefined) return `exit status ${exitCode}`;
  const total = report?.['problems_total'] ?? report?.['violations_total'];
  const where = first.app_id ? `${first.app_id}: ` : '';
  return `${where}${first.message}${Number(total) > 1 ? ` (the first of ${total})` : ''}`;
}

/** How many rows the run wrote into a table of the target, where its report counts them. */
function withStatistics(dataset: EventDataset, { report, programVersion }: EndedRun): object {
  const { versions, observations } = (report ?? {}) as Partial<RunReport>;
  const rowCount = dataset.name.endsWith('.dim_scene')
    ? versions && versions.opened + versions.closed + versions.rewritten
    : dataset.name.endsWith('.scene_observation') && observations?.recorded;
  if (typeof rowCount !== 'number') return dataset;
  const outputStatistics = facet('OutputStatisticsOutputDatasetFacet', programVersion, { rowCount });
  return { ...dataset, outputFacets: { outputStatistics } };
}

/** What each rule says that `verify` proves. */
const rules: Readonly<Record<Violation['rule'], string>> = {
  overlap: 'At most one version of a scene is in force at any instant.',
  interval: 'Every version ends after it begins, and an end has a reason.',
  derived_column: 'scene_value, value_kind and is_aggregate are what scene_key says.',
  open_versions: 'The open versions are what the newest answer lists.',
  dimension: 'Every row is what the stored answers give.',
  head: 'scene_account is what the stored answers give.',
  payload: 'No body of an answer is lost or damaged.',
  log_shortened: 'No answer is missing from the log.',
  rebuilding: 'No rebuild was interrupted.',
};

interface CheckedRule {
  readonly rule: string;
  readonly description: string;
  readonly violations: number;
}

function rulesOf({ violation_counts: counts }: VerifyReport): readonly CheckedRule[] {
  return Object.entries(rules).map(([rule, description]) => {
    return { rule, description, violations: counts.find((each) => each.rule === rule)?.count ?? 0 };
  });
}

function testOf({ rule, description, violations }: CheckedRule): object {
  const status = violations === 0 ? 'pass' : 'fail';
  return { name: rule, status, severity: 'error', type: rule, description, expected: '0', actual: String(violations) };
}

function withAssertions(
  inputs: readonly EventDataset[],
  checked: readonly CheckedRule[],
  programVersion: string,
): readonly object[] {
  const assertions = checked.map(({ rule, violations }) => {
    return { assertion: rule, name: rule, success: violations === 0, severity: 'error', actual: String(violations) };
  });
  const dataQualityAssertions = facet('DataQualityAssertionsDatasetFacet', programVersion, { assertions });
  return inputs.map((dataset, index) =>
    index === 0 ? { ...dataset, inputFacets: { dataQualityAssertions } } : dataset,
  );
}
