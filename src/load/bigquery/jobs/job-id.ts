import { randomBytes } from 'node:crypto';

/** The id of every job of ours starts with this, in INFORMATION_SCHEMA.JOBS too. */
const PREFIX = 'scenedim';

/**
 * The name of a piece of work. With an attempt it is a job id: `scenedim_<run>_<batch>_<call>_<part>_a<attempt>`. Each repetition of a
 * request has the same id, so a lost answer is harmless: the second request finds the first job.
 *
 * `call` is new with every call of `apply`: a batch that is planned again has the same number but other rows, and must not find its
 * old jobs. Job ids do not tell whether a batch was applied; the run row inside the transaction does.
 */
export function jobName(...parts: readonly (string | number)[]): string {
  return [PREFIX, ...parts.map((part) => String(part).replace(/[^A-Za-z0-9-]/g, '-'))].join('_');
}

/** A job id: letters, digits, `_` and `-`. */
export function jobId(name: string, attempt: number): string {
  return `${name}_a${attempt}`;
}

/**
 * A name that no other call has: 32 hex digits. BigQuery keeps job ids for half a year, and a call whose id exists already takes that
 * job for its own. With eight digits, twenty shards that run every hour would soon read the rows of another call's job.
 */
export function callName(): string {
  return randomBytes(16).toString('hex');
}
