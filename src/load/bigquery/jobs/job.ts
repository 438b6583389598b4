import * as z from 'zod';
import { parseAnswer } from '../errors/bigquery-failure.ts';

const failure = z.looseObject({ reason: z.string().optional(), message: z.string().optional() });

const job = z.looseObject({
  jobReference: z.looseObject({ jobId: z.string(), location: z.string().optional() }),
  status: z.looseObject({ state: z.string(), errorResult: failure.optional() }),
  statistics: z
    .looseObject({
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

/** The `configuration` of a job resource, without labels and limits, which are the same for all jobs. */
export interface JobConfiguration {
  readonly query?: object;
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

/** Bytes that a job was billed; load jobs are free. */
export function bytesBilled({ statistics }: Job): number {
  return Number(statistics?.query?.totalBytesBilled ?? 0);
}
