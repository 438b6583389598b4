import { sql } from 'kysely';
import type { PayloadSize } from '../../loader.ts';
import type { SqlTarget } from '../sql-target.ts';

/** Bodies by hash; hashes that are not stored are missing from the result. */
export async function readPayloads(
  target: SqlTarget,
  payloadHashes: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Uint8Array>> {
  signal.throwIfAborted();
  if (payloadHashes.length === 0) return new Map();
  const rows = await target.session(
    ({ db, schema }) =>
      db
        .withSchema(schema)
        .selectFrom('scene_payload')
        .select(['payload_hash', 'body'])
        .where(sql<boolean>`payload_hash = ANY(${payloadHashes}::text[])`)
        .execute(),
    signal,
  );
  return new Map(rows.map(({ payload_hash, body }) => [payload_hash, body]));
}

/** Every stored body by its hash. */
export async function* readPayloadSizes(target: SqlTarget, signal: AbortSignal): AsyncGenerator<PayloadSize> {
  const pages = target.pages(
    ({ db, schema }) =>
      db
        .withSchema(schema)
        .selectFrom('scene_payload')
        .select('payload_hash')
        .select(({ cast }) => cast<string>('byte_length', 'text').as('byte_length')),
    signal,
  );
  for await (const page of pages) {
    for (const row of page) yield { payloadHash: row.payload_hash, byteLength: Number(row.byte_length) };
  }
}
