import * as z from 'zod';
import { compactReportSchema } from '../pipeline/compact.ts';
import { decisionReportSchema } from '../pipeline/decide.ts';
import { exportRowSchema } from '../pipeline/export-versions.ts';
import { runReportSchema } from '../pipeline/run/run-report.ts';
import { verifyReportSchema } from '../pipeline/verify.ts';
import { changesDocumentSchema } from './changes.ts';
import { checkDocumentSchema } from './check/check.ts';
import { demoDocumentSchema } from './demo/run-demo.ts';
import { ridDocumentSchema } from './explain-rid.ts';
import { historyDocumentSchema } from './history.ts';
import { joinReportSchema } from './join-check/join-report.ts';
import { migrateDocumentSchema } from './migrate.ts';
import { fileDocumentSchema } from './result/write-result.ts';
import { errorDocumentSchema } from './session/error-document.ts';
import { simulateDocumentSchema } from './simulate.ts';
import { statusDocumentSchema } from './status/status-document.ts';
import { tokenDocumentSchema } from './token.ts';

/** The documents that `--json` prints, each described beside the function that makes it. */
const outputs: Readonly<Record<string, z.ZodType>> = {
  'run-report': runReportSchema,
  'decision-report': decisionReportSchema,
  'verify-report': verifyReportSchema,
  'compact-report': compactReportSchema,
  check: checkDocumentSchema,
  status: statusDocumentSchema,
  history: historyDocumentSchema,
  changes: changesDocumentSchema,
  version: exportRowSchema.describe('A line of export --format ndjson.'),
  'join-report': joinReportSchema,
  migrate: migrateDocumentSchema,
  file: fileDocumentSchema,
  // Here, because `init` is to start without the library that describes it.
  init: z.strictObject({ file: z.string() }),
  token: tokenDocumentSchema,
  rid: ridDocumentSchema,
  simulate: simulateDocumentSchema,
  demo: demoDocumentSchema,
  error: errorDocumentSchema,
};

/** The names that `schema` takes. */
export const outputNames: readonly string[] = Object.keys(outputs);

/** The JSON Schema of one of {@link outputNames}; undefined for any other name. */
export function outputJsonSchema(name: string): object | undefined {
  const schema = Object.hasOwn(outputs, name) ? outputs[name] : undefined;
  return schema === undefined ? undefined : z.toJSONSchema(schema);
}
