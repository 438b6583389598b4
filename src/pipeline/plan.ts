import { createOverlayLoader } from '../load/overlay/overlay-loader.ts';
import type { ReplayOptions } from './replay.ts';
import { replay } from './replay.ts';
import type { RunContext } from './run/run-context.ts';
import type { RunResult } from './run/run-result.ts';
import type { SyncOptions } from './sync.ts';
import { sync } from './sync.ts';

/** What `sync` would change, with the counts that it would report. Fetches, but writes nothing and takes no lock. */
export async function planSync(context: RunContext, options: SyncOptions): Promise<RunResult> {
  await using loader = createOverlayLoader(context.loader);
  return await sync({ ...context, loader, autoMigrate: true }, options);
}

/** What `replay` would change, batches before each included. Writes nothing and takes no lock. */
export async function planReplay(context: RunContext, options: ReplayOptions): Promise<RunResult> {
  await using loader = createOverlayLoader(context.loader);
  return await replay({ ...context, loader, autoMigrate: true }, options);
}
