import { systemClock } from '../../clock.ts';
import { readProgramVersion } from '../../program-version.ts';
import { createRedactor } from '../../redact.ts';
import type { Logger, RunContext } from './run-context.ts';

/** A loader, and whatever of a {@link RunContext} shall differ from the default. */
export type RunContextOptions = Pick<RunContext, 'loader'> & Partial<RunContext>;

/**
 * What every run is given, with the defaults of the config file: `firstSeen: beginning`, time zone Asia/Shanghai, guards `hold`,
 * 4 and 0.5, the target migrated as needed, no waiting for the lock. The clock is the machine's, the logger says nothing, and
 * nothing stops the run. Pass the `redact` of the redactor that the source has, and tokens stay out of stored error texts.
 */
export function createRunContext(options: RunContextOptions): RunContext {
  return {
    dimension: { firstSeen: 'beginning', timeZone: 'Asia/Shanghai' },
    guards: { empty: 'hold', minScenes: 4, maxShrink: 0.5 },
    autoMigrate: true,
    lockTimeoutMs: 0,
    programVersion: readProgramVersion(),
    clock: systemClock,
    logger: silent,
    redact: createRedactor().redact,
    signal: new AbortController().signal,
    ...options,
  };
}

const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
