import * as z from 'zod';
import { autoMigrate, parseSection } from '../parse-section.ts';
import { schemaSetting } from '../postgres-sql/schema-setting.ts';

/** The `target` section of type `pglite`. */
export const pgliteSection = z.strictObject({
  type: z.literal('pglite').describe('A Postgres inside this process, in a directory.'),
  /** `memory://` is a database that nobody sees again. */
  path: z
    .string()
    .min(1)
    .regex(/^[^\0]*$/, 'holds a NUL character')
    .regex(/^(?!~(\/|$))/, 'begins with ~, which only a shell replaces; ${HOME} is replaced here')
    .default('./data/scene')
    .describe('Directory of the database; relative to the config file.'),
  schema: schemaSetting,
  autoMigrate,
});

/** What a loader needs of a `target` section of type `pglite`. */
export type PgliteConfig = Readonly<Omit<z.output<typeof pgliteSection>, 'type' | 'autoMigrate'>>;

export function parsePgliteConfig(value: unknown): PgliteConfig {
  return parseSection(pgliteSection, value);
}
