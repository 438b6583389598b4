import type { Command } from 'commander';
import { ScenedimError } from '../errors.ts';
import { findShortened, rebuild, type ShortenedLogs } from '../pipeline/rebuild.ts';
import { formatCount } from '../report/format-count.ts';
import { shellWord } from '../shell-word.ts';
import { type ReportOptions, reportRun } from './result/report-run.ts';
import { addWatchOptions } from './result/watch-run.ts';
import type { RunAction } from './session/run-action.ts';
import { addLockTimeout, type LockFlags } from './source/sync-options.ts';
import { schemaOf } from './target/schema-of.ts';
import { runOnTarget, withTarget } from './target/with-target.ts';

export const description =
  'Recomputes dim_scene from the stored answers: after dimension.firstSeen or the program changed, or to repair it. ' +
  'Rows that are right stay untouched, keys included. An account whose log was cut is refused.';

export const examples = [
  ['rebuild', 'recompute everything'],
  ['rebuild --lock-timeout 10m', 'wait for a run that goes on'],
  ['rebuild --accept-shortened-log --confirm scene', 'give up what a cut log does not say any more'],
] as const;

interface RebuildFlags extends ReportOptions, LockFlags {
  readonly acceptShortenedLog?: boolean;
  readonly confirm?: string;
}

export function define(command: Command, run: RunAction): void {
  addWatchOptions(addLockTimeout(command))
    .option(
      '--accept-shortened-log',
      'compute such accounts, too, from what is left of their log; what only the missing answers said is lost for good',
    )
    .option('--confirm <schema>', 'the schema or dataset of the target, to confirm that')
    .action(
      run<RebuildFlags>(async (session, flags) => {
        const config = await session.loadConfig();
        const target = { label: 'rebuild', lockTimeoutMs: flags.lockTimeout };
        const acceptShortenedLog = flags.acceptShortenedLog === true;
        const problem = problemOfConfirmation(flags, schemaOf(config.target));
        if (problem !== null) {
          const shortened = acceptShortenedLog
            ? await withTarget(session, config, { ...target, readOnly: true }, findShortened)
            : null;
          throw notConfirmed(problem, shortened, schemaOf(config.target));
        }
        return reportRun(session, 'rebuild', flags, (watch) =>
          runOnTarget(session, config, target, watch, (context) => rebuild(context, { acceptShortenedLog })),
        );
      }),
    );
}

/** Null when `--accept-shortened-log` and `--confirm` are both right or both missing. */
function problemOfConfirmation({ acceptShortenedLog, confirm }: RebuildFlags, schema: string): string | null {
  if (acceptShortenedLog !== true) {
    return confirm === undefined ? null : '--confirm goes only with --accept-shortened-log';
  }
  if (confirm === schema) return null;
  return confirm === undefined
    ? '--accept-shortened-log needs --confirm'
    : `--confirm ${confirm} is not the schema or dataset of this target`;
}

function notConfirmed(problem: string, shortened: ShortenedLogs | null, schema: string): ScenedimError {
  if (shortened === null) return new ScenedimError('usage', problem, { remedy: 'leave --confirm out' });
  const { accounts, versions, first } = shortened;
  if (accounts === 0) {
    return new ScenedimError('usage', `${problem}; nothing would be lost: no log was cut`, {
      remedy: 'run scenedim rebuild',
    });
  }
  const what = `${formatCount(versions, 'version')} of ${formatCount(accounts, 'account')}`;
  const where = accounts === 1 ? first : `the first is ${first}`;
  return new ScenedimError('usage', `${problem}: ${what} (${where}) would be dated anew or lost; nothing was done`, {
    remedy: `if that is meant: scenedim rebuild --accept-shortened-log --confirm ${shellWord(schema)}`,
  });
}
