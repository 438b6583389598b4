/** What a run tells Dagster Pipes, as a process; what Dagster makes of it, test/operators/dagster.test.ts sees. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import { pipesVariables } from '../support/pipes-variables.ts';
import { copyPglite } from '../support/prepared-pglite.ts';
import { runCli } from '../support/spawn-cli.ts';

let cwd = '';
let simulator: Simulator;
beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'scenedim-pipes-'));
  simulator = await startSimulator({ accounts: [{ appId: 'wxa' }] });
  await copyPglite(join(cwd, 'db'));
  const source = { baseUrl: simulator.url, accounts: [{ appId: 'wxa', accessToken: { env: 'TOKEN' } }] };
  writeFileSync(join(cwd, 'scenedim.yaml'), JSON.stringify({ source, target: { type: 'pglite', path: './db' } }));
});
afterAll(async () => {
  await simulator[Symbol.asyncDispose]();
  rmSync(cwd, { recursive: true });
});

const context = { data: { asset_keys: ['dim_scene'], extras: { scenedim_checks: ['held', 'drift'] } } };
const sync = (env: Readonly<Record<string, string>>, command = 'sync') =>
  runCli([command, '--json', '--log-format', 'json'], { cwd, env: { TOKEN: simulator.accessToken('wxa'), ...env } });

// biome-ignore lint/suspicious/noExplicitAny: messages of any kind
function messagesIn(text: string): readonly any[] {
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  return lines.filter((line) => line.__dagster_pipes_version !== undefined);
}

test.each(['stdout', 'stderr', 'file'] as const)('a sync tells what it changed, by %s', async (way) => {
  simulator.change({ change: 'rename', key: 1, name: `改名 ${way}` });
  const path = join(cwd, 'messages');
  const result = await sync(pipesVariables(context, way === 'file' ? { path } : { stdio: way }));
  expect(result.code).toBe(0);
  const messages = messagesIn(way === 'file' ? readFileSync(path, 'utf8') : result[way]);
  expect(messages.map(({ method }) => method)).toEqual([
    ...['opened', 'report_asset_materialization', 'report_asset_check', 'report_asset_check', 'closed'],
  ]);
  expect(messages[1].params.metadata.changes.raw_value).toContain(`改名 ${way}`);
  expect(messages[3].params).toMatchObject({ check_name: 'drift', passed: false, severity: 'WARN' });
  expect(messages[3].params.metadata.drift.raw_value).toContain(`| wxa | 1 | renamed | 改名 ${way} |`);
});

test('a plan makes nothing, so it tells nothing', async () => {
  const { code, stderr } = await sync(pipesVariables(context, { stdio: 'stderr' }), 'plan');
  expect([code, messagesIn(stderr)]).toEqual([0, []]);
});

test('variables that cannot be read, and a file that cannot be written, are a warning', async () => {
  for (const [env, msg] of [
    [{ DAGSTER_PIPES_CONTEXT: 'x' }, 'Dagster'],
    [pipesVariables(context, { path: join(cwd, 'no/where') }), 'Dagster was not told'],
  ] as const) {
    const { code, stderr } = await sync(env);
    const warnings = stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
      .filter(({ level }) => level === 'warn');
    expect([code, new Set(warnings.map((warning) => warning.msg))]).toEqual([0, new Set([msg])]);
  }
  expect(existsSync(join(cwd, 'no'))).toBe(false);
});
