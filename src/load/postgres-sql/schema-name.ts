import { createHash } from 'node:crypto';
import { ScenedimError } from '../../errors.ts';

const MAX_BYTES = 63;

/** Refuses a schema name that Postgres would cut, refuse or keep for itself. Any other text is fine: it is quoted everywhere. */
export function assertSchemaName(schema: string): void {
  const problem =
    schema === ''
      ? 'is empty'
      : Buffer.byteLength(schema) > MAX_BYTES
        ? `is longer than ${MAX_BYTES} bytes`
        : schema.includes('\0')
          ? 'holds a NUL character'
          : schema.startsWith('pg_') || schema === 'information_schema'
            ? 'belongs to the server'
            : undefined;
  if (problem === undefined) return;
  throw new ScenedimError('config_invalid', `target.schema: "${schema}" ${problem}`, {
    remedy: 'choose another name, like scene',
  });
}

/** First key of the advisory locks on a schema: 31 bits, so that it is the same number as int4 and as oid. */
export function advisoryClass(purpose: 'scenedim' | 'scenedim-shard', schema: string): number {
  return createHash('sha256').update(`${purpose}:${schema}`).digest().readUInt32BE(0) >>> 1;
}

/** Second keys of the advisory locks of class `scenedim`. */
export const advisoryObjects = { target: 0, migrate: 2, firstShardCount: 10 } as const;
