import { isScenedimError, ScenedimError } from '../../errors.ts';
import { classifySqlError } from '../postgres-sql/classify-sql-error.ts';
import { diskFaultOf, pgliteMessageOf } from './disk-fault.ts';

/** Whatever PGlite throws as a {@link ScenedimError}; unknown errors are `internal`. */
export function classifyPgliteError(error: unknown, schema: string): ScenedimError {
  if (isScenedimError(error)) return error;
  const known = diskFaultOf(error) ?? classifySqlError(error, { schema, database: 'postgres', user: 'postgres' });
  if (known !== undefined) return known;
  const message = pgliteMessageOf(error);
  if (/PGlite is clos(ed|ing)/.test(message)) {
    return new ScenedimError('target_unreachable', message, { remedy: 'run again', cause: error });
  }
  return new ScenedimError('internal', message, { cause: error });
}
