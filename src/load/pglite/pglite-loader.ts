import { resolve } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { ScenedimError } from '../../errors.ts';
import type { Loader } from '../loader.ts';
import type { LoaderContext, LoaderFactory } from '../loader-factory.ts';
import { LockTable } from '../lock-table.ts';
import { createSqlLoader } from '../postgres-sql/sql-loader.ts';
import { diskFaultOf, findDiskFault, pgliteMessageOf } from './disk-fault.ts';
import { makeDatabase } from './make-database.ts';
import { assertMayBeMade, isVacant, lockDirectory } from './open-directory.ts';
import { type PgliteConfig, parsePgliteConfig } from './pglite-config.ts';
import { createPgliteTarget } from './pglite-target.ts';
import { createVacantLoader } from './vacant-loader.ts';

const MEMORY = 'memory://';

/**
 * A loader for a PGlite database: Postgres inside this process, in a directory. Nobody else may open the directory until the
 * loader is disposed; `lock_held` when somebody has it for longer than `openTimeoutMs`. The first start takes seconds.
 * Without `mayMake` a database that is not there yet is an empty one, and no file is written.
 */
export async function createPgliteLoader({ path, schema }: PgliteConfig, context: LoaderContext): Promise<Loader> {
  context.signal.throwIfAborted();
  await using stack = new AsyncDisposableStack();
  const directory = path.startsWith(MEMORY) ? MEMORY : resolve(context.baseDirectory, path);
  const description = `pglite ${directory}, schema ${schema}`;
  if (directory !== MEMORY && context.mayMake === false && (await isVacant(directory))) {
    await assertMayBeMade(directory);
    return createVacantLoader(schema, description);
  }
  const pglite =
    directory === MEMORY
      ? await PGlite.create({ dataDir: MEMORY })
      : await openDatabase(stack.use(await lockDirectory(directory, context)).path);
  const target = stack.use(createPgliteTarget(pglite, schema, description));
  context.signal.throwIfAborted();
  const kept = stack.move();
  const locks = new LockTable();
  return createSqlLoader({ ...target, [Symbol.asyncDispose]: () => kept.disposeAsync() }, async (scope) =>
    locks.acquire(scope),
  );
}

async function openDatabase(directory: string): Promise<PGlite> {
  try {
    await makeDatabase(directory);
    return await PGlite.create({ dataDir: directory });
  } catch (error) {
    const fault = diskFaultOf(error) ?? (await findDiskFault(directory, error));
    if (fault !== undefined) throw fault;
    throw new ScenedimError(
      'target_invalid',
      `target.path: PGlite cannot open ${directory}: ${pgliteMessageOf(error)}`,
      {
        remedy:
          'a database of another PGlite version must be moved with export-log and replay; a damaged one restored from a copy',
        cause: error,
      },
    );
  }
}

export const pgliteLoaderFactory: LoaderFactory<PgliteConfig> = {
  parseConfig: parsePgliteConfig,
  create: createPgliteLoader,
};
