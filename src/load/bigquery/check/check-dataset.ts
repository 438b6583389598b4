import type { Finding } from '../../loader.ts';
import { schemaFinding } from '../../schema-version.ts';
import { grantDataEditor } from '../errors/grants.ts';
import { locationMismatch, readDatasetLocation } from '../jobs/dataset-location.ts';
import type { JobRunner } from '../jobs/run-job.ts';
import { readMeta } from '../schema/meta.ts';
import { newestSchemaVersion } from '../schema/migrations.ts';
import { checkExpirations } from './check-expirations.ts';
import { checkCreation, checkDatasetRights, checkJobs, checkTableRights, namesOf } from './check-rights.ts';
import { checkStatements } from './check-statements.ts';
import { errorFinding, isDenied } from './error-finding.ts';

/** Looks at everything that a run needs; writes nothing. What cannot be looked at is a finding, too. */
export async function checkDataset(runner: JobRunner, signal: AbortSignal): Promise<readonly Finding[]> {
  signal.throwIfAborted();
  const findings: Finding[] = [];
  try {
    for await (const finding of findingsOf(runner, signal)) findings.push(finding);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    findings.push(errorFinding(error, namesOf(runner)));
  }
  return findings;
}

async function* findingsOf(runner: JobRunner, signal: AbortSignal): AsyncGenerator<Finding> {
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
  const place = locationFinding(runner, location);
  yield place;
  if (place.level === 'error') return;
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
  yield* checkExpirations(runner, signal);
  if (meta?.schemaVersion === newestSchemaVersion()) yield await checkStatements(runner, signal);
}

/** Whether there is a dataset that one may not see, BigQuery does not tell. */
function deniedDataset(runner: JobRunner, error: unknown): Finding {
  const names = namesOf(runner);
  return {
    ...errorFinding(error, names),
    subject: 'right to see the dataset',
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
  if (mismatch === null) return { level: 'ok', subject, message: `${path} in ${location}` };
  return { ...errorFinding(mismatch, config), subject };
}
