import type { KnownSource } from '../dimension/account-drift.ts';
import type { VersionChange } from '../dimension/version.ts';
import type { Micros } from '../instant.ts';

/** Somebody outside who is told how a run goes: a file, a gateway, a scheduler. */
export interface RunWatcher {
  /** For errors and warnings about it. */
  readonly name: string;
  /** True when the user named a file for it: then its failure is one of the command (74). Else it is a warning. */
  readonly isRequired: boolean;
  /** True when it tells how the accounts stand, which must be read for it. Default false. */
  readonly wantsStanding?: boolean;
  /** Told after every batch that was written, what it did to the dimension, and which access sources are known. */
  readonly onChanges?: (changes: Iterable<VersionChange>, known: readonly KnownSource[]) => void;
  /** The run begins. Not called when the config cannot be read. */
  started?(run: StartedRun, signal: AbortSignal): Promise<void>;
  /** The run is over; `signal` ends the wait for a reader of a pipe. */
  ended(run: EndedRun, signal: AbortSignal): Promise<void>;
}

/** What a run says about itself while it goes on. */
export interface StartedRun {
  /** As it is typed: `sync`, `replay`, `rebuild`, `verify` or `compact`. */
  readonly command: string;
  readonly startedAt: Micros;
  readonly programVersion: string;
  /** Null when the config could not be read, so that nobody knows. */
  readonly dataset: Dataset | null;
  /** Where answers come from that are not in the target yet; null when from nowhere, or from standard input. */
  readonly input: Dataset | null;
  /** Of a sync that is one of several, as in `0/4`. */
  readonly shard: string | null;
}

/** Where a target is, named as OpenLineage names datasets: without user, password and key. */
export interface Dataset {
  /** `postgres://host:port`, `bigquery`, `file`, or the package of a target of your own. */
  readonly namespace: string;
  /** `database.schema`, `project.dataset` or the path of a directory and the schema in it; a table follows after a dot. */
  readonly name: string;
}

/** How a run ended. Holds no secret. */
export interface EndedRun extends StartedRun {
  readonly finishedAt: Micros;
  readonly elapsedMs: number;
  /** The exit status of the process, unless a required watcher fails. */
  readonly exitCode: number;
  /** What `--json` prints when the run came to a report; null when it ended without. */
  readonly report: ReportDocument | null;
  /** How many problems have a kind and code; of `verify` the kind is `violation`, the code the rule. */
  readonly problemCounts: readonly { readonly kind: string; readonly code: string; readonly count: number }[];
  /** Why it ended early or badly, as `--json` prints it; null when the report says all. */
  readonly error: RunError | null;
  /** Null when nobody wanted to know, or it could not be read. */
  readonly standing: TargetStanding | null;
}

/** How the accounts of a target stand after a run: those that the config lists, of the run's shard alone. */
export interface TargetStanding {
  /** How many accounts are in each state. */
  readonly accounts: Readonly<Record<string, number>>;
  /** The newest answer of the account whose newest answer is the oldest; null when no account ever answered. */
  readonly oldestAnswerAt: Micros | null;
}

/** The report of any command: the run report of `sync`, `replay` and `rebuild`, or what `verify` and `compact` print. */
export type ReportDocument = { readonly outcome: string } & Readonly<Record<string, unknown>>;

export interface RunError {
  readonly code: string;
  readonly message: string;
  readonly remedy: string | null;
}
