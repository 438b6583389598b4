import { sql } from 'kysely';
import { chunksOf, chunksOfBytes } from '../../../chunks.ts';
import type { Payload } from '../../loader.ts';
import type { SqlSession, SqlTarget } from '../sql-target.ts';
import { unnest } from '../unnest.ts';
import { assertRowCount } from './assert-row-count.ts';

const MAX_BYTES = 8 * 1024 * 1024;
const MAX_ROWS = 1_000;

/**
 * Stores the bodies that are not stored yet, in transactions of their own. Inside the transaction of the batch,
 * all runs would wait for the one that stores a body which many accounts share. The bodies are sorted by hash, because two
 * orders would deadlock. A body that no observation names is harmless. A stored body that differs is damaged, since the
 * hash names its bytes: the body at hand replaces the damaged one, so that a replay of the log's copy mends the log.
 */
export async function writePayloads(
  target: SqlTarget,
  payloads: readonly Payload[],
  signal: AbortSignal,
): Promise<void> {
  if (payloads.length === 0) return;
  const sorted = payloads.toSorted((a, b) => (a.payloadHash < b.payloadHash ? -1 : 1));
  for (const chunk of chunksOfBytes(sorted, ({ body }) => body.byteLength, MAX_BYTES, MAX_ROWS)) {
    const rows = unnest({
      payload_hash: ['text', chunk.map(({ payloadHash }) => payloadHash)],
      body: ['text', chunk.map(({ body }) => base64(body))],
    });
    const write = async (session: SqlSession) => {
      const { db, schema } = session;
      const { numAffectedRows } = await sql`
        WITH given AS MATERIALIZED (
          SELECT u.payload_hash, decode(u.body, 'base64') AS body FROM ${rows}
        ), mended AS (
          UPDATE ${sql.id(schema, 'scene_payload')} p
          SET body = given.body, byte_length = octet_length(given.body)
          FROM given
          WHERE p.payload_hash = given.payload_hash AND p.body <> given.body
        )
        INSERT INTO ${sql.id(schema, 'scene_payload')} (payload_hash, body, byte_length)
        SELECT payload_hash, body, octet_length(body) FROM given
        ON CONFLICT DO NOTHING`.execute(db);
      if (Number(numAffectedRows) < chunk.length) await assertStored(session, chunk);
    };
    await target.transaction(write, signal);
  }
}

/** Deletes bodies; one that is not stored is `stale_heads`. */
export async function removePayloads(session: SqlSession, payloadHashes: readonly string[]): Promise<void> {
  const { db, schema } = session;
  for (const hashes of chunksOf(payloadHashes)) {
    const { numAffectedRows } = await sql`
      DELETE FROM ${sql.id(schema, 'scene_payload')} WHERE payload_hash = ANY(${hashes}::text[])`.execute(db);
    const rows = { table: 'scene_payload', what: 'bodies to delete', expected: hashes.length };
    await assertRowCount(session, rows, numAffectedRows);
  }
}

/** The bodies that were not added are there, then. */
async function assertStored(session: SqlSession, payloads: readonly Payload[]): Promise<void> {
  const hashes = payloads.map(({ payloadHash }) => payloadHash);
  const { rows } = await sql<{ stored: string }>`
    SELECT count(*)::text AS stored FROM ${sql.id(session.schema, 'scene_payload')}
    WHERE payload_hash = ANY(${hashes}::text[])`.execute(session.db);
  const wanted = { table: 'scene_payload', what: 'bodies to store', expected: payloads.length };
  await assertRowCount(session, wanted, Number(rows[0]?.stored));
}

function base64(body: Uint8Array): string {
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('base64');
}
