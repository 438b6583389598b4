import { randomBytes } from 'node:crypto';

/** Every job of ours starts like this, in INFORMATION_SCHEMA.JOBS too. */
const PREFIX = 'scenedim';

/**
 * The name of a piece of work; with an attempt it is a job id: `scenedim_<run>_<batch>_<call>_<part>_a<attempt>`. It is the same
 * however often the request is sent, so a lost answer is harmless: the second request meets the first job. `call` is new with
 * every call of `apply`: a batch that is planned anew has the same number and other rows, and must not meet its old jobs.
 * Whether the batch itself was applied already is not for the job ids to say, but for the run row inside the transaction.
 */
export function jobName(...parts: readonly (string | number)[]): string {
  return [PREFIX, ...parts.map((part) => String(part).replace(/[^A-Za-z0-9-]/g, '-'))].join('_');
}

/** A job id: letters, digits, `_` and `-`. */
export function jobId(name: string, attempt: number): string {
  return `${name}_a${attempt}`;
}

/**
 * A name that nobody else has: 32 hex digits. BigQuery keeps job ids for half a year, and whoever meets one takes that job for its
 * own; with eight digits, twenty shards that run every hour would soon read what another job found, or believe to hold its lease.
 */
export function callName(): string {
  return randomBytes(16).toString('hex');
}
