import { mkdtempDisposableSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createRedactor } from '../../../../src/secrets/redact.ts';
import { createPipesWatcher } from '../../../../src/telemetry/dagster/pipes-watcher.ts';
import type { EndedRun } from '../../../../src/telemetry/run-watcher.ts';
import { endedRun } from '../../../support/ended-run.ts';
import { pipesVariables } from '../../../support/pipes-variables.ts';

const { signal } = new AbortController();
const asset = { data: { asset_keys: ['dim_scene'], extras: { scenedim_checks: ['held', 'drift', 'unknown'] } } };

interface Said {
  readonly streams: readonly string[];
  // biome-ignore lint/suspicious/noExplicitAny: messages of any kind
  readonly messages: readonly any[];
}

/** What a run says on standard error. */
async function said(run: EndedRun, { context = asset as unknown, secret = '', begins = true } = {}): Promise<Said> {
  const streams: string[] = [];
  let text = '';
  const redactor = createRedactor();
  redactor.register(secret);
  const watcher = await createPipesWatcher({
    environment: pipesVariables(context, { stdio: 'stderr' }),
    redactor,
    write: async (stream, more) => {
      streams.push(stream);
      text += more;
    },
  });
  if (begins) await watcher.started?.(run, signal);
  await watcher.ended(run, signal);
  return {
    streams,
    messages: text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
  };
}

const methods = ({ messages }: Said) => messages.map(({ method }) => method);
const whole = ['opened', 'report_asset_materialization', 'report_asset_check', 'report_asset_check', 'closed'];

test('a run opens, reports what it made and the checks that are asked for, and closes', async () => {
  const run = endedRun({ exitCode: 75 });
  const { streams, messages } = await said(run);
  expect([methods({ streams, messages }), new Set(streams)]).toEqual([whole, new Set(['stderr'])]);
  expect(messages.every((message) => message.__dagster_pipes_version === '0.1')).toBe(true);
  const { asset_key, data_version, metadata } = messages[1].params;
  expect([asset_key, data_version]).toEqual(['dim_scene', null]);
  expect(metadata).toMatchObject({
    run_id: { type: 'text', raw_value: run.report['run_id'] },
    outcome: { type: 'text', raw_value: 'partial' },
    accounts_unchanged: { type: 'int', raw_value: 1201 },
    versions_closed: { type: 'int', raw_value: 1 },
    observations_recorded: { type: 'int', raw_value: 1203 },
    changes: { type: 'md', raw_value: 'none' },
    problems: { type: 'int', raw_value: 2 },
  });
  expect(messages.slice(2, 4).map(({ params }) => [params.check_name, params.passed, params.severity])).toEqual([
    ['held', true, 'ERROR'],
    ['drift', true, 'WARN'],
  ]);
  expect(messages[4].params).toEqual({});
});

test.each([
  [{ exitCode: 65, report: { outcome: 'refused' } }, false],
  [{ exitCode: 75, report: { accounts: { held: 1 } } }, false],
  [{ exitCode: 0, report: { outcome: 'ok' } }, true],
])('held of %j: %s', async (run, passed) => {
  const { messages } = await said(endedRun(run));
  expect(messages[2].params).toMatchObject({ check_name: 'held', passed });
});

test('an error closes with it, without a stack', async () => {
  const error = { code: 'target_unreachable', message: 'nothing answers', remedy: null };
  const { messages } = await said({ ...endedRun({ exitCode: 69, error }), report: null });
  expect(messages.map(({ method, params }) => [method, params])).toEqual([
    ['opened', { extras: {} }],
    [
      'closed',
      {
        exception: { name: 'target_unreachable', message: 'nothing answers', stack: [], cause: null, context: null },
      },
    ],
  ]);
});

test('a run that never began opens all the same, and verify reports nothing', async () => {
  const error = { code: 'config_invalid', message: 'no', remedy: null };
  const never = await said({ ...endedRun({ exitCode: 78, error }), report: null }, { begins: false });
  expect(methods(never)).toEqual(['opened', 'closed']);
  const verified = { outcome: 'ok', accounts: 1, versions: 2, violations: [], violations_total: 0, remedies: [] };
  expect(methods(await said({ ...endedRun({ command: 'verify' }), report: verified }))).toEqual(['opened', 'closed']);
});

test('every asset is materialized, of which an op has none', async () => {
  const both = await said(endedRun(), { context: { data: { asset_keys: ['a', 'b/c'], extras: {} } } });
  expect(both.messages.map(({ params }) => params.asset_key)).toEqual([undefined, 'a', 'b/c', undefined]);
  const none = await said(endedRun(), { context: { data: { asset_keys: null, extras: null } } });
  expect(methods(none)).toEqual(['opened', 'closed']);
});

test('no secret is said', async () => {
  const problems = [{ app_id: 'wxa', kind: 'failed', code: '1', message: 'of s3cr3t-of-wxa', remedy: null }];
  const { messages } = await said(endedRun({ report: { problems } }), { secret: 's3cr3t-of-wxa' });
  expect(messages[2].params.metadata.problems.raw_value).toContain('redacted');
  expect(JSON.stringify(messages)).not.toContain('s3cr3t');
});

test('context and messages may be files', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'scenedim-pipes-'));
  const at = (name: string): string => join(folder.path, name);
  writeFileSync(at('context'), JSON.stringify(asset.data));
  writeFileSync(at('messages'), 'what is there stays\n');
  const watcher = await createPipesWatcher({
    environment: pipesVariables({ path: at('context') }, { path: at('messages') }),
    redactor: createRedactor(),
    write: () => Promise.reject(new Error('no stream')),
  });
  await watcher.started?.(endedRun(), signal);
  await watcher.ended(endedRun(), signal);
  const [first, ...lines] = readFileSync(at('messages'), 'utf8').trimEnd().split('\n');
  expect([first, lines.map((line) => JSON.parse(line).method)]).toEqual(['what is there stays', whole]);
});

test.each([
  [{ DAGSTER_PIPES_CONTEXT: 'no base64' }, 'DAGSTER_PIPES_CONTEXT is not what Dagster Pipes gives'],
  [pipesVariables({ neither: 1 }, {}), 'DAGSTER_PIPES_CONTEXT is not what Dagster Pipes gives'],
  [pipesVariables({ data: { asset_keys: 'x' } }, {}), 'DAGSTER_PIPES_CONTEXT is not what Dagster Pipes gives'],
  [pipesVariables(asset, { stdio: 'printer' }), 'DAGSTER_PIPES_MESSAGES is not what Dagster Pipes gives'],
  [
    pipesVariables({ path: '/nowhere' }, { stdio: 'stderr' }),
    '/nowhere, which DAGSTER_PIPES_CONTEXT names, is no context',
  ],
])('%j is refused', async (environment, message) => {
  const options = { environment, redactor: createRedactor(), write: async () => {} };
  await expect(createPipesWatcher(options)).rejects.toThrow(message);
});
