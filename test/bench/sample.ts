import type { Group } from './bench-options.ts';

/** What one run took. */
export interface Measurement {
  readonly wallMs: number;
  /** User and system time of the client; /proc tells it in steps of 10 ms. */
  readonly clientCpuMs: number;
  /** Null where there is no server, or none on this machine. */
  readonly serverCpuMs: number | null;
  /** Most memory that the client held; null where it is this process. */
  readonly peakMb: number | null;
}

/** Where a figure was taken. Figures of one place share their floor. */
export interface Place {
  readonly group: Group;
  /** With its version; empty where no database takes part. */
  readonly target: string;
  /** In words: `100,000 rows`. */
  readonly size: string;
}

/** One run of one figure. */
export interface Sample extends Place, Measurement {
  readonly figure: string;
  /**
   * The figure of the same place that this one is divided by, the nth sample by the nth; null for a
   * floor.
   */
  readonly floor: string | null;
}

/** How a database goes about a query, as EXPLAIN tells it. */
export interface QueryPlan extends Place {
  readonly figure: string;
  readonly plan: string;
}

/** Collects the samples of all groups and tells on stderr how far it is. */
export class SampleTally {
  readonly samples: Sample[] = [];
  readonly plans: QueryPlan[] = [];
  repeat = 0;

  add(place: Place, figure: string, floor: string | null, measurement: Measurement): void {
    this.samples.push({ ...place, figure, floor, ...measurement });
    const seconds = (measurement.wallMs / 1_000).toFixed(3);
    const where = [place.group, place.target, place.size].filter((part) => part !== '').join(', ');
    process.stderr.write(`#${this.repeat + 1} ${where}: ${figure} ${seconds} s\n`);
  }
}

/** Runs something of this process. */
export async function measureHere(
  run: () => unknown,
  serverCpuMs: () => number | null = () => null,
): Promise<Measurement> {
  const server = serverCpuMs();
  const cpu = process.cpuUsage();
  const started = performance.now();
  await run();
  const wallMs = performance.now() - started;
  const { user, system } = process.cpuUsage(cpu);
  return {
    wallMs,
    clientCpuMs: (user + system) / 1_000,
    serverCpuMs: difference(server, serverCpuMs()),
    peakMb: null,
  };
}

/** Null when one of the two is. */
export function difference(before: number | null, after: number | null): number | null {
  return before === null || after === null ? null : after - before;
}
