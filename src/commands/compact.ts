import type { Command } from 'commander';
import { requireDuration } from '../config/duration.ts';
import { parseInstant } from '../instant.ts';
import { type CompactOptions, type CompactReport, compact, planCompact } from '../pipeline/compact.ts';
import { formatCount } from '../report/format-count.ts';
import type { Paint } from '../report/paint.ts';
import { addWatchOptions, type WatchOptions } from './result/watch-options.ts';
import { watchRun } from './result/watch-run.ts';
import type { WatchedResult, WatchedRun } from './result/watched-run.ts';
import { askConsent, assertConfirmFits } from './session/consent.ts';
import type { RunAction } from './session/run-action.ts';
import type { Session } from './session/session.ts';
import { addLockTimeout, type LockFlags } from './target/lock-timeout-option.ts';
import { targetConsent } from './target/target-consent.ts';
import { withTarget } from './target/with-target.ts';

export const description =
  'Makes the log smaller: of consecutive equal answers of an account, or failures of one code, that are older than --keep, ' +
  'only the first and the last stay. The dimension stays as it is. Bodies that no observation names are deleted, too.';

export const examples = [
  ['compact --keep 90d --dry-run', 'what would be deleted'],
  ['compact --keep 90d', 'on a terminal, which asks'],
  ['compact --keep 90d --confirm scene', 'in a job'],
] as const;

interface CompactFlags extends LockFlags, WatchOptions {
  /** A duration, as it was written. */
  readonly keep: string;
  readonly dryRun?: true;
  readonly confirm?: string;
}

export function define(command: Command, run: RunAction): void {
  addWatchOptions(addLockTimeout(command))
    .requiredOption('--keep <duration>', 'leave younger observations alone, like 90d (required)')
    .option('--dry-run', 'only tell what would be deleted')
    .option('--confirm <schema>', 'the schema or dataset of the target, to confirm it where there is no terminal')
    .action(run<CompactFlags>(askAndCompact));
}

async function askAndCompact(session: Session, flags: CompactFlags): Promise<number> {
  const { keep, dryRun, confirm } = flags;
  const options = { keepMs: requireDuration(keep, '--keep') };
  const target = { label: 'compact', lockTimeoutMs: flags.lockTimeout };
  const work = async (watched: WatchedRun): Promise<WatchedResult & { readonly report: CompactReport }> => {
    const config = await session.loadConfig();
    const consent = targetConsent(config.target, { command: `compact --keep ${keep}`, given: confirm });
    assertConfirmFits(consent);
    let agreed: CompactOptions = options;
    if (dryRun === true || confirm === undefined) {
      const planned = await withTarget(session, config, target, (context) => planCompact(context, options));
      const isDone = dryRun === true || planned.outcome === 'nothing_changed';
      const question = `delete ${describeRemoved(planned)}`;
      if (isDone || !(await askConsent(session, consent, question))) return resultOf(planned);
      // What was shown is what goes, however long the question stood.
      agreed = { ...options, notAfter: parseInstant(planned.older_than) };
    }
    await watched.begin(config);
    return resultOf(await withTarget(session, config, target, (context) => compact(context, agreed)));
  };
  return watchRun(session, 'compact', flags, work, ({ report }) => print(session, report, flags));
}

function resultOf(report: CompactReport) {
  return { report, exitCode: 0, error: null };
}

async function print(session: Session, report: CompactReport, { json, quiet }: CompactFlags): Promise<void> {
  if (json === true) await session.out.printJson(report);
  else if (quiet !== true) await session.out.print(render(report, session.out.paint));
}

function render(report: CompactReport, paint: Paint): string {
  const title = paint('bold', 'compact');
  if (report.outcome === 'nothing_changed') return `${title}  nothing to compact\n`;
  const deleted = report.run_id === null ? 'nothing was deleted; would delete' : 'deleted';
  return `${title}  ${deleted} ${describeRemoved(report)}\n`;
}

function describeRemoved({ removed, accounts, older_than }: CompactReport): string {
  const { observations, bodies, body_bytes } = removed;
  const repeated = `${formatCount(observations, 'repeated observation')} of ${formatCount(accounts.changed, 'account')}`;
  const unnamed = `${formatCount(bodies)} ${bodies === 1 ? 'body' : 'bodies'} that no observation names`;
  const parts = [
    ...(observations > 0 ? [`${repeated} from before ${older_than}`] : []),
    ...(bodies > 0 ? [`${unnamed} (${formatCount(body_bytes, 'byte')})`] : []),
  ];
  return parts.join(' and ');
}
