import { z } from 'zod';
import { parseSection } from '../parse-section.ts';
import { assertSchemaName } from '../postgres-sql/schema-name.ts';

const section = z.strictObject({
  type: z.literal('pglite'),
  autoMigrate: z.boolean().optional(),
  path: z.string().min(1),
  schema: z.string().default('scene'),
});

/** The `target` section of type `pglite`. */
export interface PgliteConfig {
  /** Directory of the database, relative to the config's; `memory://` for one that nobody sees again. */
  readonly path: string;
  /** Default `scene`. */
  readonly schema: string;
}

/** Checks a `target` section of type `pglite`. */
export function parsePgliteConfig(value: unknown): PgliteConfig {
  const { path, schema } = parseSection(section, value);
  assertSchemaName(schema);
  return { path, schema };
}
