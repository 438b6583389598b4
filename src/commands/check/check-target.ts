import { chunksOf } from '../../chunks.ts';
import type { Config } from '../../config/load-config.ts';
import type { AccountHead } from '../../dimension/account-head.ts';
import { errorCodes, isScenedimError } from '../../errors.ts';
import { errorCatalogue } from '../../extract/error-catalogue.ts';
import { formatInstant, type Micros } from '../../instant.ts';
import type { Finding, TargetMeta } from '../../load/loader.ts';
import { catalogProblem, migrationObstacle } from '../../pipeline/run/prepare-target.ts';
import { isCurrent, requireTarget, requireVerifiable } from '../../pipeline/run/require-target.ts';
import type { RunContext } from '../../pipeline/run/run-context.ts';
import { verify } from '../../pipeline/verify.ts';
import { formatCount } from '../../report/format-count.ts';
import { explainHeld } from '../decision/explain-held.ts';
import type { Session } from '../session/session.ts';
import { type AccountStanding, acceptArguments, readStandings } from '../target/account-standing.ts';
import { findStale, isStale, type StaleAccount } from '../target/find-stale.ts';
import { type CredentialKinds, readCredentialKinds } from '../target/listed-accounts.ts';
import { explainStoredError, type StoredError } from '../target/stored-error.ts';
import { type CheckedFinding, findingOf } from './check-finding.ts';
import { Named } from './named.ts';

/** Looks at rights, versions and settings of the target, at what waits for a decision, and proves the data. */
export async function checkTarget(
  session: Session,
  context: RunContext,
  config: Config,
  staleAfterMs: number,
): Promise<readonly CheckedFinding[]> {
  const { loader, signal } = context;
  const found = await loader.check(signal);
  const findings = found.map((finding) => ({ ...finding, exitCode: exitCodeOf(finding) }));
  if (found.some(({ level }) => level === 'error')) return findings;
  const meta = await loader.readMeta(signal);
  try {
    if (!isCurrent(meta, loader)) {
      const obstacle = migrationObstacle(meta, context);
      return obstacle === null ? findings : [...findings, findingOf(obstacle, 'autoMigrate')];
    }
    const { rebuilding } = await requireVerifiable(context);
    const settings = rebuilding ? [await interruptedRebuild(context)] : [];
    return [
      ...findings,
      ...settings,
      ...checkCatalog(meta, context),
      ...(await checkAccounts(session, context, config, staleAfterMs)),
      ...(await checkFreshness(session, context, config, staleAfterMs)),
      await checkData(context),
    ];
  } catch (error) {
    return [...findings, findingOf(error, 'settings')];
  }
}

function checkCatalog(meta: TargetMeta, context: RunContext): readonly CheckedFinding[] {
  const problem = catalogProblem(meta, context);
  if (problem === null) return [];
  const { message, remedy } = problem;
  return [{ level: 'warning', subject: 'catalog', message, remedy, exitCode: 0 }];
}

async function interruptedRebuild(context: RunContext): Promise<CheckedFinding> {
  return requireTarget(context).then(
    () => ({ level: 'ok' as const, subject: 'settings', message: 'a rebuild has ended just now', exitCode: 0 }),
    (error: unknown) => findingOf(error, 'settings'),
  );
}

/** An error of a target that does not say which one is a matter of configuration. */
function exitCodeOf({ level, code }: Finding): number {
  return level === 'error' ? errorCodes[code ?? 'target_invalid'].exitCode : 0;
}

async function checkAccounts(
  session: Session,
  { loader, clock, signal }: RunContext,
  config: Config,
  staleAfterMs: number,
): Promise<readonly CheckedFinding[]> {
  const held = new Named<AccountStanding>();
  const failing = new Set<string>();
  const suspended = new Named<AccountHead>();
  for await (const standing of readStandings(loader, {}, signal)) {
    const { head, waiting } = standing;
    if (waiting !== null) held.add(standing);
    if (head.lastErrorCode !== null) failing.add(head.appId);
    if (head.removalsSuspendedSince !== null) suspended.add(head);
  }
  const kinds = await readCredentialKinds(session, config, loader, failing);
  const failed = new Named<AccountHead>();
  // Nothing asks about an account that is not listed any more: its failure is no trouble of a run to come.
  const listed = [...failing].filter((appId) => kinds?.has(appId) ?? true);
  for (const appIds of chunksOf(listed, loader.limits.readAccounts)) {
    for await (const head of loader.readHeads({ appIds }, signal)) failed.add(head);
  }
  const effects = await explainHeld(loader, held.named, signal);
  return [
    ...held.named.flatMap((standing) => heldFinding(standing, effects)),
    ...held.rest({ level: 'warning', subject: 'held answers', exitCode: 65 }),
    ...failed.named.flatMap((head) => failedFinding(head, kinds, clock.now(), staleAfterMs)),
    ...failed.rest({ level: 'warning', subject: 'newest attempt', exitCode: 0 }),
    ...suspended.named.map(suspendedFinding),
    ...suspended.rest({ level: 'warning', subject: 'removals', exitCode: 0 }),
  ];
}

/** Nothing without a `source`: then no run asks any account. */
async function checkFreshness(
  session: Session,
  context: RunContext,
  config: Config,
  staleAfterMs: number,
): Promise<readonly CheckedFinding[]> {
  if (config.source === undefined) return [];
  const stale = new Named<StaleAccount>();
  for await (const account of findStale(session, config, context, staleAfterMs)) {
    // Told with its newest attempt, which says why.
    if (!account.isFailing) stale.add(account);
  }
  const finding = ({ appId, lastOkAt }: StaleAccount): CheckedFinding => {
    return {
      level: 'warning',
      subject: 'freshness',
      message: `${appId}: ${lastAnswer(lastOkAt)}`,
      remedy: 'run scenedim sync',
      exitCode: 0,
    };
  };
  return [...stale.named.map(finding), ...stale.rest({ level: 'warning', subject: 'freshness', exitCode: 0 })];
}

function lastAnswer(lastOkAt: Micros | null): string {
  return lastOkAt === null ? 'it never gave an ok answer' : `its last ok answer is of ${formatInstant(lastOkAt)}`;
}

function heldFinding(
  { head: { appId }, waiting }: AccountStanding,
  effects: ReadonlyMap<string, string>,
): readonly CheckedFinding[] {
  if (waiting === null) return [];
  const which = waiting.isNewest ? 'its newest answer' : 'its answer';
  const effect = effects.get(appId);
  const why = effect === undefined ? '' : `: it ${effect}`;
  const message = `${appId}: ${which} of ${formatInstant(waiting.observedAt)} waits for a decision${why}`;
  const remedy = `scenedim ${acceptArguments(appId, waiting)}, when it is right`;
  return [{ level: 'warning', subject: 'held answers', message, remedy, exitCode: 65 }];
}

/** A warning: what ended a run is that run's exit status. */
function failedFinding(
  head: AccountHead,
  kinds: CredentialKinds,
  now: Micros,
  staleAfterMs: number,
): readonly CheckedFinding[] {
  const error = explainStoredError(head, kinds, now);
  if (error === null) return [];
  const { code, meaning, remedy } = error;
  const told =
    error.message === null || error.message === '' ? `${code}: ${meaning}` : withMeaning(error.message, error);
  const since = isStale(head, now - BigInt(staleAfterMs) * 1000n) ? `; ${lastAnswer(head.lastOkAt)}` : '';
  const message = `${head.appId}: failed at ${formatInstant(head.lastAttemptAt)}: ${told}${since}`;
  return [{ level: 'warning', subject: 'newest attempt', message, remedy, exitCode: 0 }];
}

/** WeChat's texts are short, and some say nothing. */
function withMeaning(said: string, { code, meaning }: StoredError): string {
  const message = said.includes(code) ? said : `${code}: ${said}`;
  return errorCatalogue.has(code) && !message.includes(meaning) ? `${message} (${meaning})` : message;
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

async function checkData(context: RunContext): Promise<CheckedFinding> {
  try {
    const { versions, accounts, violations_total: total, violations, remedies } = await verify(context);
    const extent = `${formatCount(versions, 'version')} of ${formatCount(accounts, 'account')}`;
    if (total === 0) return { level: 'ok', subject: 'data', message: extent, exitCode: 0 };
    const [first] = violations;
    const where = first === undefined || first.app_id === '' ? '' : `${first.app_id}: `;
    const message = `${formatCount(total, 'violation')} in ${extent}, the first: ${where}${first?.message ?? ''}`;
    return {
      level: 'error',
      subject: 'data',
      message,
      remedy: `scenedim verify lists them; then ${remedies.join('; then ')}`,
      exitCode: 65,
    };
  } catch (error) {
    if (!isScenedimError(error, 'lock_held')) throw error;
    return { level: 'warning', subject: 'data', message: 'not looked at: a run is at work on the target', exitCode: 0 };
  }
}
