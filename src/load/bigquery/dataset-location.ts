import { z } from 'zod';
import type { BigQueryClient } from './bigquery-client.ts';
import type { BigQueryConfig } from './bigquery-config.ts';
import { isMissing, parseAnswer } from './bigquery-failure.ts';

/** Where BigQuery puts a dataset when nobody says. */
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

/**
 * Where jobs run: where the config says, else where the dataset is, asked once. A job in another place than its tables does
 * not find them, and one whose place is not named cannot be looked up outside US and EU.
 */
export function createLocator(
  client: BigQueryClient,
  config: BigQueryConfig,
): (signal: AbortSignal) => Promise<string> {
  let known = config.location;
  return async (signal) => {
    if (known !== undefined) return known;
    const found = await readDatasetLocation(client, config, signal);
    if (found !== null) known = found;
    return found ?? DEFAULT_LOCATION;
  };
}
