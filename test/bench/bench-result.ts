import { arch, cpus, loadavg, release, totalmem, type } from 'node:os';
import type { Sample } from './sample.ts';

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
