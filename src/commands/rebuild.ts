import type { Command } from 'commander';
import type { Config } from '../config/load-config.ts';
import { ScenedimError } from '../errors.ts';
import { findShortened, rebuild, type ShortenedLogs } from '../pipeline/rebuild.ts';
import { formatCount } from '../report/format-count.ts';
import { type ReportOptions, reportRun } from './result/report-run.ts';
import { addWatchOptions } from './result/watch-options.ts';
import { askConsent, assertConfirmFits } from './session/consent.ts';
import type { RunAction } from './session/run-action.ts';
import type { Session } from './session/session.ts';
import { addLockTimeout, type LockFlags } from './target/lock-timeout-option.ts';
import { runOnTarget } from './target/run-on-target.ts';
import { targetConsent } from './target/target-consent.ts';
import { withTarget } from './target/with-target.ts';

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
    .option('--confirm <schema>', 'the schema or dataset of the target, to confirm that where there is no terminal')
    .action(
      run<RebuildFlags>((session, flags) =>
        reportRun(session, 'rebuild', flags, async (watched) => {
          const config = await session.loadConfig();
          const acceptShortenedLog = await acceptedLosses(session, config, flags);
          const target = { label: 'rebuild', lockTimeoutMs: flags.lockTimeout };
          return await runOnTarget(session, config, target, watched, (context) =>
            rebuild(context, { acceptShortenedLog }),
          );
        }),
      ),
    );
}

/** What may be lost, which was told before. False without the option, or after a no: then such accounts are refused. */
async function acceptedLosses(session: Session, config: Config, flags: RebuildFlags): Promise<ShortenedLogs | false> {
  const { acceptShortenedLog = false, confirm, lockTimeout: lockTimeoutMs } = flags;
  if (!acceptShortenedLog) {
    if (confirm === undefined) return false;
    throw new ScenedimError('usage', '--confirm goes only with --accept-shortened-log', {
      remedy: 'leave --confirm out',
    });
  }
  const consent = targetConsent(config.target, { command: 'rebuild --accept-shortened-log', given: confirm });
  assertConfirmFits(consent);
  const target = { label: 'rebuild', lockTimeoutMs };
  const losses = await withTarget(session, config, target, findShortened);
  const { accounts, versions, first } = losses;
  if (accounts === 0) {
    if (confirm !== undefined) return losses;
    throw new ScenedimError('usage', 'nothing would be lost: no log was cut', { remedy: 'run scenedim rebuild' });
  }
  if (confirm !== undefined) {
    const lost = 'versions that only missing answers explain are dated anew or lost';
    session.logger.warn({ accounts, versions, first }, lost);
    return losses;
  }
  const what = `${formatCount(versions, 'version')} of ${formatCount(accounts, 'account')}`;
  const which = accounts === 1 ? first : `the first is ${first}`;
  const isAccepted = await askConsent(session, consent, `date anew or lose ${what} (${which})`);
  return isAccepted && losses;
}
