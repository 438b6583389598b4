/** SDKs of WeChat's API. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { folderOf, pythonTool, type Tool } from '../support/installed-tool.ts';
import { mavenTool } from '../support/maven-tool.ts';
import type { PlatformTask, ReadPlatform, ReadScenes, Refusal, ScenesTask } from './client-task.ts';

const execute = promisify(execFile);

export interface Client extends Tool {
  /** The folder here that holds its program and its versions. */
  readonly source: string;
  /** Program, arguments and environment of the client. */
  command(folder: string, source: string): readonly [string, readonly string[], Readonly<Record<string, string>>?];
}

const sourceOf = (name: string) => new URL(name, import.meta.url).pathname;

export const wechatpy: Client = {
  ...pythonTool('client-wechatpy', sourceOf('wechatpy/requirements.txt')),
  source: 'wechatpy',
  command: (folder, source) => [join(folder, 'bin/python'), [join(source, 'client.py')]],
};

const versionsOfCoWechatApi = sourceOf('co-wechat-api/package.json');

export const coWechatApi: Client = {
  name: 'client-co-wechat-api',
  source: 'co-wechat-api',
  needs: ['npm'],
  versions: [versionsOfCoWechatApi],
  async install(folder) {
    await writeFile(join(folder, 'package.json'), await readFile(versionsOfCoWechatApi));
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
  ...mavenTool('client-wxjava', sourceOf('wxjava/pom.xml')),
  source: 'wxjava',
  command: (folder, source) => ['java', ['-cp', join(folder, 'lib/*'), join(source, 'Client.java')]],
};

/** Runs a client to its end and tells what it printed. */
export async function runClient(client: Client, task: ScenesTask): Promise<ReadScenes | Refusal>;
export async function runClient(client: Client, task: PlatformTask): Promise<ReadPlatform>;
export async function runClient(client: Client, task: ScenesTask | PlatformTask): Promise<object> {
  const [program, args, more] = client.command(folderOf(client), sourceOf(client.source));
  // A bare environment: no proxy of the tester's own leads elsewhere.
  const run = execute(program, args, { env: { PATH: process.env['PATH'], ...more } });
  run.child.stdin?.end(JSON.stringify(task));
  return JSON.parse((await run).stdout);
}
