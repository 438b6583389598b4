import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join, parse } from 'node:path';
import type { RunReport } from '../../src/pipeline/run/run-report.ts';
import type { BenchDatabase } from './bench-target.ts';
import { measureProcess, outputOf } from './measure-process.ts';
import type { Measurement } from './sample.ts';

/** The bundle, as its users start it. */
const cli = new URL('../../dist/cli.js', import.meta.url).pathname;

let profiles = 0;

/** The floor of a start. */
export const bareNode: readonly string[] = [process.execPath, '-e', '0'];

export interface CommandLineOptions {
  /** A folder is made in it. */
  readonly folder: string;
  readonly database?: BenchDatabase;
  /** The `source` section of the config. */
  readonly source?: object;
  readonly env?: Readonly<Record<string, string>>;
  /** Where a `.cpuprofile` of each command goes, if anywhere. */
  readonly profile: string | undefined;
}

/** A folder with a config, in which commands run and are measured. */
export class CommandLine {
  readonly folder: string;
  readonly #options: CommandLineOptions;

  private constructor(folder: string, options: CommandLineOptions) {
    this.folder = folder;
    this.#options = options;
  }

  static async create(options: CommandLineOptions): Promise<CommandLine> {
    const folder = await mkdtemp(join(options.folder, 'work-'));
    const { database, source } = options;
    await writeFile(join(folder, 'scenedim.yaml'), JSON.stringify({ target: database?.section, source }));
    return new CommandLine(folder, options);
  }

  /** Runs a command that must end with 0. */
  async run(args: readonly string[]): Promise<Measurement> {
    const { database, profile } = this.#options;
    await database?.settle();
    const profiled = profile === undefined ? [] : this.#profile(profile, args);
    return this.measure([process.execPath, ...profiled, cli, ...args]);
  }

  /** Runs any other program. */
  measure(command: readonly string[]): Promise<Measurement> {
    const { database, env } = this.#options;
    const serverCpuMs = database?.serverCpuMs ?? (() => null);
    return measureProcess(command, { folder: this.folder, env: { ...database?.env, ...env }, serverCpuMs });
  }

  /** Runs a command with `--json` and compares what it counted; a wrong count is an error. */
  async runAndCount(args: readonly string[], expected: Counts): Promise<Measurement> {
    const measurement = await this.run([...args, '--json', '--quiet']);
    const { versions, observations } = JSON.parse(outputOf(this.folder, 'stdout')) as RunReport;
    assertEqual(args, { ...versions, recorded: observations.recorded }, { ...noCounts, ...expected });
    return measurement;
  }

  /** `007-postgres-replay-2000x50-changed.cpuprofile`, in order of time. */
  #profile(folder: string, args: readonly string[]): readonly string[] {
    profiles += 1;
    const words = args.filter((arg, nth) => nth === 0 || !arg.startsWith('-')).map((arg) => parse(arg).name);
    const name = [String(profiles).padStart(3, '0'), this.#options.database?.section['type'], ...words];
    const file = name.filter((part) => part !== undefined).join('-');
    return ['--cpu-prof', `--cpu-prof-dir=${folder}`, `--cpu-prof-name=${file}.cpuprofile`];
  }

  /** The lines that the last command printed. */
  async countLines(): Promise<number> {
    const bytes = await readFile(join(this.folder, 'stdout'));
    return bytes.reduce((lines, byte) => (byte === 0x0a ? lines + 1 : lines), 0);
  }
}

/** What a run may have written; what is left out is 0. */
type Counts = Partial<RunReport['versions'] & { readonly recorded: number }>;

const noCounts = { opened: 0, closed: 0, rewritten: 0, removed: 0, recorded: 0 };

/** Throws when a result is wrong: its time would mean nothing. */
export function assertEqual(what: string | readonly string[], found: unknown, expected: unknown): void {
  const [a, b] = [found, expected].map((value) => JSON.stringify(value));
  if (a !== b) throw new Error(`${[what].flat().join(' ')}: the result is ${a} and not ${b}`);
}
