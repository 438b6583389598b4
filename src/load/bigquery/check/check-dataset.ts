import type { Finding } from '../../loader.ts';
import { schemaFinding } from '../../schema-version.ts';
import { grantDataEditor } from '../errors/grants.ts';
import { locationMismatch, readDatasetLocation } from '../jobs/dataset-location.ts';
import { dryRun, type JobRunner } from '../jobs/run-job.ts';
import { queryConfiguration } from '../jobs/run-query.ts';
import { readMeta } from '../schema/meta.ts';
import { newestSchemaVersion } from '../schema/migrations.ts';
import { checkCreation, checkDatasetRights, checkJobs, checkTableRights, namesOf } from './check-rights.ts';
import { errorFinding, isDenied } from './error-finding.ts';
import { dryRunText, type NamedStatement, namedStatements, noStagedRows, nullParameters } from './every-statement.ts';

/** Dry runs at the same time. */
const SIDE_BY_SIDE = 4;

/** Looks at everything that a run needs; writes nothing. What cannot be looked at is a finding, too. */
export async function checkDataset(runner: JobRunner, signal: AbortSignal): Promise<readonly Finding[]> {
  signal.throwIfAborted();
  const findings: Finding[] = [];
  try {
    for await (const finding of look(runner, signal)) findings.push(finding);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    findings.push(errorFinding(error, namesOf(runner)));
  }
  return findings;
}

async function* look(runner: JobRunner, signal: AbortSignal): AsyncGenerator<Finding> {
  const { client, config } = runner;
  let location: string | null;
  try {
    location = await readDatasetLocation(client, config, signal);
  } catch (error) {
    if (signal.aborted || !isDenied(error, namesOf(runner))) throw error;
    yield deniedDataset(runner, error);
    if (config.location !== undefined) yield await checkJobs(runner, signal);
    return;
  }
  yield { level: 'ok', subject: 'connection', message: `bigquery ${config.projectId}` };
  yield locationFinding(runner, location);
  if (location !== null && locationMismatch(config, location) !== null) return;
  const jobs = await checkJobs(runner, signal);
  yield jobs;
  if (jobs.level !== 'ok') return;
  if (location === null) {
    const creation = await checkCreation(runner, signal);
    if (creation !== null) yield creation;
    return;
  }
  yield* checkDatasetRights(runner, signal);
  const meta = await readMeta(runner, signal);
  yield schemaFinding(meta, newestSchemaVersion());
  if (meta !== null) yield* checkTableRights(runner, signal);
  if (meta?.schemaVersion === newestSchemaVersion()) yield* statementFindings(runner, signal);
}

/** BigQuery does not tell whether a dataset that one may not see is there. */
function deniedDataset(runner: JobRunner, error: unknown): Finding {
  const names = namesOf(runner);
  return {
    level: 'error',
    subject: 'right to see the dataset',
    message: errorFinding(error, names).message,
    remedy: `${grantDataEditor(names)}; if it is not there: bq mk --dataset ${names.projectId}:${names.dataset}`,
  };
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
  const mismatch = locationMismatch(config, location);
  return mismatch === null
    ? { level: 'ok', subject, message: `${path} in ${location}` }
    : { level: 'error', subject, ...mismatch };
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

/** BEGIN, COMMIT and the number of written rows mean nothing alone, and emulators cannot dry-run a MERGE that they can run. */
function isForDryRun({ config }: JobRunner, { sql }: NamedStatement): boolean {
  return (
    !/^(?:BEGIN TRANSACTION$|COMMIT TRANSACTION$|ASSERT @@row_count)/.test(sql) &&
    !(config.apiEndpoint !== undefined && sql.startsWith('MERGE '))
  );
}

async function refusal(runner: JobRunner, statement: NamedStatement, signal: AbortSignal): Promise<Finding | null> {
  const text = dryRunText(statement);
  try {
    await dryRun(runner, queryConfiguration({ sql: text, parameters: nullParameters(text) }), signal);
    return null;
  } catch (error) {
    if (signal.aborted) throw error;
    const names = namesOf(runner);
    const found = errorFinding(error, names);
    const remedy = found.subject === 'rights' ? grantDataEditor(names) : found.remedy;
    return {
      level: 'error',
      subject: found.subject,
      message: `${statement.name}: ${found.message}`,
      ...(remedy === undefined ? {} : { remedy }),
    };
  }
}
