/**
 * Every error that a user can meet, by its stable code, with the exit status (sysexits) that it leads to and
 * whether the same action may succeed when it is tried again. A test compares the table of codes in config/README.md.
 */
export const errorCodes = {
  usage: { exitCode: 64, retryable: false, meaning: 'an option or argument is wrong' },
  bad_line: { exitCode: 65, retryable: false, meaning: 'a line of the replay input cannot be used' },
  log_shortened: {
    exitCode: 65,
    retryable: false,
    meaning: 'answers that stored rows come from are gone from the log',
  },
  data_refused: { exitCode: 65, retryable: false, meaning: 'the stored data or an answer was refused' },
  target_unreachable: { exitCode: 69, retryable: true, meaning: 'the database cannot be reached or went away' },
  source_unreachable: { exitCode: 69, retryable: true, meaning: 'the WeChat API cannot be reached' },
  internal: { exitCode: 70, retryable: false, meaning: 'a defect of scenedim itself' },
  file_unusable: { exitCode: 74, retryable: false, meaning: 'a file cannot be read or written' },
  lock_held: { exitCode: 75, retryable: true, meaning: 'another run holds the lock of the target' },
  lock_lost: { exitCode: 75, retryable: true, meaning: 'the lock of the target was lost during the run' },
  stale_heads: { exitCode: 75, retryable: true, meaning: 'an account changed between reading and writing' },
  target_busy: {
    exitCode: 75,
    retryable: true,
    meaning: 'the database asked to try again (time-out, deadlock, shutdown)',
  },
  target_quota: { exitCode: 75, retryable: false, meaning: 'a quota of the target is used up for now' },
  out_of_time: { exitCode: 75, retryable: true, meaning: 'the time that --timeout gave a run was over' },
  source_failed: { exitCode: 75, retryable: true, meaning: 'WeChat answered an account with an error' },
  credentials_refused: { exitCode: 77, retryable: false, meaning: 'WeChat refused the credentials' },
  target_denied: {
    exitCode: 77,
    retryable: false,
    meaning: 'the database refused the credentials or a right is missing',
  },
  config_invalid: { exitCode: 78, retryable: false, meaning: 'the configuration is wrong or incomplete' },
  target_invalid: { exitCode: 78, retryable: false, meaning: 'the target is not one that scenedim can use' },
  schema_newer: { exitCode: 78, retryable: false, meaning: 'the target was made by a newer scenedim' },
  schema_outdated: { exitCode: 78, retryable: false, meaning: 'the target must be migrated first' },
  settings_differ: {
    exitCode: 78,
    retryable: false,
    meaning: 'the config differs from the settings stored in the target',
  },
  interrupted: { exitCode: 130, retryable: true, meaning: 'stopped by a signal, after a clean stop' },
} as const satisfies Record<string, { exitCode: number; retryable: boolean; meaning: string }>;

export type ErrorCode = keyof typeof errorCodes;

export interface ScenedimErrorOptions {
  /** What the user can do about it: one sentence. */
  readonly remedy?: string | undefined;
  readonly cause?: unknown;
}

/** The same in every copy of this module: the command line and the library that a loader imports are two bundles. */
const brand = Symbol.for('scenedim.ScenedimError');

/**
 * An expected failure. `message` says what is wrong and where (file, line, option or account), `remedy` what to do next.
 * Neither ever holds a secret: whoever builds one from foreign text redacts it first.
 */
export class ScenedimError extends Error {
  override readonly name = 'ScenedimError';
  readonly [brand] = true;
  readonly code: ErrorCode;
  readonly remedy: string | undefined;

  constructor(code: ErrorCode, message: string, options: ScenedimErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.remedy = options.remedy;
  }

  /** True for an error of another copy of scenedim as well. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && brand in value;
  }

  get exitCode(): number {
    return errorCodes[this.code].exitCode;
  }

  get retryable(): boolean {
    return errorCodes[this.code].retryable;
  }
}

/** True for a ScenedimError, of the given code when one is named. */
export function isScenedimError(error: unknown, code?: ErrorCode): error is ScenedimError {
  return error instanceof ScenedimError && (code === undefined || error.code === code);
}
