/** SDKs of WeChat's API, in pinned versions, each in a folder of its own in the cache of .ci/run. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { PlatformTask, ReadPlatform, ReadScenes, Refusal, ScenesTask } from './client-task.ts';

const execute = promisify(execFile);

export interface Client {
  /** The folder here that holds its program and its versions. */
  readonly name: string;
  /** Programs that must be on PATH. */
  readonly needs: readonly string[];
  /** The file that pins its versions. */
  readonly versions: string;
  install(folder: string, versions: string): Promise<unknown>;
  /** Program, arguments and environment of the client. */
  command(folder: string, source: string): readonly [string, readonly string[], Readonly<Record<string, string>>?];
}

export const wechatpy: Client = {
  name: 'wechatpy',
  needs: ['python3'],
  versions: 'requirements.txt',
  async install(folder, versions) {
    await execute('python3', ['-m', 'venv', folder]);
    await execute(join(folder, 'bin/pip'), ['install', '--quiet', '--no-deps', '-r', versions]);
  },
  command: (folder, source) => [join(folder, 'bin/python'), [join(source, 'client.py')]],
};

export const coWechatApi: Client = {
  name: 'co-wechat-api',
  needs: ['npm'],
  versions: 'package.json',
  async install(folder, versions) {
    await writeFile(join(folder, 'package.json'), await readFile(versions));
    const quiet = ['--ignore-scripts', '--no-package-lock', '--no-audit', '--no-fund'];
    await execute('npm', ['install', '--prefix', folder, ...quiet]);
  },
  command: (folder, source) => [
    process.execPath,
    [join(source, 'client.cjs')],
    { NODE_PATH: join(folder, 'node_modules') },
  ],
};

export const wxJava: Client = {
  name: 'wxjava',
  needs: ['java', 'javac', 'mvn'],
  versions: 'pom.xml',
  install: (folder, versions) =>
    execute('mvn', [
      ...['--quiet', '--batch-mode', '--file', versions, `-Dmaven.repo.local=${join(cache, 'maven')}`],
      ...['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${join(folder, 'lib')}`],
    ]),
  command: (folder, source) => ['java', ['-cp', join(folder, 'lib/*'), join(source, 'Client.java')]],
};

const cache = process.env['SCENEDIM_CACHE'] || defaultCache();

/** As .ci/run has it. */
function defaultCache(): string {
  const { XDG_CACHE_HOME: shared } = process.env;
  if (shared) return join(shared, 'scenedim-ci');
  return process.getuid?.() === 0 ? '/var/cache/scenedim-ci' : join(homedir(), '.cache/scenedim-ci');
}

const folderOf = ({ name }: Client) => join(cache, `client-${name}`);
const sourceOf = ({ name }: Client) => new URL(name, import.meta.url).pathname;

/** What has to be installed by hand first; undefined when all is there. */
export function whyNot({ needs }: Client): string | undefined {
  const missing = needs.filter((program) => spawnSync('which', [program]).status !== 0);
  return missing.length === 0 ? undefined : `no ${missing.join(', ')} on PATH`;
}

/** Installs a client from the package registry of its language, unless the same versions are there. */
export async function installClient(client: Client): Promise<void> {
  const [folder, versions] = [folderOf(client), join(sourceOf(client), client.versions)];
  const [stamp, wanted] = [join(folder, 'installed.txt'), await readFile(versions, 'utf8')];
  if ((await readFile(stamp, 'utf8').catch(() => '')) === wanted) return;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  try {
    await client.install(folder, versions);
  } catch (cause) {
    const message = `${client.name} could not be installed from its package registry: ${(cause as Error).message}`;
    throw new Error(message, { cause });
  }
  await writeFile(stamp, wanted);
}

/** Runs a client to its end and tells what it printed. */
export async function runClient(client: Client, task: ScenesTask): Promise<ReadScenes | Refusal>;
export async function runClient(client: Client, task: PlatformTask): Promise<ReadPlatform>;
export async function runClient(client: Client, task: ScenesTask | PlatformTask): Promise<object> {
  const [program, args, more] = client.command(folderOf(client), sourceOf(client));
  // A bare environment: no proxy of the tester's own leads elsewhere.
  const run = execute(program, args, { env: { PATH: process.env['PATH'], ...more } });
  run.child.stdin?.end(JSON.stringify(task));
  return JSON.parse((await run).stdout);
}
