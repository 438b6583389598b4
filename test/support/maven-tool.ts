/** Libraries of Java in pinned versions. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { folderOf, type Tool, toolCache } from './installed-tool.ts';

const execute = promisify(execFile);

/** What a file of Maven lists, with all that it needs, as jars in `lib`. */
export function mavenTool(name: string, versions: string): Tool {
  return {
    name,
    needs: ['java', 'javac', 'mvn'],
    versions: [versions],
    install: (folder) =>
      execute('mvn', [
        ...['--quiet', '--batch-mode', '--file', versions, `-Dmaven.repo.local=${join(toolCache, 'maven')}`],
        ...['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${join(folder, 'lib')}`],
      ]),
  };
}

/** Runs a source file of Java with the jars of a tool, and resolves with what it prints. */
export async function runJava(tool: Tool, source: string, args: readonly string[]): Promise<string> {
  return (await execute('java', ['-cp', join(folderOf(tool), 'lib/*'), source, ...args])).stdout;
}
