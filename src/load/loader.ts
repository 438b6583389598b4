/**
 * The loader port: everything scenedim asks of a warehouse. A loader only stores rows, it never
 * decides and never retries: it classifies its errors as {@link ScenedimError} (`target_unreachable`,
 * `target_busy`, `target_denied`, `stale_heads`, …) and the pipeline retries those that are
 * `retryable`. `describeLoaderContract` in `scenedim/testing` is the contract as tests.
 *
 * Glossary: observation = what an account answered at a time; payload = the body of an answer, stored
 * once by its hash; head = one row an account, derived from its log; version = a row of `dim_scene`.
 */
import type { SceneCatalog } from '../catalog/scene-catalog.ts';
import type { AccountHead } from '../dimension/account-head.ts';
import type { Decision, Observation, Reject } from '../dimension/observation.ts';
import type { ChangePeriod } from '../dimension/scene-changes.ts';
import type { FirstSeen, SceneRef, Version, VersionChange } from '../dimension/version.ts';
import type { VersionCounts } from '../dimension/version-changes.ts';
import type { ErrorCode } from '../errors.ts';
import type { Micros } from '../instant.ts';
import type { RefreshTokenStore, RosterStore } from '../platform-stores.ts';
import type { LoaderLimits } from './loader-limits.ts';
import type { RunCounts } from './run-counts.ts';
import type { TableReader } from './table-reader.ts';

/** The settings under which the dimension of a target was computed: the row of `scene_meta`. */
export interface TargetMeta {
  /** Number of the newest migration in the target. */
  readonly schemaVersion: number;
  readonly normalizerVersion: number;
  readonly firstSeen: FirstSeen;
  /** IANA name; date columns of the views are days in it. */
  readonly timeZone: string;
  /** {@link SceneCatalog.hash} of what the target holds. */
  readonly catalogHash: string;
  /**
   * True from the start of a `rebuild` under changed settings to its end. Until then some accounts are
   * computed by the old settings, some by the new.
   */
  readonly rebuilding: boolean;
}

/** What `migrate` must leave in the target. */
export interface MigrateOptions {
  readonly normalizerVersion: number;
  readonly firstSeen: FirstSeen;
  readonly timeZone: string;
  /** The rows of `access_source` and `launch_scene`, which `access_source_of` follows. */
  readonly catalog: SceneCatalog;
}

export interface MigrateResult {
  /** Null when the target was empty. */
  readonly fromVersion: number | null;
  readonly toVersion: number;
  /** Names of the migrations that ran, in order. */
  readonly applied: readonly string[];
  /** Readers that lacked rights and have them now, when there were any. */
  readonly granted?: readonly string[];
}

/** Who is excluded: `exclusive` excludes everybody; a shard excludes the same shard, other counts and `exclusive`. */
export type LockScope =
  | { readonly kind: 'exclusive' }
  | { readonly kind: 'shard'; readonly index: number; readonly count: number };

/** A held lock; disposing releases it, and the death of its holder too. */
export interface Lock extends AsyncDisposable {
  /** Aborted, with a `lock_lost` error as reason, when the lock is lost before it is released. */
  readonly lost: AbortSignal;
}

export interface Payload {
  /** sha256 hex of `body`. */
  readonly payloadHash: string;
  /** The answer's bytes as received. */
  readonly body: Uint8Array;
  /** True when the stored body of this hash is another: it is damaged, and this one replaces it. Default: not known. */
  readonly replaces?: true;
}

export const runOutcomes = ['ok', 'nothing_changed', 'partial', 'refused', 'failed'] as const;
export type RunOutcome = (typeof runOutcomes)[number];

/** One row of `scene_run`, written with every batch of the run and once more at its end. */
export interface RunRecord {
  readonly runId: string;
  /** The command: `sync`, `replay`, `accept`, `hold`, `rebuild`, `compact`. */
  readonly command: string;
  readonly startedAt: Micros;
  /** Null while the run goes on; stays null when it was killed. */
  readonly finishedAt: Micros | null;
  /** Null while the run goes on. */
  readonly outcome: RunOutcome | null;
  readonly programVersion: string;
  readonly counts: RunCounts;
  /** How many batches of the run were applied, this one included. */
  readonly batches: number;
}

/**
 * The new head of an account, and the one that it was planned on: null when the account has none yet.
 * By the revision of `before` a loader refuses what was planned on an older state (`stale_heads`).
 * While `before` is the stored head, no observation newer than `before.lastAttemptAt` is stored, nor
 * any of an account without a head: a loader need not look.
 */
export interface HeadChange {
  readonly before: AccountHead | null;
  readonly head: AccountHead;
}

/** Which observation. */
export type ObservationKey = Pick<Observation, 'appId' | 'observedAt'>;

/** A stored body, without the body. */
export interface PayloadSize {
  readonly payloadHash: string;
  readonly byteLength: number;
}

/** Everything one batch writes: all of it or nothing. */
export interface ChangeSet {
  readonly run: RunRecord;
  /** Bodies that the log needs; some may be stored. They may be written before, outside the transaction. */
  readonly payloads: readonly Payload[];
  /** New observations; none is stored yet. */
  readonly observations: readonly Observation[];
  readonly decisions: readonly Decision[];
  readonly rejects: readonly Reject[];
  /** Observations to delete, with their rejects. One that is not stored is `stale_heads`. */
  readonly removedObservations: readonly ObservationKey[];
  /** Hashes of bodies to delete, which no observation names. One that is not stored is `stale_heads`. */
  readonly removedPayloads: readonly string[];
  /** One for each account whose log changed. */
  readonly heads: readonly HeadChange[];
  /**
   * At most one change a `version_id`. May be read several times; rows to insert may be made anew by each reading, which
   * `counts` spares when they are known.
   */
  readonly versions: Iterable<VersionChange> & { readonly counts?: VersionCounts };
}

/** Scenes that one query names, at most. */
export const SCENES_A_QUERY = 10_000;

/** Which versions to read. No field: all. */
export interface VersionQuery {
  /** At most `limits.readAccounts`. */
  readonly appIds?: readonly string[];
  readonly openOnly?: boolean;
  /** Only those that began or ended in `[since, until)`; a version that is open has not ended. */
  readonly changedIn?: ChangePeriod;
  /** Only those in force at this instant. */
  readonly asOf?: Micros;
  readonly sceneKey?: string;
  /** Only those of these scenes; at most {@link SCENES_A_QUERY}. */
  readonly scenes?: readonly SceneRef[];
}

/** Which heads to read. No field: all. */
export interface AccountQuery {
  /** At most `limits.readAccounts`. */
  readonly appIds?: readonly string[];
}

/** Which observations to read. No field: all. */
export interface ObservationQuery extends AccountQuery {
  /** Older observations are not needed; a loader may give them all the same. */
  readonly since?: Micros;
  /** Only those whose decision has a note. Default false. */
  readonly notedOnly?: boolean;
}

/** Something `check` found out about the target. */
export interface Finding {
  readonly level: 'ok' | 'warning' | 'error';
  /** What was looked at, e.g. `server version`. */
  readonly subject: string;
  readonly message: string;
  readonly remedy?: string;
  /** Which error it is: decides the exit status of `check`. An error without one counts as `target_invalid`. */
  readonly code?: ErrorCode;
}

/** What the jobs of a loader have cost so far. */
export interface LoaderUsage {
  /** Jobs that ran to their end, failed ones included. */
  readonly jobs: number;
  readonly bytesBilled: number;
}

/**
 * A warehouse that holds one dimension. Every method takes an `AbortSignal` and rejects with its
 * reason when it is aborted. Methods may be called while an iterable of `read…` is still open.
 */
export interface Loader extends AsyncDisposable {
  /** As in `target.type`. */
  readonly kind: string;
  /** Where the rows go, for people: without credentials. */
  readonly description: string;
  readonly limits: LoaderLimits;

  /**
   * Looks at connection, version, rights and schema without writing. Findings, not errors, also when
   * unreachable.
   */
  check(signal: AbortSignal): Promise<readonly Finding[]>;

  /** The stored settings; null when the target holds no scenedim schema yet. */
  readMeta(signal: AbortSignal): Promise<TargetMeta | null>;
  /** The schema version that this program makes. */
  readonly schemaVersion: number;
  /**
   * Creates or upgrades the schema, the views, the comments, the rows of the catalog and the readers' grants.
   * Safe when many start at once; a newer schema is refused with `schema_newer`. Sets schema version, time
   * zone and catalog of an existing target, all settings of a new one.
   */
  migrate(options: MigrateOptions, signal: AbortSignal): Promise<MigrateResult>;
  /**
   * What migrating from this schema version drops for good, as people call it (`the column old of dim_scene`). Such a migration
   * is run by `migrate` alone, which asks first. Default: nothing.
   */
  readonly migrationLosses?: (schemaVersion: number) => readonly string[];
  /** The same as SQL text that may be run by hand, again and again. */
  migrationSql(options: MigrateOptions): string;
  /** Stores settings after (or, with `rebuilding`, before) a rebuild. */
  writeMeta(meta: TargetMeta, signal: AbortSignal): Promise<void>;

  /** Takes the run lock, or returns null at once when somebody else holds what it excludes. */
  acquireLock(scope: LockScope, signal: AbortSignal): Promise<Lock | null>;

  /**
   * When the lock ends that keeps `scope` from being given, unless its holder renews it; null when
   * nobody holds one. Only targets have it whose locks end with time, and not with their holder.
   */
  readonly lockEndsAt?: (scope: LockScope, signal: AbortSignal) => Promise<Micros | null>;

  /** Heads ordered by app_id (code points). */
  readHeads(query: AccountQuery, signal: AbortSignal): AsyncIterable<AccountHead>;
  /** Versions of one consistent state, ordered by app_id, scene_key, effective_from (code points). */
  readVersions(query: VersionQuery, signal: AbortSignal): AsyncIterable<Version>;
  /** Observations of one consistent state, ordered by app_id, observed_at. */
  readObservations(query: ObservationQuery, signal: AbortSignal): AsyncIterable<Observation>;
  /** Bodies by hash; hashes that are not stored are missing from the result. At most 1,000 hashes. */
  readPayloads(payloadHashes: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, Uint8Array>>;

  /** Every stored body by its hash, each once, in no order. */
  readPayloadSizes(signal: AbortSignal): AsyncIterable<PayloadSize>;

  /**
   * Applies one batch: all or nothing. Refuses with `stale_heads` when the revision of an account is not
   * the expected one. Applying the same batch of the same run again (`run.runId`, `run.batches`) changes
   * nothing and succeeds.
   */
  apply(changeSet: ChangeSet, signal: AbortSignal): Promise<void>;

  /**
   * True when reading does not wait for an `apply` that is under way, so that the next batch is planned meanwhile. Asked
   * before each batch: a loader may make itself ready then, and say so the next time. Default: it waits.
   */
  readonly readsBesideApply?: () => boolean;

  /** What time it is by the target's server, as its answers told; null while none did. PGlite has no clock of its own. */
  readonly latestTime?: () => Micros | null;

  /** Only targets that bill by the job have it. */
  readonly usage?: () => LoaderUsage;

  /** Default: the target keeps no roster, and no run reports accounts that left the platform. */
  readonly roster?: RosterStore;
  /** For `source.platform.tokenStore: { target: true }`; only targets that may hold secrets have it. */
  readonly refreshTokens?: RefreshTokenStore;

  /** Only targets that speak SQL have it: for `join-check`, and for `source.accounts: { query }`. */
  readonly tableReader?: TableReader;
  /** Runs one SQL statement as it is and returns its rows. Only targets that speak SQL have it: for the demo, never for a run. */
  readonly runSql?: (statement: string, signal: AbortSignal) => Promise<readonly Readonly<Record<string, unknown>>[]>;
}
