import { ScenedimError } from '../../../errors.ts';
import { findRowHooks, letThrough } from '../schema/row-hooks.ts';
import type { SqlSession } from '../sql-target.ts';

/**
 * Refuses a batch when a statement did not write all its rows: `target_invalid` where a trigger or a rule of somebody else may
 * have kept them from the table, else `stale_heads`, because another run changed what they were planned against.
 */
export async function assertRowCount(
  session: Pick<SqlSession, 'db' | 'schema'>,
  { table, what, expected }: { readonly table: string; readonly what: string; readonly expected: number },
  written: number | bigint | undefined,
): Promise<void> {
  const found = Number(written ?? 0n);
  if (found === expected) return;
  const [hook] = await findRowHooks(session, table);
  if (hook !== undefined) {
    throw new ScenedimError(
      'target_invalid',
      `${what}: ${hook.name} of ${table} let ${found} of ${expected} rows through`,
      {
        remedy: letThrough(hook),
      },
    );
  }
  throw new ScenedimError('stale_heads', `${what}: ${found} of ${expected} rows were as they had been read`, {
    remedy: 'run the command again: it reads what another run has written meanwhile',
  });
}
