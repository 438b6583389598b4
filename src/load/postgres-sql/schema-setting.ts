import * as z from 'zod';

const MAX_BYTES = 63;

/** A name that Postgres neither cuts nor refuses. It is quoted everywhere; what it lacks no quotes can mend. */
export const sqlName = z.string().superRefine((name, context) => {
  refuse(name, problemOfName(name), context);
});

/** The setting `target.schema`: a name that Postgres does not keep for itself, either. */
export const schemaSetting = z
  .string()
  .superRefine((schema, context) => {
    const isReserved = schema.startsWith('pg_') || schema === 'information_schema';
    refuse(schema, problemOfName(schema) ?? (isReserved ? 'belongs to the server' : undefined), context);
  })
  .meta({ minLength: 1 })
  .default('scene')
  .describe('Schema that holds the tables.');

/** A text that is shown to people, or sent where a NUL would end it. */
export const shownText = z
  .string()
  .min(1)
  .superRefine((text, context) => {
    refuse(text, problemOfText(text), context);
  });

function refuse(text: string, problem: string | undefined, context: z.core.$RefinementCtx): void {
  if (problem === undefined) return;
  const remedy =
    'choose another name: at most 63 bytes, no control characters, and no pg_ at the beginning of a schema';
  context.addIssue({ code: 'custom', message: `${JSON.stringify(text)} ${problem}`, params: { remedy } });
}

function problemOfName(name: string): string | undefined {
  if (name === '') return 'is empty';
  return Buffer.byteLength(name) > MAX_BYTES ? `is longer than ${MAX_BYTES} bytes` : problemOfText(name);
}

/** A line break ends a comment of SQL, and a NUL a name on the wire. */
function problemOfText(text: string): string | undefined {
  if (/[\p{Cc}\u2028\u2029]/u.test(text)) return 'holds a control character';
  return text.isWellFormed() ? undefined : 'holds half a surrogate pair';
}
