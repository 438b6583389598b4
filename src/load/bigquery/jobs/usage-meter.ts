import type { LoaderUsage } from '../../loader.ts';

/** Adds up the cost of the jobs of a loader. */
export interface UsageMeter {
  /** Counts one job. */
  add(bytesBilled: number): void;
  read(): LoaderUsage;
}

export function createUsageMeter(): UsageMeter {
  let jobs = 0;
  let bytesBilled = 0;
  return {
    add(bytes) {
      jobs += 1;
      bytesBilled += bytes;
    },
    read: () => ({ jobs, bytesBilled }),
  };
}
