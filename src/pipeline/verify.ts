import * as z from 'zod';
import { isSameHead } from '../dimension/account-head.ts';
import type { Violation } from '../dimension/invariants.ts';
import { describe, findOpenViolations, findRowViolations } from '../dimension/invariants.ts';
import type { VersionChange } from '../dimension/version.ts';
import { formatInstant } from '../instant.ts';
import { count, type Document } from '../output-fields.ts';
import { createAnswerCache } from './log/answer-cache.ts';
import type { RecomputedAccount } from './log/recompute.ts';
import { recompute } from './log/recompute.ts';
import { requireTarget } from './run/prepare-target.ts';
import type { RunContext } from './run/run-context.ts';
import { acquireRunLock } from './run/run-lock.ts';

const VIOLATIONS_SHOWN = 100;

/**
 * Proves that the dimension and the heads are what the stored observations give, and that every row
 * keeps the rules of `src/dimension/README.md`. Reads everything, writes nothing; takes the lock so
 * that no run changes the rows meanwhile.
 */
export async function verify(context: RunContext): Promise<VerifyReport> {
  const { loader, dimension } = context;
  await requireTarget(context);
  await using lock = await acquireRunLock(context, { kind: 'exclusive' });
  const signal = AbortSignal.any([context.signal, lock.lost]);
  const violations: Violation[] = [];
  let total = 0;
  let accounts = 0;
  let versions = 0;
  const answers = createAnswerCache();
  for await (const account of recompute({ loader, answers, firstSeen: dimension.firstSeen, signal })) {
    accounts += 1;
    versions += account.storedVersions.length;
    for (const violation of violationsOf(account)) {
      total += 1;
      if (violations.length < VIOLATIONS_SHOWN) violations.push(violation);
    }
    if (accounts % 100 === 0) context.onProgress?.({ done: accounts, total: null, unit: 'accounts' });
  }
  return {
    outcome: total === 0 ? 'ok' : 'refused',
    accounts,
    versions,
    violations: violations.map(({ appId, rule, message }) => ({ app_id: appId, rule, message })),
    violations_total: total,
  };
}

/** What `verify --json` prints. `violations` is capped, `violations_total` is not. */
export const verifyReportSchema = z.strictObject({
  outcome: z.enum(['ok', 'refused']),
  accounts: count,
  versions: count,
  violations: z
    .array(z.strictObject({ app_id: z.string(), rule: z.string(), message: z.string() }))
    .max(VIOLATIONS_SHOWN),
  violations_total: count,
});

export type VerifyReport = Document<typeof verifyReportSchema>;

function violationsOf(account: RecomputedAccount): Violation[] {
  const { appId, storedVersions, storedHead, head, damaged, newestSnapshot } = account;
  const rows = findRowViolations(storedVersions);
  if (damaged.length > 0) {
    const bodies = damaged.map(({ observedAt, payloadHash }) => ({
      appId,
      rule: 'payload' as const,
      message: `the body ${payloadHash} of the answer at ${formatInstant(observedAt)} is missing or damaged`,
    }));
    return [...rows, ...bodies];
  }
  const open = newestSnapshot === null ? [] : findOpenViolations(appId, storedVersions, newestSnapshot);
  const rowsThatDiffer = account.versions.map((change) => ({
    appId,
    rule: 'dimension' as const,
    message: describeDifference(change),
  }));
  const isHeadRight = head !== null && storedHead !== null && isSameHead(head, storedHead);
  const heads = isHeadRight
    ? []
    : [{ appId, rule: 'head' as const, message: 'its row in scene_account is not what the log gives' }];
  return [...rows, ...open, ...rowsThatDiffer, ...heads];
}

function describeDifference(change: VersionChange): string {
  if (change.op === 'insert') return `${describe(change.after)} is missing`;
  if (change.op === 'delete') return `${describe(change.before)} should not be there`;
  return `${describe(change.before)} is not what the log gives`;
}
