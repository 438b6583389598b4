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

/** Rights on tables, which BigQuery tells when it is asked; the last two are for `migrate`, and for tidying up. */
const TABLE_RIGHTS = [
  'bigquery.tables.get',
  'bigquery.tables.getData',
  'bigquery.tables.updateData',
  'bigquery.tables.update',
  'bigquery.tables.delete',
] as const;
const NEEDED_BY_RUNS: readonly string[] = TABLE_RIGHTS.slice(0, 3);

const granted = z.looseObject({ permissions: z.array(z.string()).default([]) });

/** Whom rights are granted to, and on what. */
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
  // Nobody promises that this statement can be looked at; a denial is sure.
  return finding.level === 'ok' || finding.subject === 'right to create datasets' ? finding : null;
}

/** Statements that are only ever looked at: nobody makes what they make. */
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
  // Where BigQuery does not tell, the dry runs of the statements do.
  if (answer === null) return;
  const { permissions } = parseAnswer(granted, answer);
  const there = TABLE_RIGHTS.filter((right) => permissions.includes(right));
  if (there.length > 0) yield { level: 'ok', subject: 'rights on tables', message: there.join(', ') };
  for (const missing of TABLE_RIGHTS.filter((right) => !permissions.includes(right))) {
    const isNeeded = NEEDED_BY_RUNS.includes(missing);
    yield {
      level: isNeeded ? 'error' : 'warning',
      subject: 'rights on tables',
      message: `${missing} is missing${isNeeded ? '' : ', which migrate needs'}`,
      remedy: grantDataEditor(namesOf(runner)),
    };
  }
}

/** Whether BigQuery answered and does not tell; no token, no answer and a failing service are another matter. */
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
    const found = errorFinding(error, names);
    if (!isDenied(error, names)) return found;
    return { level: isForMigrate ? 'warning' : 'error', subject, message: found.message, remedy: grant(names) };
  }
}
