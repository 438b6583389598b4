import { resolve } from 'node:path';
import * as z from 'zod';
import { abortable } from '../../abortable.ts';
import { ScenedimError } from '../../errors.ts';
import { count, type Document } from '../../output-fields.ts';
import type { CommonOptions, Session } from '../session/session.ts';
import { writeFileAtomically } from './write-file-atomically.ts';

export interface ResultOptions extends CommonOptions {
  readonly output?: string;
}

/** `--json` promises one document on stdout, so data may go there only without it. Call it before any work is done. */
export function assertOneResult({ json, output }: ResultOptions): void {
  if (json !== true || output !== undefined) return;
  throw new ScenedimError(
    'usage',
    '--json prints one document about the result, and the result itself goes to stdout',
    { remedy: 'leave --json out, or write the result to a file with --output FILE' },
  );
}

/** What `--json` prints beside `--output`. */
export const fileDocumentSchema = z
  .strictObject({ file: z.string(), bytes: count })
  .describe('What export and export-log print with --output.');

/** Writes text or bytes to stdout, or to `--output` all or nothing. */
export async function writeResult(
  session: Session,
  chunks: AsyncIterable<string | Uint8Array>,
  options: ResultOptions,
): Promise<void> {
  const { output } = options;
  if (output === undefined) {
    // A reader that has stalled does not keep a stopped command from ending.
    for await (const chunk of chunks) await abortable(session.out.print(chunk), session.signal);
    return;
  }
  const bytes = await writeFileAtomically(resolve(session.workingDirectory, output), chunks, session.signal);
  const written: Document<typeof fileDocumentSchema> = { file: output, bytes };
  if (options.json === true) await session.out.printJson(written);
  else session.logger.info(written, 'written');
}
