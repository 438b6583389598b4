import * as z from 'zod';
import { errorCodes } from '../../errors.ts';
import type { Document } from '../../output-fields.ts';

/** What `--json` prints instead of a result when a command fails. */
export const errorDocumentSchema = z
  .strictObject({
    error: z.strictObject({
      code: z.enum(Object.keys(errorCodes) as [keyof typeof errorCodes]),
      message: z.string(),
      remedy: z.string().nullable(),
    }),
  })
  .describe('What --json prints when a command fails.');

export type ErrorDocument = Document<typeof errorDocumentSchema>;
