/**
 * How much a target takes at once. The pipeline cuts its batches and reads by it: a transaction of a
 * database is cheap and short, a job of a warehouse is neither.
 */
export interface LoaderLimits {
  /** A batch ends at so many accounts … */
  readonly batchAccounts: number;
  /** … or observations … */
  readonly batchObservations: number;
  /** … or bytes of different bodies … */
  readonly batchBodyBytes: number;
  /** … or when its first observation has waited so long, in milliseconds. Null: never. */
  readonly batchAgeMs: number | null;
  /** … or when its observations are of so many different days (UTC), even inside an account. Null: any number. */
  readonly batchDays: number | null;
  /** Version changes after which the plan of a batch is written before the rest is planned, at an account boundary. */
  readonly batchVersions: number;
  /** Accounts that one read names, at most. */
  readonly readAccounts: number;
  /** Accounts whose whole log is read at once: their versions are in memory together. */
  readonly readLogAccounts: number;
  /** Bodies that are read at once; each has 1 MiB at most. */
  readonly readPayloads: number;
  /** How long to wait for others that migrate or are about to, in milliseconds. Default: 30 and 10 seconds. */
  readonly migrationWaitMs?: number;
  /** Between two attempts to get the run lock while `--lock-timeout` lasts, in milliseconds. Default: 200. */
  readonly lockPollMs?: number;
}

/** What suits a database with transactions. */
export const databaseLimits: LoaderLimits = {
  batchAccounts: 1_000,
  batchObservations: 10_000,
  batchBodyBytes: 32 * 1024 * 1024,
  batchAgeMs: null,
  batchDays: null,
  batchVersions: 200_000,
  readAccounts: 1_000,
  readLogAccounts: 50,
  readPayloads: 100,
};
