import * as z from 'zod';

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
