import { type Command, InvalidArgumentError } from 'commander';
import { MAX_SLEEP_MS } from '../clock.ts';
import { requireDuration } from '../config/duration.ts';
import { requireSource } from '../config/roster/open-roster.ts';
import { ScenedimError } from '../errors.ts';
import { SCENE_LIST_PATH } from '../extract/wechat-source.ts';
import { awaitOtherRuns } from '../pipeline/run/run.ts';
import { sync } from '../pipeline/sync.ts';
import { reportRun } from './result/report-run.ts';
import { addWatchOptions } from './result/watch-options.ts';
import type { RunAction } from './session/run-action.ts';
import type { Session } from './session/session.ts';
import { openSource } from './source/open-source.ts';
import { shardOf } from './source/shard-option.ts';
import { addSyncOptions, flagSettings, type SyncFlags, syncOptionsOf } from './source/sync-options.ts';
import { addLockTimeout } from './target/lock-timeout-option.ts';
import { runOnTarget } from './target/run-on-target.ts';

export const description =
  'Fetches the scene lists of the accounts in the config from WeChat and applies what changed. Running it again is harmless.';

export const examples = [
  ['sync', 'every account of the config'],
  ['sync --app-id wx0123456789abcdef', 'one account'],
  ['sync --max-age 6h', 'go on with a run that was interrupted'],
  ['sync --timeout 50m --max-age 6h', 'as much as gets done in 50 minutes'],
  ['sync --json --skip-exit-code', 'for a scheduler: exit 99 when nothing changed'],
  ['sync --shard 0/4', 'one of four processes that share the work'],
] as const;

export function define(command: Command, run: RunAction): void {
  const withTimeout = addSyncOptions(command)
    .option('--timeout <duration>', 'end the run after this long, with 75 and what was fetched', (text) =>
      requireDuration(text, '--timeout'),
    )
    .option('--skip-exit-code [code]', 'exit with this (99) when nothing changed', parseExitCode);
  addWatchOptions(addLockTimeout(withTimeout)).action(
    run<SyncFlags & { readonly timeout?: number }>(async (session, flags) => {
      const startedAt = performance.now();
      using _limit = endAfter(session, flags);
      return await reportRun(session, 'sync', flags, async (watched) => {
        const config = await session.loadConfig(flagSettings(flags));
        const { baseUrl } = requireSource(config);
        const shard = shardOf(session, flags);
        const { lockTimeout = 0, timeout = Number.POSITIVE_INFINITY } = flags;
        const target = {
          label: 'sync',
          mayMake: true,
          lockTimeoutMs: Math.min(lockTimeout, timeout),
          input: { namespace: baseUrl.replace(/\/+$/, ''), name: SCENE_LIST_PATH.slice(1) },
          shard,
        };
        return await runOnTarget(session, config, target, watched, async (context) => {
          // Asking for a token of the platform ends that of a run which is at work.
          if (config.source?.platform?.mint !== undefined) await awaitOtherRuns(context);
          await using source = openSource(session, config, context);
          const leftMs = () => Math.max(0, timeout - (performance.now() - startedAt));
          const options = await syncOptionsOf(session, config, flags, { source, context, withinMs: leftMs() });
          return await sync(context, { ...options, timeoutMs: leftMs() });
        });
      });
    }),
  );
}

/** Ends a run that `--timeout` does not stop, because the target stalls, as late as a signal would. */
function endAfter({ lateEnd, graceMs }: Session, { timeout }: { readonly timeout?: number }): Disposable {
  const error = new ScenedimError('out_of_time', 'the work did not end within --timeout and --grace', {
    remedy: 'see what the target is waiting for, and run again with --max-age',
  });
  const waitMs = (timeout ?? Number.POSITIVE_INFINITY) + graceMs;
  if (waitMs > MAX_SLEEP_MS) return { [Symbol.dispose]: () => {} };
  const timer = setTimeout(() => void lateEnd.end(error, error.exitCode), waitMs);
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}

function parseExitCode(text: string): number {
  if (/^\d{1,3}$/.test(text) && Number(text) <= 255) return Number(text);
  throw new InvalidArgumentError('It must be a number from 0 to 255.');
}
