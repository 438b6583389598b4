/** GoogleSQL's own analyzer, built by `.ci/install-sql-gate`: says whether BigQuery would take a statement's text and types. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

/** A statement or script, and the types of its parameters: `{ run_id: 'STRING', app_ids: 'ARRAY<STRING>' }`. */
export interface GateStatement {
  readonly sql: string;
  readonly parameters?: Readonly<Record<string, string>>;
}

/** What the gate made of some statements. */
export interface GateVerdict {
  /** How many statements it took; a script is several. */
  readonly passed: number;
  /** Those that it refused, in order, with its reasons. */
  readonly refused: readonly { readonly sql: string; readonly reason: string }[];
}

/** The folder of the gate: `SCENEDIM_TEST_SQL_GATE`, else `sql-gate` in the cache of `.ci/run`; undefined when there is none. */
export function findSqlGate(): string | undefined {
  const named = process.env['SCENEDIM_TEST_SQL_GATE'];
  const folder = named || join(process.env['SCENEDIM_CACHE'] || '/var/cache/scenedim-ci', 'sql-gate');
  if (existsSync(join(folder, 'built.txt'))) return folder;
  if (named) throw new Error(`SCENEDIM_TEST_SQL_GATE: no gate in ${named}; run .ci/install-sql-gate ${named}`);
  return undefined;
}

/**
 * Passes statements through the gate in order: each may be a script, and sees what those before it created. Takes about 3
 * seconds whatever their number.
 */
export async function passThroughGate(gate: string, statements: readonly GateStatement[]): Promise<GateVerdict> {
  const directory = await mkdtemp(join(tmpdir(), 'scenedim-sql-gate-'));
  try {
    const files = statements.map((statement, index) => ({ ...statement, path: join(directory, `${index}.sql`) }));
    await Promise.all(files.map((file) => writeFile(file.path, `${declarations(file)}${file.sql}`)));
    const paths = files.map(({ path }) => path);
    const output = await runGate(gate, paths);
    const passed = /^(\d+) passed, \d+ refused$/m.exec(output)?.[1];
    if (passed === undefined) throw new Error(`the SQL gate said no count: ${output}`);
    const refused = files.flatMap(({ path, sql }) => {
      const line = output.split('\n').find((candidate) => candidate.startsWith(`${path}\t`));
      return line === undefined ? [] : [{ sql, reason: line.slice(path.length + 1) }];
    });
    return { passed: Number(passed), refused };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The first line of a file, where the gate looks for them. */
function declarations({ parameters = {} }: GateStatement): string {
  const declared = Object.entries(parameters).map(([name, type]) => `@${name} ${type}`);
  return declared.length === 0 ? '' : `-- ${declared.join(' ')}\n`;
}

async function runGate(gate: string, files: readonly string[]): Promise<string> {
  const command = ['-XX:TieredStopAtLevel=1', '-cp', join(gate, 'lib', '*'), 'Gate', ...files];
  const child = spawn('java', command, { stdio: ['ignore', 'pipe', 'pipe'] });
  const [output, complaint, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  if (code !== 0 && code !== 1) throw new Error(`the SQL gate ended with ${code}: ${complaint}`);
  if (!/ passed, \d+ refused$/m.test(output)) throw new Error(`the SQL gate failed: ${complaint}${output}`);
  return output;
}
