import { bundledCatalog, type SceneCatalog } from '../../catalog/scene-catalog.ts';
import { type Clock, systemClock } from '../../clock.ts';
import type { GuardSettings } from '../../dimension/guards.ts';
import type { FirstSeen, VersionChange } from '../../dimension/version.ts';
import type { Loader } from '../../load/loader.ts';
import { readProgramVersion } from '../../process/program-version.ts';
import { createRedactor } from '../../secrets/redact.ts';

/**
 * What every run is given, with the defaults of the config file: `firstSeen: beginning`, time zone
 * Asia/Shanghai, the bundled catalog, guards `hold`, 4 and 0.5, the target migrated as needed, no waiting for the lock. The
 * clock is the machine's, the logger says nothing, and nothing stops the run. Pass `redact` and
 * `holdsSecret` of the redactor that the source has, and tokens stay out of what is stored.
 */
export function createRunContext(options: RunContextOptions): RunContext {
  const { redact, holdsSecret } = createRedactor();
  return {
    dimension: { firstSeen: 'beginning', timeZone: 'Asia/Shanghai' },
    catalog: bundledCatalog(),
    guards: { empty: 'hold', minScenes: 4, maxShrink: 0.5 },
    autoMigrate: true,
    lockTimeoutMs: 0,
    programVersion: readProgramVersion(),
    clock: systemClock,
    logger: silent,
    redact,
    holdsSecret,
    signal: new AbortController().signal,
    ...options,
  };
}

/** A loader, and whatever of a {@link RunContext} shall differ from the default. */
export type RunContextOptions = Pick<RunContext, 'loader'> & Partial<RunContext>;

/** What every command that works on a target is given. */
export interface RunContext {
  readonly loader: Loader;
  readonly dimension: DimensionSettings;
  /** What `migrate` puts into `access_source` and `launch_scene`. */
  readonly catalog: SceneCatalog;
  readonly guards: GuardSettings;
  /** `sync` and `replay` migrate the target on their own. */
  readonly autoMigrate: boolean;
  /** How long to wait for the run lock, in milliseconds. */
  readonly lockTimeoutMs: number;
  /** Default: four repetitions after 0.5 s and twice as long each time. */
  readonly targetRetry?: TargetRetryPolicy;
  readonly programVersion: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Takes secrets out of text that came from outside. */
  readonly redact: (text: string) => string;
  /** True of an answer that holds a secret of any account, which is never stored. */
  readonly holdsSecret: (body: Uint8Array) => boolean;
  /** Aborted by SIGINT or SIGTERM: the run stops cleanly. */
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /**
   * Told after every batch that was written, what it did to the dimension. A plan's batches are written
   * beside the target.
   */
  readonly onChanges?: (changes: Iterable<VersionChange>) => void;
}

/** Where the pipeline says what it does; pino satisfies it. Nothing that reaches it holds a secret. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface DimensionSettings {
  readonly firstSeen: FirstSeen;
  /** IANA name. */
  readonly timeZone: string;
}

/**
 * How often and how patiently work on the target is repeated when it was unreachable or busy; waits in
 * milliseconds.
 */
export interface TargetRetryPolicy {
  readonly retries: number;
  readonly minTimeout: number;
  readonly maxTimeout: number;
  readonly factor: number;
  /** Lengthens each wait by up to its double. */
  readonly randomize: boolean;
}

/** How far a run has come, told after every account or batch. */
export interface Progress {
  readonly done: number;
  /** Null when it is not known (a stream). */
  readonly total: number | null;
  /** `accounts` for sync, `observations` for replay. */
  readonly unit: 'accounts' | 'observations';
}

const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
