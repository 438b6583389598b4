import type { Config } from '../../config/load-config.ts';
import type { VersionChange } from '../../dimension/version.ts';
import type { Shard } from '../../pipeline/fetch/shard.ts';
import type { RunContext } from '../../pipeline/run/run-context.ts';
import type { RunResult } from '../../pipeline/run/run-report.ts';
import type { RunOrigin, RunWatch } from '../result/watch-run.ts';
import type { Session } from '../session/session.ts';
import { tellStanding } from './target-standing.ts';
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
  watch: RunWatch,
  work: (context: RunContext) => Promise<RunResult>,
): Promise<RunResult> {
  const { input = null, shard = null } = options;
  await watch.begin(config, { input, shard: shard === null ? null : `${shard.index}/${shard.count}` });
  return withTarget(session, config, options, async (context) => {
    const { onChanges } = watch;
    const { accessSources } = context.catalog;
    const tell = (changes: Iterable<VersionChange>): void => onChanges?.(changes, accessSources);
    const result = await work(onChanges === undefined ? context : { ...context, onChanges: tell });
    if (watch.wantsStanding) await tellStanding(session, config, context, { shard, tell: watch.tellStanding });
    const used = context.loader.usage?.();
    if (used === undefined) return result;
    return { ...result, report: { ...result.report, usage: { jobs: used.jobs, bytes_billed: used.bytesBilled } } };
  });
}
