import * as z from 'zod';
import { BEGINNING, formatInstant, type Micros } from '../instant.ts';
import { count, type Document, time } from '../output-fields.ts';
import { emptyChanges } from './batch/build-change-set.ts';
import { findRemovable, type RemovableBatch } from './log/find-removable.ts';
import { Spool } from './log/spool.ts';
import { requireTarget } from './run/require-target.ts';
import { type Run, withRun } from './run/run.ts';
import type { RunContext } from './run/run-context.ts';
import { acquireRunLock } from './run/run-lock.ts';

/**
 * Deletes what {@link findRemovable} finds in the log. The dimension, its ids and the heads stay as
 * they are, but for `revision`. All is read before anything is deleted, so that no reader keeps a
 * connection from the writer. When it is killed, the next run of it goes on.
 */
export async function compact(context: RunContext, options: CompactOptions): Promise<CompactReport> {
  const work = async (run: Run) => {
    const olderThan = cutoffOf(context, options);
    using batches = new Spool<RemovableBatch>();
    const tally = new RemovalTally();
    const { loader, onProgress } = context;
    for await (const batch of findRemovable({ loader, olderThan, signal: run.signal, onProgress })) {
      batches.add(batch);
      tally.add(batch);
    }
    context.logger.info(tally.report(olderThan, run.tally.runId).removed, 'deleting from the log');
    for (const batch of batches.values()) {
      run.signal.throwIfAborted();
      await remove(run, batch);
    }
    const value = tally.report(olderThan, run.tally.runId);
    return { outcome: value.outcome, value };
  };
  await requireTarget(context);
  return withRun(context, 'compact', { kind: 'exclusive' }, work, {});
}

/**
 * What {@link compact} would delete. Writes nothing; takes the lock so that no run changes the log
 * meanwhile.
 */
export async function planCompact(context: RunContext, options: CompactOptions): Promise<CompactReport> {
  await requireTarget(context);
  await using lock = await acquireRunLock(context, { kind: 'exclusive' });
  const olderThan = cutoffOf(context, options);
  const tally = new RemovalTally();
  const signal = AbortSignal.any([context.signal, lock.lost]);
  const { loader, onProgress } = context;
  for await (const batch of findRemovable({ loader, olderThan, signal, onProgress })) tally.add(batch);
  return tally.report(olderThan, null);
}

export interface CompactOptions {
  /** Younger observations stay, in milliseconds. */
  readonly keepMs: number;
  /** Observations of this instant and newer ones stay as well. Default: no such limit. */
  readonly notAfter?: Micros | undefined;
}

/** What `compact --json` prints. */
export const compactReportSchema = z.strictObject({
  run_id: z.string().nullable().describe('Null of --dry-run, which is no run.'),
  outcome: z.enum(['ok', 'nothing_changed']),
  older_than: time.describe('Observations of this time and newer ones stay.'),
  accounts: z.strictObject({
    selected: count.describe('Accounts that were looked at.'),
    changed: count.describe('Accounts whose log gets smaller.'),
  }),
  removed: z.strictObject({
    observations: count,
    bodies: count.describe('Bodies that no observation named.'),
    body_bytes: count.describe('Bytes of these bodies.'),
  }),
});

export type CompactReport = Document<typeof compactReportSchema>;

/**
 * Counted from the earlier of two clocks, this machine's and the target's: a clock that is ahead
 * would delete young answers.
 */
function cutoffOf({ clock, loader }: RunContext, { keepMs, notAfter }: CompactOptions): Micros {
  const own = clock.now();
  const told = loader.latestTime?.() ?? null;
  const now = told !== null && told < own ? told : own;
  const kept = now - BigInt(Math.round(keepMs * 1000));
  const olderThan = notAfter !== undefined && notAfter < kept ? notAfter : kept;
  return olderThan < BEGINNING ? BEGINNING : olderThan;
}

async function remove(run: Run, { observations, heads, bodies, accounts }: RemovableBatch): Promise<void> {
  const { selected, changed } = accounts;
  const counts = { accounts: { selected, changed, unchanged: selected - changed } };
  if (observations.length + bodies.length === 0) {
    run.tally.add(counts);
    return;
  }
  const removedPayloads = bodies.map(({ payloadHash }) => payloadHash);
  const changes = { ...emptyChanges(), removedObservations: observations, removedPayloads, heads };
  await run.commit(async () => ({ changes, counts }));
}

/** What all batches remove. */
class RemovalTally {
  readonly #accounts = { selected: 0, changed: 0 };
  readonly #removed = { observations: 0, bodies: 0, body_bytes: 0 };

  add({ observations, bodies, accounts }: RemovableBatch): void {
    this.#accounts.selected += accounts.selected;
    this.#accounts.changed += accounts.changed;
    this.#removed.observations += observations.length;
    this.#removed.bodies += bodies.length;
    for (const { byteLength } of bodies) this.#removed.body_bytes += byteLength;
  }

  report(olderThan: Micros, runId: string | null): CompactReport {
    const { observations, bodies } = this.#removed;
    return {
      run_id: runId,
      outcome: observations + bodies > 0 ? 'ok' : 'nothing_changed',
      older_than: formatInstant(olderThan),
      accounts: this.#accounts,
      removed: this.#removed,
    };
  }
}
