import type { Config } from '../../config/load-config.ts';
import type { Shard } from '../../pipeline/fetch/shard.ts';
import type { RunContext } from '../../pipeline/run/run-context.ts';
import type { RunResult } from '../../pipeline/run/run-report.ts';
import type { RunOrigin, WatchedRun } from '../result/watched-run.ts';
import type { Session } from '../session/session.ts';
import { standingAfterRun } from './standing-after-run.ts';
import { type TargetOptions, withTarget } from './with-target.ts';

export interface RunOptions extends TargetOptions, Pick<RunOrigin, 'input'> {
  /** The part of the accounts that the run is about. Default: all. */
  readonly shard?: Shard | null;
}

/** Like {@link withTarget} for a run under watch, whose report then tells what the target billed. */
export async function runOnTarget(
  session: Session,
  config: Config,
  options: RunOptions,
  watched: WatchedRun,
  work: (context: RunContext) => Promise<RunResult>,
): Promise<RunResult> {
  const { input = null, shard = null } = options;
  await watched.begin(config, { input, shard: shard === null ? null : `${shard.index}/${shard.count}` });
  return withTarget(session, config, options, async (context) => {
    const result = await work(withWatchers(context, watched));
    if (watched.wantsStanding) watched.noteStanding(await standingAfterRun(session, config, context, shard));
    const used = context.loader.usage?.();
    if (used === undefined) return result;
    return { ...result, report: { ...result.report, usage: { jobs: used.jobs, bytes_billed: used.bytesBilled } } };
  });
}

/** A context that tells the watchers what each batch changed. */
function withWatchers(context: RunContext, { onChanges }: WatchedRun): RunContext {
  if (onChanges === undefined) return context;
  const { accessSources } = context.catalog;
  return { ...context, onChanges: (changes) => onChanges(changes, accessSources) };
}
