import * as z from 'zod';
import { ScenedimError } from '../../../errors.ts';
import type { BigQueryConfig } from '../bigquery-config.ts';
import type { BigQueryClient } from '../client/bigquery-client.ts';
import { isMissing, parseAnswer, toFailure } from '../errors/bigquery-failure.ts';

/** Where BigQuery puts a dataset whose location is not named. */
const DEFAULT_LOCATION = 'US';
const dataset = z.looseObject({ location: z.string().default(DEFAULT_LOCATION) });

/** Where the dataset is; null when there is none. */
export async function readDatasetLocation(
  client: BigQueryClient,
  config: BigQueryConfig,
  signal: AbortSignal,
): Promise<string | null> {
  try {
    return parseAnswer(dataset, await client.call({ method: 'GET', path: `datasets/${config.dataset}` }, signal))
      .location;
  } catch (error) {
    if (signal.aborted || !isMissing(error)) throw error;
    return null;
  }
}

/** After how many milliseconds tables and partitions end that are made in the dataset; null: never. */
export async function readDatasetExpirations(
  client: BigQueryClient,
  config: BigQueryConfig,
  signal: AbortSignal,
): Promise<{ readonly tables: string | null; readonly partitions: string | null }> {
  const answer = await client.call({ method: 'GET', path: `datasets/${config.dataset}` }, signal);
  const { defaultTableExpirationMs = null, defaultPartitionExpirationMs = null } = parseAnswer(expirations, answer);
  return { tables: defaultTableExpirationMs, partitions: defaultPartitionExpirationMs };
}

const expirations = z.looseObject({
  defaultTableExpirationMs: z.string().optional(),
  defaultPartitionExpirationMs: z.string().optional(),
});

/** What is wrong when the dataset is in another place than the config says; null when nothing is wrong. */
export function locationMismatch(
  { projectId, dataset: name, location }: BigQueryConfig,
  actual: string,
): ScenedimError | null {
  if (location === undefined || location.toLowerCase() === actual.toLowerCase()) return null;
  const message = `${projectId}.${name} is in ${actual}, but target.location is ${location}`;
  return new ScenedimError('config_invalid', message, {
    remedy: `set target.location: ${actual}, or take it out; a dataset cannot be moved`,
  });
}

/**
 * Where jobs run: in the location of the dataset, which is asked once, or in that of the config while the dataset is missing or may
 * not be seen. A job in another location does not find its tables; outside of US and EU, a job without one cannot be looked up.
 */
export function createLocator(
  client: BigQueryClient,
  config: BigQueryConfig,
): (signal: AbortSignal) => Promise<string> {
  let known: string | undefined;
  return async (signal) => {
    if (known !== undefined) return known;
    const found = await readDatasetLocation(client, config, signal).catch((error: unknown) => {
      if (signal.aborted || config.location === undefined || toFailure(error).status !== 403) throw error;
      return config.location;
    });
    if (found === null) return config.location ?? DEFAULT_LOCATION;
    const mismatch = locationMismatch(config, found);
    if (mismatch !== null) throw mismatch;
    known = found;
    return found;
  };
}
