/** The options of `npm run bench`. */
import { parseArgs } from 'node:util';
import { ScenedimError } from '../../src/errors.ts';

/** In the order in which they run. */
export const groups = ['load', 'log', 'start', 'pure', 'join', 'sync', 'scale'] as const;
export type Group = (typeof groups)[number];

export const targetTypes = ['pglite', 'postgres'] as const;
export type TargetType = (typeof targetTypes)[number];

export interface BenchOptions {
  readonly only: readonly Group[];
  readonly targets: readonly TargetType[];
  /** Rows of the dimension. */
  readonly sizes: readonly number[];
  readonly repeats: number;
  readonly full: boolean;
  readonly json: string | undefined;
  readonly compare: string | undefined;
  /** A folder for `.cpuprofile` files. */
  readonly profile: string | undefined;
}

export const usage = `npm run bench -- [options]
  --only GROUP,...      ${groups.join(', ')}; default: all but scale
  --targets TYPE,...    ${targetTypes.join(', ')}; default: both
  --sizes ROWS,...      rows of the dimension, digits only; default: 10000,100000
                        (sync and scale have sizes of their own)
  --repeats N           default: 3
  --full                500000 rows, 100,000 accounts, a year of hourly runs and the scale curve as well
  --json FILE           writes every sample
  --compare FILE        names what got slower since that file; exit status 1 when something did,
                        or when nothing could be compared; both runs need 3 repeats
  --profile FOLDER      writes a .cpuprofile of each command; the figures are then no good
  --help                prints this
`;

export function asksForHelp(args: readonly string[]): boolean {
  return args.includes('--help') || args.includes('-h');
}

/** Throws `usage`. */
export function parseBenchOptions(args: readonly string[]): BenchOptions {
  const values = parseValues(args);
  const full = values.full === true;
  const sizes = values.sizes ?? (full ? '10000,100000,500000' : '10000,100000');
  return {
    only: chosen('--only', values.only, groups) ?? groups.filter((group) => full || group !== 'scale'),
    targets: chosen('--targets', values.targets, targetTypes) ?? targetTypes,
    sizes: sizes.split(',').map((size) => numberOf('--sizes', size, 100)),
    repeats: numberOf('--repeats', values.repeats ?? '3', 1),
    full,
    json: values.json,
    compare: values.compare,
    profile: values.profile,
  };
}

function parseValues(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const options = { only: text, targets: text, sizes: text, repeats: text, json: text, compare: text, profile: text };
  try {
    return parseArgs({ args: [...args], options: { ...options, full: { type: 'boolean' } } }).values;
  } catch (cause) {
    throw refused(cause instanceof Error ? cause.message : String(cause));
  }
}

function chosen<Name extends string>(
  option: string,
  text: string | undefined,
  known: readonly Name[],
): readonly Name[] | undefined {
  const names = text?.split(',');
  const unknown = names?.find((name) => !known.some((each) => each === name));
  if (unknown !== undefined) throw refused(`${option}: "${unknown}" is none of ${known.join(', ')}`);
  return names && known.filter((name) => names.includes(name));
}

function numberOf(option: string, text: string, least: number): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= least) return number;
  throw refused(`${option}: "${text}" is no whole number from ${least}`);
}

function refused(message: string): ScenedimError {
  return new ScenedimError('usage', message, { remedy: `correct the option\n\n${usage}` });
}
