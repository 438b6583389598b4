import { isScenedimError } from '../../errors.ts';
import type { Finding, TargetMeta } from '../loader.ts';
import { toFailure } from './bigquery-failure.ts';
import { classifyBigQueryError, grantDataEditor, grantJobUser } from './classify-error.ts';
import { readDatasetLocation } from './dataset-location.ts';
import { dryRunText, type NamedStatement, namedStatements, noStagedRows, nullParameters } from './every-statement.ts';
import { readMeta } from './meta.ts';
import { newestSchemaVersion } from './migrations.ts';
import { dryRun, type JobRunner } from './run-job.ts';
import { queryConfiguration } from './run-query.ts';

/** Dry runs at the same time. */
const SIDE_BY_SIDE = 4;

/** Looks at everything that a run needs; writes nothing. What cannot be looked at is a finding, too. */
export async function checkTarget(runner: JobRunner, signal: AbortSignal): Promise<readonly Finding[]> {
  signal.throwIfAborted();
  const findings: Finding[] = [];
  try {
    for await (const finding of look(runner, signal)) findings.push(finding);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    findings.push(errorFinding(runner, error));
  }
  return findings;
}

async function* look(runner: JobRunner, signal: AbortSignal): AsyncGenerator<Finding> {
  const { client, config } = runner;
  const location = await readDatasetLocation(client, config, signal);
  yield { level: 'ok', subject: 'connection', message: `bigquery ${config.projectId}` };
  yield locationFinding(runner, location);
  if (location !== null && isElsewhere(config.location, location)) return;
  yield await jobFinding(runner, signal);
  if (location === null) return;
  const meta = await readMeta(runner, signal);
  yield versionFinding(meta);
  if (meta?.schemaVersion === newestSchemaVersion()) yield* statementFindings(runner, signal);
}

function locationFinding({ config }: JobRunner, location: string | null): Finding {
  const subject = 'dataset';
  const path = `${config.projectId}.${config.dataset}`;
  if (location === null) {
    const where = config.location ?? 'US';
    return {
      level: 'warning',
      subject,
      message: `there is no dataset ${path} yet`,
      remedy: `run scenedim migrate, or bq --location=${where} mk --dataset ${config.projectId}:${config.dataset}`,
    };
  }
  if (!isElsewhere(config.location, location)) return { level: 'ok', subject, message: `${path} in ${location}` };
  return {
    level: 'error',
    subject,
    message: `${path} is in ${location}, but target.location is ${config.location}`,
    remedy: `set target.location: ${location}, or take it out; a dataset cannot be moved`,
  };
}

function isElsewhere(wanted: string | undefined, actual: string): boolean {
  return wanted !== undefined && wanted.toLowerCase() !== actual.toLowerCase();
}

async function jobFinding(runner: JobRunner, signal: AbortSignal): Promise<Finding> {
  const subject = 'right to run jobs';
  try {
    await dryRun(runner, queryConfiguration({ sql: 'SELECT 1' }), signal);
    return { level: 'ok', subject, message: 'roles/bigquery.jobUser or more' };
  } catch (error) {
    if (signal.aborted) throw error;
    const found = classifyBigQueryError(error, runner.config);
    if (found.code !== 'target_denied' || isAboutBilling(error)) return errorFinding(runner, error);
    return { level: 'error', subject, message: found.message, remedy: grantJobUser(runner.config.projectId) };
  }
}

function versionFinding(meta: TargetMeta | null): Finding {
  const subject = 'schema version';
  const newest = newestSchemaVersion();
  if (meta === null)
    return { level: 'warning', subject, message: 'there is no schema yet', remedy: 'run scenedim migrate' };
  if (meta.schemaVersion === newest) return { level: 'ok', subject, message: String(newest) };
  const message = `the target has ${meta.schemaVersion}, this program makes ${newest}`;
  return meta.schemaVersion < newest
    ? { level: 'warning', subject, message, remedy: 'run scenedim migrate' }
    : { level: 'error', subject, message, remedy: 'use the newer scenedim that made it' };
}

/** Each statement of a run, looked at by BigQuery itself: its text, the tables and our rights on them. */
async function* statementFindings(runner: JobRunner, signal: AbortSignal): AsyncGenerator<Finding> {
  const subject = 'statements';
  const queue = namedStatements(runner.config, noStagedRows()).filter((statement) => isForDryRun(runner, statement));
  const count = queue.length;
  const refused: Finding[] = [];
  const work = async (): Promise<void> => {
    for (let statement = queue.shift(); statement !== undefined; statement = queue.shift()) {
      const finding = await refusal(runner, statement, signal);
      if (finding !== null) refused.push(finding);
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work));
  const [first] = refused;
  if (first === undefined) yield { level: 'ok', subject, message: `BigQuery accepts all ${count}, rights included` };
  else yield { ...first, message: `${refused.length} of ${count} refused; the first: ${first.message}` };
}

/** BEGIN and COMMIT mean nothing alone, and emulators cannot dry-run a MERGE that they can run. */
function isForDryRun({ config }: JobRunner, { sql }: NamedStatement): boolean {
  return !/^(?:BEGIN|COMMIT) TRANSACTION$/.test(sql) && !(config.apiEndpoint !== undefined && sql.startsWith('MERGE '));
}

async function refusal(runner: JobRunner, statement: NamedStatement, signal: AbortSignal): Promise<Finding | null> {
  const text = dryRunText(statement);
  try {
    await dryRun(runner, queryConfiguration({ sql: text, parameters: nullParameters(text) }), signal);
    return null;
  } catch (error) {
    if (signal.aborted) throw error;
    const { projectId, dataset } = runner.config;
    const found = errorFinding(runner, error);
    const remedy = found.subject === 'rights' ? grantDataEditor(projectId, dataset) : found.remedy;
    return {
      level: 'error',
      subject: found.subject,
      message: `${statement.name}: ${found.message}`,
      ...(remedy === undefined ? {} : { remedy }),
    };
  }
}

function errorFinding({ config }: JobRunner, error: unknown): Finding {
  const { code, message, remedy } = classifyBigQueryError(error, config);
  const subject = isAboutBilling(error)
    ? 'billing'
    : code === 'target_denied'
      ? 'rights'
      : code === 'target_unreachable'
        ? 'connection'
        : 'target';
  return { level: 'error', subject, message, ...(remedy === undefined ? {} : { remedy }) };
}

function isAboutBilling(error: unknown): boolean {
  return !isScenedimError(error) && toFailure(error).reason === 'billingNotEnabled';
}
