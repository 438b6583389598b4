import * as z from 'zod';
import type { Micros } from '../../../instant.ts';
import { parseAnswer } from '../errors/bigquery-failure.ts';

const failure = z.looseObject({ reason: z.string().optional(), message: z.string().optional() });

const job = z.looseObject({
  jobReference: z.looseObject({ jobId: z.string(), location: z.string().optional() }),
  status: z.looseObject({ state: z.string(), errorResult: failure.optional() }),
  statistics: z
    .looseObject({
      // In milliseconds; nothing depends on it, so an emulator may say what it likes.
      endTime: z.string().regex(/^\d+$/).optional().catch(undefined),
      query: z
        .looseObject({
          totalBytesBilled: z.string().optional(),
          totalBytesProcessed: z.string().optional(),
          numDmlAffectedRows: z.string().optional(),
        })
        .optional(),
      load: z.looseObject({ outputRows: z.string().optional() }).optional(),
    })
    .optional(),
});

/** The part of a job resource that we read. */
export type Job = z.output<typeof job>;

/** The `query` part of it: a limit of its own, and what else BigQuery takes. */
export interface QueryConfiguration {
  readonly maximumBytesBilled?: string;
  readonly [setting: string]: unknown;
}

/** The `configuration` of a job resource, without labels and limits, which are the same for all jobs. */
export interface JobConfiguration {
  readonly query?: QueryConfiguration;
  readonly load?: object;
  readonly dryRun?: boolean;
}

/** Reads a job resource. */
export function parseJob(value: unknown): Job {
  return parseAnswer(job, value);
}

/** Whether a job of one DML statement wrote a row. */
export function hasChangedRows({ statistics }: Job): boolean {
  return Number(statistics?.query?.numDmlAffectedRows ?? 0) > 0;
}

/** When the job ended by BigQuery's clock; undefined when it does not say. */
export function endOf({ statistics }: Job): Micros | undefined {
  return statistics?.endTime === undefined ? undefined : BigInt(statistics.endTime) * 1000n;
}

/** Bytes that a job was billed; load jobs are free. */
export function bytesBilled({ statistics }: Job): number {
  return Number(statistics?.query?.totalBytesBilled ?? 0);
}

/** Bytes that a dry run tells; 0 when it tells none. Its answer need not be a whole job resource. */
export function bytesProcessed(answer: unknown): bigint {
  const told = dryRunAnswer.safeParse(answer);
  return BigInt(told.data?.statistics.totalBytesProcessed ?? 0);
}

const dryRunAnswer = z.looseObject({
  statistics: z.looseObject({ totalBytesProcessed: z.string().regex(/^\d+$/).optional() }),
});
