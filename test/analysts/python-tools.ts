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

/** Runs a script in the environment of a tool; resolves with what it prints. No time zone but UTC hides a mistake. */
export async function runPython(python: Tool, args: readonly string[], cwd: string): Promise<string> {
  const env = { PATH: process.env['PATH'], TZ: 'Asia/Shanghai', PYTHONUTF8: '1', PYTHONWARNINGS: 'error' };
  const { stdout } = await execute(join(folderOf(python), 'bin/python'), [...args], { cwd, env });
  return stdout;
}
