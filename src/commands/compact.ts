import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { requireDuration } from '../config/duration.ts';
import { ScenedimError } from '../errors.ts';
import { type CompactReport, compact, planCompact } from '../pipeline/compact.ts';
import { formatCount } from '../report/format-count.ts';
import type { Paint } from '../report/paint.ts';
import { shellWord } from '../shell-word.ts';
import type { RunAction } from './session/run-action.ts';
import type { Session } from './session/session.ts';
import { addLockTimeout, type LockFlags } from './source/sync-options.ts';
import { schemaOf } from './target/schema-of.ts';
import { withTarget } from './target/with-target.ts';

export const description =
  'Makes the log smaller: of consecutive equal answers of an account, or failures of one code, that are older than --keep, ' +
  'only the first and the last stay. The dimension stays as it is. Bodies that no observation names are deleted, too.';

export const examples = [
  ['compact --keep 90d --dry-run', 'what would be deleted'],
  ['compact --keep 90d', 'on a terminal, which asks'],
  ['compact --keep 90d --confirm scene', 'in a job'],
] as const;

interface CompactFlags extends LockFlags {
  /** A duration, as it was written. */
  readonly keep: string;
  readonly dryRun?: true;
  readonly confirm?: string;
}

export function define(command: Command, run: RunAction): void {
  addLockTimeout(command)
    .requiredOption('--keep <duration>', 'leave younger observations alone, like 90d (required)')
    .option('--dry-run', 'only tell what would be deleted')
    .option('--confirm <schema>', 'the schema or dataset of the target, to confirm it where there is no terminal')
    .action(
      run<CompactFlags>(async (session, flags) => {
        const { keep, dryRun, confirm } = flags;
        const options = { keepMs: requireDuration(keep, '--keep') };
        const config = await session.loadConfig();
        const target = { label: 'compact', lockTimeoutMs: flags.lockTimeout };
        const meant = `scenedim compact --keep ${keep} --confirm ${shellWord(schemaOf(config.target))}`;
        if (confirm !== undefined && confirm !== schemaOf(config.target))
          throw notConfirmed(`--confirm ${confirm} is not the schema or dataset of this target`, meant);
        if (dryRun === true || confirm === undefined) {
          const planned = await withTarget(session, config, target, (context) => planCompact(context, options));
          const isDone = dryRun === true || planned.outcome === 'nothing_changed';
          if (isDone || !(await isConfirmed(session, planned, meant))) return print(session, planned, flags);
        }
        const done = await withTarget(session, config, target, (context) => compact(context, options));
        return print(session, done, flags);
      }),
    );
}

/** Asks on a terminal; where there is none, `--confirm` is missing. */
async function isConfirmed({ stdin, stderr, screen, signal }: Session, planned: CompactReport, meant: string) {
  if (stdin.isTTY !== true || !screen.isTerminal) {
    const what = `it would delete ${describeRemoved(planned)}; nothing was done`;
    throw notConfirmed(`compact needs --confirm where there is no terminal to ask on: ${what}`, meant);
  }
  const terminal = createInterface({ input: stdin, output: stderr });
  const { promise: left, resolve: leave } = Promise.withResolvers<string>();
  terminal.once('close', () => leave(''));
  const question = `delete ${describeRemoved(planned)}? [y/N]: `;
  try {
    const answer = await Promise.race([terminal.question(question, { signal }), left]);
    return /^y(?:es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}

async function print(session: Session, report: CompactReport, { json, quiet }: CompactFlags): Promise<number> {
  if (json === true) await session.out.printJson(report);
  else if (quiet !== true) await session.out.print(render(report, session.out.paint));
  return 0;
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

function notConfirmed(problem: string, meant: string): ScenedimError {
  return new ScenedimError('usage', problem, { remedy: `if that is meant: ${meant}` });
}
