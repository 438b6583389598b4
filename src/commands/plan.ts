import type { Command } from 'commander';
import { requireSource } from '../config/roster/open-roster.ts';
import { ScenedimError } from '../errors.ts';
import { planReplay, planSync } from '../pipeline/dry-run.ts';
import { createChangeList } from '../report/change-list.ts';
import { reportRun } from './result/report-run.ts';
import type { WatchedRun } from './result/watched-run.ts';
import { openInput } from './session/open-input.ts';
import type { RunAction } from './session/run-action.ts';
import { openSource } from './source/open-source.ts';
import { addSyncOptions, flagSettings, type SyncFlags, syncOptionsOf } from './source/sync-options.ts';
import { runOnTarget } from './target/run-on-target.ts';

export const description = 'Shows what sync, or with --input what replay, would change. Writes nothing.';

export const examples = [
  ['plan', 'what a sync would change now'],
  ['plan --accept-shrink', 'what it would change with the guard off'],
  ['plan --input observations.ndjson', 'what replaying a file would change'],
] as const;

interface PlanFlags extends SyncFlags {
  readonly input?: string;
}

export function define(command: Command, run: RunAction): void {
  addSyncOptions(command)
    .option('--input <file>', 'recorded answers instead of WeChat; - is standard input')
    .action(
      run<PlanFlags>(async (session, flags) => {
        const { input } = flags;
        if (input !== undefined) refuseSyncFlags(flags);
        const config = await session.loadConfig(flagSettings(flags));
        const list = createChangeList();
        // What keeps plan from writing is the overlay in dry-run.ts.
        const target = { label: 'plan' };
        const onChanges = flags.json === true ? () => {} : list.add;
        const work = async (watched: WatchedRun) => {
          if (input !== undefined) {
            await using file = await openInput(input, session);
            return await runOnTarget(session, config, target, watched, (context) =>
              planReplay({ ...context, onChanges }, { input: file, name: file.name }),
            );
          }
          requireSource(config);
          return await runOnTarget(session, config, target, watched, async (context) => {
            await using source = openSource(session, config, context);
            const options = await syncOptionsOf(session, config, flags, { source, context });
            return await planSync({ ...context, onChanges }, options);
          });
        };
        return reportRun(session, 'plan', flags, work, list);
      }),
    );
}

/** Nothing is fetched with --input, so an option about fetching would be ignored without a word. */
function refuseSyncFlags(flags: PlanFlags): void {
  const { appId, maxAge, shard, concurrency, rate, acceptShrink, acceptEmpty } = flags;
  const given = Object.entries({ appId, maxAge, shard, concurrency, rate, acceptShrink, acceptEmpty }).find(
    ([, value]) => value !== undefined,
  );
  if (given === undefined) return;
  const flag = given[0].replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new ScenedimError('usage', `--${flag} has no meaning with --input`, {
    remedy: 'leave it out: every recorded answer is looked at, as replay would',
  });
}
