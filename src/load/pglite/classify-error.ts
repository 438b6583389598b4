import { errorCodeOf, messageOf } from '../../error-text.ts';
import { isScenedimError, ScenedimError } from '../../errors.ts';
import { classifySqlError } from '../postgres-sql/classify-sql-error.ts';

/** Whatever PGlite throws as a {@link ScenedimError}; unknown errors are `internal`. */
export function classifyPgliteError(error: unknown, schema: string): ScenedimError {
  if (isScenedimError(error)) return error;
  const sqlError = classifySqlError(error, { schema, database: 'postgres', user: 'postgres' });
  if (sqlError !== undefined) return sqlError;
  const message = messageOf(error);
  const code = errorCodeOf(error);
  if (code === 'ENOSPC' || code === 'EACCES' || code === 'EIO' || code === 'EROFS') {
    return new ScenedimError('file_unusable', message, { remedy: 'look at the disk of target.path', cause: error });
  }
  if (/PGlite is clos(ed|ing)/.test(message)) {
    return new ScenedimError('target_unreachable', message, { remedy: 'run again', cause: error });
  }
  return new ScenedimError('internal', message, { cause: error });
}
