import type { AccountHead } from '../../dimension/account-head.ts';
import { errorCodes, isScenedimError } from '../../errors.ts';
import { formatInstant } from '../../instant.ts';
import type { Finding } from '../../load/loader.ts';
import { requireTarget } from '../../pipeline/run/prepare-target.ts';
import type { RunContext } from '../../pipeline/run/run-context.ts';
import { verify } from '../../pipeline/verify.ts';
import { formatCount } from '../../report/format-count.ts';
import { isHeld } from '../work/account-state.ts';
import { type CheckedFinding, findingOf } from './check-finding.ts';

/** Accounts with the same trouble are named one by one up to this many. */
const NAMED = 20;

/** Looks at rights, versions and settings of the target, at what waits for a decision, and proves the data. */
export async function checkTarget(context: RunContext): Promise<readonly CheckedFinding[]> {
  const { loader, signal } = context;
  const found = await loader.check(signal);
  const findings = found.map((finding) => ({ ...finding, exitCode: exitCodeOf(finding) }));
  const failed = found.some(({ level }) => level === 'error');
  if (failed || (await loader.readMeta(signal))?.schemaVersion !== loader.schemaVersion) return findings;
  try {
    await requireTarget(context);
    return [...findings, ...(await checkHeads(context)), await checkData(context)];
  } catch (error) {
    return [...findings, findingOf(error, 'settings')];
  }
}

/** An error of a target that does not say which one is a matter of configuration. */
function exitCodeOf({ level, code }: Finding): number {
  return level === 'error' ? errorCodes[code ?? 'target_invalid'].exitCode : 0;
}

async function checkHeads({ loader, signal }: RunContext): Promise<readonly CheckedFinding[]> {
  const held: AccountHead[] = [];
  const suspended: AccountHead[] = [];
  const counts = { held: 0, suspended: 0 };
  for await (const head of loader.readHeads({}, signal)) {
    if (isHeld(head)) {
      counts.held += 1;
      if (held.length < NAMED) held.push(head);
    }
    if (head.removalsSuspendedSince !== null) {
      counts.suspended += 1;
      if (suspended.length < NAMED) suspended.push(head);
    }
  }
  return [
    ...held.map(heldFinding),
    ...more('held answers', counts.held, 65),
    ...suspended.map(suspendedFinding),
    ...more('removals', counts.suspended, 0),
  ];
}

function heldFinding({ appId, lastObservedAt }: AccountHead): CheckedFinding {
  const since = lastObservedAt === null ? '' : ` of ${formatInstant(lastObservedAt)}`;
  return {
    level: 'warning',
    subject: 'held answers',
    message: `${appId}: its newest answer${since} waits for a decision`,
    remedy: `scenedim accept --app-id ${appId}, when it is right`,
    exitCode: 65,
  };
}

function suspendedFinding({ appId, removalsSuspendedSince }: AccountHead): CheckedFinding {
  const since = removalsSuspendedSince === null ? '' : ` since ${formatInstant(removalsSuspendedSince)}`;
  return {
    level: 'warning',
    subject: 'removals',
    message: `${appId}: removals are suspended${since}, its answers hold a row without a key`,
    remedy: 'tell WeChat support; removals are noticed again with the first answer without such a row',
    exitCode: 0,
  };
}

function more(subject: string, count: number, exitCode: number): readonly CheckedFinding[] {
  if (count <= NAMED) return [];
  return [{ level: 'warning', subject, message: `… and ${formatCount(count - NAMED)} more accounts`, exitCode }];
}

async function checkData(context: RunContext): Promise<CheckedFinding> {
  try {
    const { versions, accounts, violations_total: total, violations } = await verify(context);
    const extent = `${formatCount(versions, 'version')} of ${formatCount(accounts, 'account')}`;
    if (total === 0) return { level: 'ok', subject: 'data', message: extent, exitCode: 0 };
    const message = `${formatCount(total, 'violation')} in ${extent}, the first: ${violations[0]?.message ?? ''}`;
    return {
      level: 'error',
      subject: 'data',
      message,
      remedy: 'run scenedim verify, then scenedim rebuild',
      exitCode: 65,
    };
  } catch (error) {
    if (!isScenedimError(error, 'lock_held')) throw error;
    return { level: 'warning', subject: 'data', message: 'not looked at: a run is at work on the target', exitCode: 0 };
  }
}
