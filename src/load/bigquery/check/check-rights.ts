import * as z from 'zod';
import type { Finding } from '../../loader.ts';
import { parseAnswer, toFailure } from '../errors/bigquery-failure.ts';
import { meaningOfFailure } from '../errors/classify-error.ts';
import { type FailureNames, grantDataEditor, grantJobUser, grantOnProject } from '../errors/grants.ts';
import { dryRun, type JobRunner } from '../jobs/run-job.ts';
import { queryConfiguration } from '../jobs/run-query.ts';
import { createDatasetStatement } from '../schema/migrations.ts';
import { type DatasetName, tablePath } from '../sql/table-path.ts';
import { errorFinding, isDenied } from './error-finding.ts';

/** A right that a dry run proves: BigQuery asks for it as it would of the statement itself. */
interface ProvenRight {
  readonly subject: string;
  readonly permission: string;
  readonly sql: string;
  readonly grant: (names: FailureNames) => string;
  /** Only `migrate` needs it. Default false. */
  readonly isForMigrate?: boolean;
}

/** Rights on tables, which BigQuery tells when it is asked. `migrate` needs the last two. */
const TABLE_RIGHTS = [
  'bigquery.tables.get',
  'bigquery.tables.getData',
  'bigquery.tables.updateData',
  'bigquery.tables.update',
  'bigquery.tables.delete',
] as const;
const NEEDED_BY_RUNS: readonly string[] = TABLE_RIGHTS.slice(0, 3);

const granted = z.looseObject({ permissions: z.array(z.string()).default([]) });

/** To whom rights are granted, and on what. */
export function namesOf({ config, client }: JobRunner): FailureNames {
  return { ...config, member: client.member() };
}

/** Whether jobs may be run in the project. */
export function checkJobs(runner: JobRunner, signal: AbortSignal): Promise<Finding> {
  const right = {
    subject: 'right to run jobs',
    permission: 'bigquery.jobs.create',
    sql: 'SELECT 1',
    grant: grantJobUser,
  };
  return prove(runner, right, signal);
}

/** Whether a dataset that is missing may be made. */
export async function checkCreation(runner: JobRunner, signal: AbortSignal): Promise<Finding | null> {
  const { config } = runner;
  if (config.apiEndpoint !== undefined) return null;
  const finding = await prove(
    runner,
    {
      subject: 'right to create datasets',
      permission: 'bigquery.datasets.create',
      sql: createDatasetStatement(config, await runner.location(signal)),
      grant: (names) => `${grantOnProject(names, 'roles/bigquery.user')}, or have the dataset made`,
    },
    signal,
  );
  // BigQuery does not promise that it can dry-run this statement; only a denial is sure.
  return finding.level === 'ok' || finding.code === 'target_denied' ? finding : null;
}

/** Statements that are only sent as dry runs. */
export function rightProbes(place: DatasetName): { readonly createTable: string; readonly createFunction: string } {
  const name = tablePath(place, 'scene_check');
  return {
    createTable: `CREATE TABLE ${name} (nothing INT64)`,
    createFunction: `CREATE FUNCTION ${name}(nothing INT64) AS (nothing)`,
  };
}

/** Whether tables and functions may be made in the dataset. An emulator knows no rights. */
export async function* checkDatasetRights(runner: JobRunner, signal: AbortSignal): AsyncGenerator<Finding> {
  const { config } = runner;
  if (config.apiEndpoint !== undefined) return;
  const { createTable, createFunction } = rightProbes(config);
  yield await prove(
    runner,
    {
      subject: 'right to create tables',
      permission: 'bigquery.tables.create',
      sql: createTable,
      grant: grantDataEditor,
    },
    signal,
  );
  yield await prove(
    runner,
    {
      subject: 'right to create functions',
      permission: 'bigquery.routines.create',
      sql: createFunction,
      grant: grantDataEditor,
      isForMigrate: true,
    },
    signal,
  );
}

/** Which rights there are on the tables: one finding for all that are there, one for each that is missing. */
export async function* checkTableRights(runner: JobRunner, signal: AbortSignal): AsyncGenerator<Finding> {
  const { client, config } = runner;
  if (config.apiEndpoint !== undefined) return;
  const path = `datasets/${config.dataset}/tables/scene_meta:testIamPermissions`;
  const body = { permissions: TABLE_RIGHTS };
  const answer = await client.call({ method: 'POST', path, body }, signal).catch((error: unknown) => {
    if (signal.aborted || !isRefused(error)) throw error;
    return null;
  });
  // If BigQuery does not tell the rights, the dry runs of the statements do.
  if (answer === null) return;
  const { permissions } = parseAnswer(granted, answer);
  const there = TABLE_RIGHTS.filter((right) => permissions.includes(right));
  if (there.length > 0) yield { level: 'ok', subject: 'rights on tables', message: there.join(', ') };
  for (const missing of TABLE_RIGHTS.filter((right) => !permissions.includes(right))) {
    const finding = {
      subject: 'rights on tables',
      code: 'target_denied',
      remedy: grantDataEditor(namesOf(runner)),
    } as const;
    yield NEEDED_BY_RUNS.includes(missing)
      ? { ...finding, level: 'error', message: `${missing} is missing` }
      : { ...finding, level: 'warning', message: `${missing} is missing, which migrate needs` };
  }
}

/** Whether BigQuery answered that it does not tell; a missing token, no answer and a failing service are other failures. */
function isRefused(error: unknown): boolean {
  const { status } = toFailure(error);
  return status !== null && [400, 403, 404, 501].includes(status) && !meaningOfFailure(toFailure(error)).newAttempt;
}

async function prove(runner: JobRunner, right: ProvenRight, signal: AbortSignal): Promise<Finding> {
  const { subject, permission, sql, grant, isForMigrate = false } = right;
  try {
    await dryRun(runner, queryConfiguration({ sql }), signal);
    return { level: 'ok', subject, message: permission };
  } catch (error) {
    if (signal.aborted) throw error;
    const names = namesOf(runner);
    const finding = errorFinding(error, names);
    if (!isDenied(error, names)) return finding;
    return { ...finding, level: isForMigrate ? 'warning' : 'error', subject, remedy: grant(names) };
  }
}
