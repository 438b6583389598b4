import type { Loader } from './loader.ts';

/**
 * What a module named by `target.type` exports as `loaderFactory`. `Config` is the `target` section,
 * `type` included.
 */
export interface LoaderFactory<Config = unknown> {
  /** Checks the `target` section; throws an error whose message names the field. Nothing is opened. */
  parseConfig(section: unknown): Config;
  create(config: Config, context: LoaderContext): Promise<Loader>;
}

/** What a loader asked of its target failed, and it will ask again. */
export interface RetryNotice {
  readonly message: string;
  /** How often it has been tried, from 1. */
  readonly attempt: number;
  /** In milliseconds; null when that was the last attempt, and the work goes on without. */
  readonly waitMs: number | null;
}

/** What a loader is made with. */
export interface LoaderContext {
  /** Directory that relative paths in the config start from. */
  readonly baseDirectory: string;
  /** How long to wait for a target that only one process may open (PGlite), in milliseconds. */
  readonly openTimeoutMs: number;
  /**
   * False for work on what is there (`plan`, `export`, `accept`): a target that is not there yet is not
   * made, and counts as an empty one. Default true.
   */
  readonly mayMake?: boolean;
  readonly signal: AbortSignal;
  /** Told before each wait, so that whoever looks on knows what is waited for. Default: nobody is. */
  readonly onRetry?: (notice: RetryNotice) => void;
  /**
   * Told each secret that the loader reads, from where its section says or from the environment, before
   * it is used, so that no output shows it. Default: nobody is.
   */
  readonly onSecret?: (secret: string) => void;
}
