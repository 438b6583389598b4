/**
 * What `scenedim plan` does: `sync` or `replay` to its end, on an overlay that keeps what they write
 * from the target.
 */
import { OverlayLoader } from '../load/overlay/overlay-loader.ts';
import { type ReplayOptions, replay } from './replay.ts';
import type { RunContext } from './run/run-context.ts';
import type { RunResult } from './run/run-report.ts';
import { type SyncOptions, sync } from './sync.ts';

/** What `sync` would change, with the counts that it would report. Fetches, but writes nothing and takes no lock. */
export async function planSync(context: RunContext, options: SyncOptions): Promise<RunResult> {
  await using loader = new OverlayLoader(context.loader);
  return await sync({ ...context, loader, autoMigrate: true }, options);
}

/** What `replay` would change, batches before each included. Writes nothing and takes no lock. */
export async function planReplay(context: RunContext, options: ReplayOptions): Promise<RunResult> {
  await using loader = new OverlayLoader(context.loader);
  return await replay({ ...context, loader, autoMigrate: true }, options);
}
