import * as z from 'zod';
import { columnCatalogue } from '../../../catalog/column-catalogue.ts';
import type { Finding } from '../../loader.ts';
import { isMissing, parseAnswer } from '../errors/bigquery-failure.ts';
import { readDatasetExpirations } from '../jobs/dataset-location.ts';
import type { JobRunner } from '../jobs/run-job.ts';
import { keepForeverStatement } from '../schema/keep-forever.ts';

const table = z.looseObject({
  expirationTime: z.string().optional(),
  timePartitioning: z.looseObject({ expirationMs: z.string().optional() }).optional(),
});

/** Expirations that would end the log unasked: of the dataset for new tables, and of the tables that are there. */
export async function* checkExpirations(runner: JobRunner, signal: AbortSignal): AsyncGenerator<Finding> {
  const { client, config } = runner;
  const { tables, partitions } = await readDatasetExpirations(client, config, signal);
  if (tables !== null) yield defaultFinding(`a table after ${inDays(tables)}`);
  if (partitions !== null) yield defaultFinding(`a partition after ${inDays(partitions)}`);
  const names = Object.entries(columnCatalogue.relations).flatMap(([name, { kind }]) => (kind === 'table' ? name : []));
  yield* (await Promise.all([...names, 'scene_lease'].map((name) => tableFindings(runner, name, signal)))).flat();
}

function defaultFinding(what: string): Finding {
  return {
    level: 'warning',
    subject: 'expiration',
    message: `the dataset ends ${what} by default; migrate takes that off the tables that it makes`,
    remedy: 'give scenedim a dataset without default expirations',
  };
}

/** None of a table that is missing or may not be seen: that is told by others. */
async function tableFindings({ client, config }: JobRunner, name: string, signal: AbortSignal): Promise<Finding[]> {
  const path = `datasets/${config.dataset}/tables/${name}`;
  const answer = await client.call({ method: 'GET', path }, signal).catch((error: unknown) => {
    if (signal.aborted || !isMissing(error)) throw error;
    return null;
  });
  if (answer === null) return [];
  const { expirationTime, timePartitioning } = parseAnswer(table, answer);
  const remedy = `run in BigQuery: ${keepForeverStatement(config, name, timePartitioning !== undefined)}`;
  const finding = (what: string): Finding => {
    return { level: 'error', subject: 'expiration', message: `${name} ${what}: history would be lost`, remedy };
  };
  const day = expirationTime === undefined ? '' : new Date(Number(expirationTime)).toISOString().slice(0, 10);
  const { expirationMs } = timePartitioning ?? {};
  return [
    ...(expirationTime === undefined ? [] : [finding(`ends on ${day}`)]),
    ...(expirationMs === undefined ? [] : [finding(`loses each partition after ${inDays(expirationMs)}`)]),
  ];
}

function inDays(milliseconds: string): string {
  const days = Number(milliseconds) / 86_400_000;
  return `${Number(days.toFixed(2))} days`;
}
