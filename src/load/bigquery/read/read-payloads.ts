import type { PayloadSize } from '../../loader.ts';
import { RowCells } from '../jobs/row-cells.ts';
import type { JobRunner } from '../jobs/run-job.ts';
import { queryPages } from '../jobs/run-query.ts';
import type { Query } from '../sql/query.ts';
import { textsParameter } from '../sql/query-parameter.ts';
import { type DatasetName, tablePath } from '../sql/table-path.ts';

/** Bodies by hash. */
export function payloadsQuery(place: DatasetName, hashes: readonly string[]): Query {
  return {
    sql: `SELECT payload_hash, body FROM ${tablePath(place, 'scene_payload')} WHERE payload_hash IN UNNEST(@hashes)`,
    parameters: [textsParameter('hashes', hashes)],
  };
}

/** Bodies by hash; hashes that are not stored are missing from the result. */
export async function readPayloads(
  runner: JobRunner,
  hashes: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Uint8Array>> {
  signal.throwIfAborted();
  const bodies = new Map<string, Uint8Array>();
  if (hashes.length === 0) return bodies;
  for await (const rows of queryPages(runner, payloadsQuery(runner.config, hashes), signal)) {
    for (const row of rows) {
      const cells = new RowCells(row, 'scene_payload');
      bodies.set(cells.text(), cells.bytes());
    }
  }
  return bodies;
}

/** Every stored body by its hash. */
export function payloadSizesQuery(place: DatasetName): Query {
  return { sql: `SELECT payload_hash, byte_length FROM ${tablePath(place, 'scene_payload')}` };
}

/** Every stored body by its hash. */
export async function* readPayloadSizes(runner: JobRunner, signal: AbortSignal): AsyncGenerator<PayloadSize> {
  for await (const rows of queryPages(runner, payloadSizesQuery(runner.config), signal)) {
    for (const row of rows) {
      const cells = new RowCells(row, 'scene_payload');
      yield { payloadHash: cells.text(), byteLength: Number(cells.integer()) };
      signal.throwIfAborted();
    }
  }
}
