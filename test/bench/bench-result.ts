import { arch, cpus, loadavg, release, totalmem, type } from 'node:os';
import * as z from 'zod';
import { groups } from './bench-options.ts';
import type { QueryPlan, Sample } from './sample.ts';

/** What `--json` writes and `--compare` reads. */
export interface BenchResult {
  readonly date: string;
  readonly machine: {
    readonly processor: string;
    readonly processors: number;
    readonly memoryGb: number;
    readonly system: string;
  };
  /** The load average of one minute; below 1 before the run on an idle machine. */
  readonly load: { readonly before: string; readonly after: string };
  readonly versions: Readonly<Record<string, string>>;
  readonly repeats: number;
  readonly samples: readonly Sample[];
  /** Of the joins. */
  readonly plans: readonly QueryPlan[];
}

const number = z.number();
const place = { group: z.enum(groups), target: z.string(), size: z.string() };
const result = z.object({
  date: z.string(),
  machine: z.object({ processor: z.string(), processors: number, memoryGb: number, system: z.string() }),
  load: z.object({ before: z.string(), after: z.string() }),
  versions: z.record(z.string(), z.string()),
  repeats: number,
  samples: z.array(
    z.object({
      ...place,
      ...{ figure: z.string(), floor: z.string().nullable() },
      ...{ wallMs: number, clientCpuMs: number, serverCpuMs: number.nullable(), peakMb: number.nullable() },
    }),
  ),
  plans: z.array(z.object({ ...place, figure: z.string(), plan: z.string() })),
});

/** Throws when it is not what `--json` writes. */
export function parseBenchResult(text: string): BenchResult {
  return result.parse(JSON.parse(text));
}

export function describeMachine(): BenchResult['machine'] {
  const [processor] = cpus();
  return {
    processor: processor?.model.trim() ?? 'unknown processor',
    processors: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()} ${arch()}`,
  };
}

export function currentLoad(): string {
  return (loadavg()[0] ?? 0).toFixed(1);
}
