import { ScenedimError } from '../../errors.ts';
import type { TableReader } from '../../load/table-reader.ts';
import type { JoinCheckOptions } from './subject.ts';

const MIB = 1024n * 1024n;
const WITHOUT_ASKING = 1024n * MIB;

/** More than the estimate, because BigQuery bills at least 10 MiB for each of the up to six tables of a statement. */
const SLACK = 100n * MIB;

interface Costs extends JoinCheckOptions {
  /** `--yes`. */
  readonly isAllowed: boolean;
}

/**
 * Tells what a check will cost before anything is read, and refuses more than 1 GiB without `--yes`. `statement` is the one that reads
 * most. Resolves with the most that each of the two may read; undefined where the target does not bill.
 */
export async function assertAffordable(
  { estimateBytes }: TableReader,
  statement: string,
  { signal, tell, isAllowed }: Costs,
): Promise<bigint | undefined> {
  if (estimateBytes === undefined) return undefined;
  const bytes = await estimateBytes(statement, signal);
  const both = 2n * bytes;
  tell(
    `BigQuery will read ${formatBytes(both)} for this check, in two statements, and bill at least 10 MiB for each table in them`,
  );
  if (both > WITHOUT_ASKING && !isAllowed) {
    throw new ScenedimError('usage', `a check of this table would bill ${formatBytes(both)}`, {
      remedy: 'add --yes, or look at a part of it: --sample 100000, or a view of some days',
    });
  }
  return bytes + SLACK;
}

function formatBytes(bytes: bigint): string {
  const mib = Number(bytes) / Number(MIB);
  return mib < 1024 ? `${mib.toFixed(1)} MiB` : `${(mib / 1024).toFixed(1)} GiB`;
}
