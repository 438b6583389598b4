import type { z } from 'zod';
import { ScenedimError } from '../errors.ts';

/** Reads the `target` section with its schema; the first thing wrong with it is a `config_invalid` that names the field. */
export function parseSection<Config>(schema: z.ZodType<Config>, section: unknown): Config {
  const result = schema.safeParse(section);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = ['target', ...(issue?.path ?? [])].join('.');
  throw new ScenedimError('config_invalid', `${field}: ${issue?.message ?? 'is not usable'}`);
}
