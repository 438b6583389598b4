/** A directory, an environment and a simulator in which a remedy is told, followed, and seen to work. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { expect } from 'vitest';
import { stringify } from 'yaml';
import { runCli } from '../../src/commands/run-cli.ts';
import { createMemoryTarget, type MemoryTarget } from '../../src/load/memory/memory-target.ts';
import type { Problem } from '../../src/pipeline/run/run-report.ts';
import { shellWord } from '../../src/shell-word.ts';
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/simulator.ts';
import { memoryTargets } from './memory-factory.ts';
import { type CliResult, cliPath, ended } from './spawn-cli.ts';

export const appId = 'wx0123456789abcdef';
export const otherAppId = 'wxfedcba9876543210';
/** Of a platform that both accounts have authorised. */
export const componentAppId = 'wx00000000000000c0';

export const memoryFactory = new URL('memory-factory.ts', import.meta.url).pathname;

/** What a command is started with. What a cure does not name stays as it was. */
export interface Situation {
  readonly args?: readonly string[];
  /** The config: its text, or sections that replace those of {@link RemedyStage.sections}. `${URL}` is the simulator. */
  readonly config?: string | Readonly<Record<string, unknown>>;
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  /** Undefined unsets a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly input?: string | Uint8Array;
}

export interface Trouble {
  /** Commands that succeed before. */
  readonly before?: readonly (readonly string[])[];
  readonly fault: Situation;
  /** What the error says, or a part of it. */
  readonly says: string;
  /** Its text, or a matcher of the whole line, like `expect.stringMatching(…)`, which vitest types as `any`. */
  readonly remedy: string;
  /** What the remedy says, done. */
  readonly cure: Situation;
}

export interface RemedyStage extends AsyncDisposable {
  readonly directory: string;
  readonly simulator: Simulator;
  /** What the config calls `./target.mjs`. */
  readonly target: MemoryTarget;
  /** Of a config that works: a target in memory, an account with a token, the simulator. */
  readonly sections: Readonly<Record<string, unknown>>;
  prepare(situation: Situation): Promise<void>;
  /** Runs a command in this process; without arguments those of the situation, at first `sync`. */
  run(args?: readonly string[]): Promise<CliResult>;
  /** The same for a command of a remedy, as a shell takes it: `scenedim accept --app-id x`. */
  paste(command: string): Promise<CliResult>;
  /** Pastes a pipe into a shell; the program is a process of its own. */
  pastePipe(command: string): Promise<CliResult>;
  /** Sends a signal to the command that was started last. */
  signal(name: 'SIGTERM' | 'SIGINT'): void;
  /** What the report of a sync says of its accounts. */
  problems(args?: readonly string[]): Promise<readonly Problem[]>;
}

export async function createRemedyStage(options: SimulatorOptions = {}): Promise<RemedyStage> {
  const directory = mkdtempSync(join(tmpdir(), 'scenedim-remedy-'));
  const target = createMemoryTarget();
  memoryTargets.set(directory, target);
  await writeFile(join(directory, 'target.mjs'), `export { loaderFactory } from ${JSON.stringify(memoryFactory)};\n`);
  const simulator = await startSimulator({ platform: { componentAppId }, ...options });
  const accounts = [{ appId, accessToken: { env: 'TOKEN' } }];
  const sections = { target: { type: './target.mjs' }, source: { baseUrl: simulator.url, accounts } };
  const env: Record<string, string | undefined> = {
    URL: simulator.url,
    TOKEN: simulator.accessToken(appId),
    OTHER: simulator.accessToken(otherAppId),
    SECRET: simulator.appSecret(appId),
    COMPONENT_TOKEN: simulator.componentAccessToken(),
    COMPONENT_SECRET: simulator.componentAppSecret,
    TICKET: simulator.verifyTicket,
  };
  let args: readonly string[] = ['sync'];
  let input: string | Uint8Array = '';
  const listeners: Listeners = new Map();
  const stage: RemedyStage = {
    directory,
    simulator,
    target,
    sections,
    async prepare(situation) {
      const { config = {} } = situation;
      const text = typeof config === 'string' ? config : stringify({ ...sections, ...config });
      for (const [name, content] of Object.entries({ 'scenedim.yaml': text, ...situation.files })) {
        await mkdir(dirname(join(directory, name)), { recursive: true });
        await writeFile(join(directory, name), content);
      }
      for (const [name, value] of Object.entries(situation.env ?? {})) {
        if (value === undefined) delete env[name];
        else env[name] = value;
      }
      args = situation.args ?? args;
      input = situation.input ?? input;
    },
    run: (given = args) => runHere(given, { cwd: directory, env, input, listeners }),
    signal: (name) => listeners.get(name)?.(),
    paste: (command) => {
      const [program, ...words] = wordsOf(command);
      expect(program).toBe('scenedim');
      return runHere(words, { cwd: directory, env, input, listeners });
    },
    pastePipe: (command) => {
      const program = `scenedim() { ${shellWord(process.execPath)} ${shellWord(cliPath)} "$@"; }`;
      const child = spawn('bash', ['-o', 'pipefail', '-c', `${program}\n${command}`], {
        cwd: directory,
        env: { PATH: process.env['PATH'], ...env },
      });
      return ended(child);
    },
    async problems(given = ['sync']) {
      const { stdout } = await runHere([...given, '--json'], { cwd: directory, env, input, listeners });
      return (JSON.parse(stdout) as { readonly problems: readonly Problem[] }).problems;
    },
    async [Symbol.asyncDispose]() {
      await simulator[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
  await stage.prepare({});
  return stage;
}

/** Runs the program: the fault ends it with the remedy, and after the cure it succeeds. */
export async function followRemedy({ before = [], fault, says, remedy, cure }: Trouble): Promise<void> {
  await using stage = await createRemedyStage();
  for (const args of before) expect([args, await stage.run(args)]).toMatchObject([args, { code: 0 }]);
  await stage.prepare(fault);
  const told = await stage.run();
  expect([told.code === 0, told.stderr.includes(says) ? '' : told.stderr]).toEqual([false, '']);
  expect(told.stderr.trimEnd().split('\n').at(-1)).toEqual(typeof remedy === 'string' ? `remedy: ${remedy}` : remedy);
  await stage.prepare({ ...cure, config: cure.config ?? fault.config ?? {} });
  const cured = await stage.run();
  expect([cured.code, cured.code === 0 ? '' : cured.stderr]).toEqual([0, '']);
}

/** The words of a command as bash splits them. */
function wordsOf(command: string): readonly string[] {
  const script = `set -- ${command}; printf '%s\\0' "$@"`;
  return execFileSync('bash', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1);
}

type Listeners = Map<string, () => void>;

interface Surroundings {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly input: string | Uint8Array;
  readonly listeners: Listeners;
}

async function runHere(args: readonly string[], surroundings: Surroundings): Promise<CliResult> {
  const { cwd, env, input, listeners } = surroundings;
  const out = { stdout: '', stderr: '' };
  const stream = (name: keyof typeof out) =>
    new PassThrough().on('data', (chunk: Buffer) => {
      out[name] += chunk.toString();
    });
  const host = {
    argv: ['node', 'scenedim', ...args],
    env,
    stdin: Readable.from([Buffer.from(input)]),
    stdout: stream('stdout'),
    stderr: stream('stderr'),
    cwd: () => cwd,
    on: (event: string, listener: () => void) => void listeners.set(event, listener),
  };
  const exited = Promise.withResolvers<number>();
  const code = await Promise.race([runCli(host, exited.resolve), exited.promise]);
  await new Promise(setImmediate);
  return { code, ...out };
}
