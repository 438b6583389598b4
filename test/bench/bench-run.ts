import type { BenchOptions } from './bench-options.ts';
import type { BenchTarget } from './bench-target.ts';
import { CommandLine, type CommandLineOptions } from './command-line.ts';
import type { SampleTally } from './sample.ts';

/** What every group of figures needs. */
export interface BenchRun {
  readonly options: BenchOptions;
  /** Deleted at the end. */
  readonly folder: string;
  readonly targets: readonly BenchTarget[];
  readonly tally: SampleTally;
}

export function commandLine(
  { folder, options }: BenchRun,
  rest: Omit<CommandLineOptions, 'folder' | 'profile'> = {},
): Promise<CommandLine> {
  return CommandLine.create({ ...rest, folder, profile: options.profile });
}

/** Every second repeat is in reverse, so that a machine that gets slower meets all alike. */
export function inTurn<Item>(repeat: number, items: readonly Item[]): readonly Item[] {
  return repeat % 2 === 0 ? items : items.toReversed();
}

/** `100,000 rows`. */
export function sizeText(count: number, unit: string): string {
  return `${String(count).replaceAll(/\B(?=(\d{3})+$)/g, ',')} ${unit}`;
}
