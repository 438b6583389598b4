import * as z from 'zod';
import { isSameHead } from '../dimension/account-head.ts';
import type { Violation } from '../dimension/invariants.ts';
import { describe, findOpenViolations, findRowViolations } from '../dimension/invariants.ts';
import { describeCut, describeLostBody, isEmptied, SHORTENED_REMEDY } from '../dimension/log-cut.ts';
import type { VersionChange } from '../dimension/version.ts';
import { count, type Document } from '../output-fields.ts';
import { createAnswerCache } from './log/answer-cache.ts';
import type { RecomputedAccount } from './log/recompute.ts';
import { recompute } from './log/recompute.ts';
import { requireVerifiable } from './run/require-target.ts';
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
  const { rebuilding } = await requireVerifiable(context);
  await using lock = await acquireRunLock(context, { kind: 'exclusive' });
  const signal = AbortSignal.any([context.signal, lock.lost]);
  const violations: Violation[] = [];
  const remedies = new Set<string>();
  let total = 0;
  const counts = new Map<string, number>();
  const report = (violation: Violation): void => {
    total += 1;
    counts.set(violation.rule, (counts.get(violation.rule) ?? 0) + 1);
    remedies.add(remedyOf(violation));
    if (violations.length < VIOLATIONS_SHOWN) violations.push(violation);
  };
  let accounts = 0;
  let versions = 0;
  const answers = createAnswerCache();
  for await (const account of recompute({ loader, answers, firstSeen: dimension.firstSeen, signal })) {
    accounts += 1;
    versions += account.storedVersions.length;
    for (const violation of violationsOf(account, rebuilding)) report(violation);
    if (accounts % 100 === 0) context.onProgress?.({ done: accounts, total: null, unit: 'accounts' });
  }
  if (rebuilding) report({ appId: '', rule: 'rebuilding', message: 'a rebuild of the target was interrupted' });
  return {
    outcome: total === 0 ? 'ok' : 'refused',
    accounts,
    versions,
    violations: violations.map(({ appId, rule, message }) => ({ app_id: appId, rule, message })),
    violations_total: total,
    violation_counts: [...counts].map(([rule, count]) => ({ rule, count })),
    remedies: [...remedies],
  };
}

/** What `verify --json` prints. `violations` is capped, its counts are not. */
export const verifyReportSchema = z.strictObject({
  outcome: z.enum(['ok', 'refused']),
  accounts: count,
  versions: count,
  violations: z
    .array(z.strictObject({ app_id: z.string(), rule: z.string(), message: z.string() }))
    .max(VIOLATIONS_SHOWN),
  violations_total: count,
  violation_counts: z.array(z.strictObject({ rule: z.string(), count })).describe('How many violations break a rule.'),
  remedies: z.array(z.string()).describe('What to do about the violations, in this order.'),
});

export type VerifyReport = Document<typeof verifyReportSchema>;

/** In the middle of a rebuild only what is damaged tells anything: rows of the old settings are still to be computed. */
function violationsOf(account: RecomputedAccount, rebuilding: boolean): Violation[] {
  const { appId, storedVersions, damaged, cut } = account;
  const lost = damaged.map((observation) => {
    return { appId, rule: 'payload' as const, message: describeLostBody(observation) };
  });
  const missing = cut === null ? [] : [{ appId, rule: 'log_shortened' as const, message: describeCut(cut) }];
  const damage = [...missing, ...lost, ...findRowViolations(storedVersions)];
  return damaged.length > 0 || cut !== null || rebuilding ? damage : [...damage, ...differencesOf(account)];
}

function differencesOf(account: RecomputedAccount): Violation[] {
  const { appId, storedVersions, storedHead, head, newestSnapshot } = account;
  const open = newestSnapshot === null ? [] : findOpenViolations(appId, storedVersions, newestSnapshot);
  const rowsThatDiffer = account.versions.map((change) => ({
    appId,
    rule: 'dimension' as const,
    message: describeDifference(change),
  }));
  const isHeadRight = storedHead !== null && (head === null ? isEmptied(storedHead) : isSameHead(head, storedHead));
  const heads = isHeadRight
    ? []
    : [{ appId, rule: 'head' as const, message: 'its row in scene_account is not what the log gives' }];
  return [...open, ...rowsThatDiffer, ...heads];
}

function remedyOf({ rule }: Violation): string {
  if (rule === 'payload' || rule === 'log_shortened') return SHORTENED_REMEDY;
  if (rule === 'rebuilding') return 'scenedim rebuild completes the rebuild that was interrupted';
  return 'scenedim rebuild recomputes the dimension from the observations';
}

function describeDifference(change: VersionChange): string {
  if (change.op === 'insert') return `${describe(change.after)} is missing`;
  if (change.op === 'delete') return `${describe(change.before)} should not be there`;
  return `${describe(change.before)} is not what the log gives`;
}
