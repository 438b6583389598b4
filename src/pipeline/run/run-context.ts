import type { Clock } from '../../clock.ts';
import type { GuardSettings } from '../../dimension/guards.ts';
import type { FirstSeen, VersionChange } from '../../dimension/version.ts';
import type { Loader } from '../../load/loader.ts';
import type { TargetRetryPolicy } from './retry-on-target.ts';

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

/** How far a run has come, told after every account or batch. */
export interface Progress {
  readonly done: number;
  /** Null when it is not known (a stream). */
  readonly total: number | null;
  /** `accounts` for sync, `observations` for replay. */
  readonly unit: 'accounts' | 'observations';
}

/** What every command that works on a target is given. */
export interface RunContext {
  readonly loader: Loader;
  readonly dimension: DimensionSettings;
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
  /** Aborted by SIGINT or SIGTERM: the run stops cleanly. */
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** Told after every batch that was written, what it did to the dimension. A plan's batches are written beside the target. */
  readonly onChanges?: (changes: readonly VersionChange[]) => void;
}
