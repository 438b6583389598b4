import { createHash } from 'node:crypto';
import { z } from 'zod';

const MAX_BYTES = 63;

/** The setting `target.schema`: a name that Postgres does not cut, refuse or keep for itself. It is quoted everywhere. */
export const schemaSetting = z
  .string()
  .superRefine((schema, context) => {
    const problem = problemOf(schema);
    if (problem === undefined) return;
    context.addIssue({
      code: 'custom',
      message: `${JSON.stringify(schema)} ${problem}`,
      params: { remedy: 'choose another name, like scene' },
    });
  })
  .meta({ minLength: 1 })
  .default('scene')
  .describe('Schema that holds the tables.');

function problemOf(schema: string): string | undefined {
  if (schema === '') return 'is empty';
  if (Buffer.byteLength(schema) > MAX_BYTES) return `is longer than ${MAX_BYTES} bytes`;
  if (schema.includes('\0')) return 'holds a NUL character';
  return schema.startsWith('pg_') || schema === 'information_schema' ? 'belongs to the server' : undefined;
}

/** First key of the advisory locks on a schema: 31 bits, so that it is the same number as int4 and as oid. */
export function advisoryClass(purpose: 'scenedim' | 'scenedim-shard', schema: string): number {
  return createHash('sha256').update(`${purpose}:${schema}`).digest().readUInt32BE(0) >>> 1;
}

/** Second keys of the advisory locks of class `scenedim`. */
export const advisoryObjects = { target: 0, migrate: 2, firstShardCount: 10 } as const;
