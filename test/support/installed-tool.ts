/** Programs of others in pinned versions, each in a folder of its own in the cache of .ci/run. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe } from 'vitest';
import { skipVisibly } from './postgres.ts';

const execute = promisify(execFile);

export interface Tool {
  /** Name of its folder in the cache. */
  readonly name: string;
  /** Programs that must be on PATH. */
  readonly needs: readonly string[];
  /** Paths of the files that pin its versions: it is installed again when one of them changes. */
  readonly versions: readonly string[];
  install(folder: string): Promise<unknown>;
}

/** A virtual environment with what files of requirements list, and nothing that they do not. */
export function pythonTool(name: string, ...versions: readonly string[]): Tool {
  return {
    name,
    needs: ['python3'],
    versions,
    async install(folder) {
      await execute('python3', ['-m', 'venv', folder]);
      const files = versions.flatMap((file) => ['-r', file]);
      await execute(join(folder, 'bin/pip'), ['install', '--quiet', '--no-deps', ...files]);
    },
  };
}

/** As .ci/run has it. */
export const toolCache = process.env['SCENEDIM_CACHE'] || defaultCache();

function defaultCache(): string {
  const { XDG_CACHE_HOME: shared } = process.env;
  if (shared) return join(shared, 'scenedim-ci');
  return process.getuid?.() === 0 ? '/var/cache/scenedim-ci' : join(homedir(), '.cache/scenedim-ci');
}

export function folderOf({ name }: Pick<Tool, 'name'>): string {
  return join(toolCache, name);
}

/** A suite that installs its tool first; without what the tool needs it is one test that is skipped visibly. */
export function describeWithTool(name: string, tool: Tool, suite: () => void): void {
  const missing = tool.needs.filter((program) => spawnSync('which', [program]).status !== 0);
  if (missing.length > 0) skipVisibly(name, `no ${missing.join(', ')} on PATH`);
  else {
    describe(name, () => {
      beforeAll(() => installTool(tool), 600_000);
      suite();
    });
  }
}

/** Installs a tool from the package registry of its language, unless the same versions are there. */
async function installTool(tool: Tool): Promise<void> {
  const folder = folderOf(tool);
  const stamp = join(folder, 'installed.txt');
  const wanted = (await Promise.all(tool.versions.map((file) => readFile(file, 'utf8')))).join('');
  if ((await readFile(stamp, 'utf8').catch(() => '')) === wanted) return;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  try {
    await tool.install(folder);
  } catch (cause) {
    const message = `${tool.name} could not be installed from its package registry: ${(cause as Error).message}`;
    throw new Error(message, { cause });
  }
  await writeFile(stamp, wanted);
}
