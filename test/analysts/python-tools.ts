/** Python's tools for tables, each in a virtual environment of its own. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { folderOf, pythonTool, type Tool } from '../support/installed-tool.ts';

const execute = promisify(execFile);

const tool = (name: string): Tool =>
  pythonTool(`analysts-${name}`, new URL(`requirements/${name}.txt`, import.meta.url).pathname);

/** Both versions of pandas come with pyarrow. */
export const pythonTools = {
  pandas2: tool('pandas-2'),
  pandas3: tool('pandas-3'),
  polars: tool('polars'),
  duckdb: tool('duckdb'),
} as const;

/** Runs a script in the environment of a tool, and resolves with what it prints. A warning fails. UTC would hide mistakes. */
export async function runPython(python: Tool, args: readonly string[], cwd: string): Promise<string> {
  const env = { PATH: process.env['PATH'], TZ: 'Asia/Shanghai', PYTHONUTF8: '1' };
  const { stdout, stderr } = await execute(join(folderOf(python), 'bin/python'), [...args], { cwd, env });
  if (stderr !== '') throw new Error(stderr);
  return stdout;
}
