/** `schema --format odcs` in the tool that reads it: it is valid, a target of ours keeps it, and a damaged one does not. */
import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { versionRules } from '../../src/catalog/quality-rules.ts';
import { createCliWorkspace } from '../support/cli-workspace.ts';
import { describeWithTool, folderOf, pythonTool } from '../support/installed-tool.ts';
import { describePostgres } from '../support/postgres.ts';
import { type AnalystsTarget, createAnalystsTarget, createOwnLayer, damages } from './analysts-target.ts';

const tool = pythonTool('analysts-data-contract', new URL('requirements/datacontract.txt', import.meta.url).pathname);

function datacontract(
  cwd: string,
  args: readonly string[],
): Promise<{ readonly code: number; readonly output: string }> {
  const login = { DATACONTRACT_POSTGRES_USERNAME: 'postgres', DATACONTRACT_POSTGRES_PASSWORD: 'unused' };
  const env = { PATH: process.env['PATH'], HOME: cwd, COLUMNS: '200', ...login };
  return new Promise((resolve) => {
    execFile(join(folderOf(tool), 'bin/datacontract'), [...args], { cwd, env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), output: stdout + stderr });
    });
  });
}

/** Runs all checks; the keys of those that did not pass. */
async function runChecks(cwd: string) {
  const arguments_ = ['test', 'contract.yaml', '--output-format', 'json', '--output', 'result.json'];
  const { code, output } = await datacontract(cwd, arguments_);
  const { checks } = JSON.parse(await readFile(join(cwd, 'result.json'), 'utf8')) as {
    readonly checks: readonly { readonly key: string; readonly result: string; readonly name: string }[];
  };
  const broken = checks.filter(({ result }) => result !== 'passed').map(({ name }) => name);
  return { code, broken, count: checks.length, summary: output.trim().split('\n').at(-1) ?? '' };
}

const [oneVersionInForce = '', endsFitTogether = ''] = versionRules.map(({ description }) => description);
const writesContract = ['schema', '--format', 'odcs'];

describeWithTool('the data contract', tool, () => {
  test.each([
    { target: { type: 'pglite' } },
    { target: { type: 'bigquery', projectId: 'my-project', dataset: 'wechat' } },
    { target: null },
  ])('is valid for $target', async ({ target }) => {
    await using workspace = await createCliWorkspace({ target: target ?? { type: 'pglite' } });
    if (target === null) await rm(join(workspace.directory, 'scenedim.yaml'));
    await workspace.write('contract.yaml', await workspace.succeed(writesContract));
    const { code, output } = await datacontract(workspace.directory, ['lint', 'contract.yaml']);
    expect([code, output]).toEqual([0, expect.stringContaining('valid against ODCS v3.1.0')]);
  });

  describePostgres(
    'a target',
    (postgres) => {
      let target: AnalystsTarget;
      beforeAll(async () => {
        target = await createAnalystsTarget(postgres);
      }, 120_000);
      afterAll(() => target[Symbol.asyncDispose]());

      test('keeps it', async ({ annotate }) => {
        await target.workspace.write('contract.yaml', await target.workspace.succeed(writesContract));
        const { code, broken, count, summary } = await runChecks(target.workspace.directory);
        expect([code, broken]).toEqual([0, []]);
        expect(count).toBeGreaterThan(200);
        await annotate(summary);
      });

      test.each([
        ['doubleVersion', [oneVersionInForce]],
        ['repeatedRow', ['unique field version_id has no duplicate values', oneVersionInForce]],
        ['emptyPeriod', [endsFitTogether]],
        ['strangeValue', ['field mapping has invalid_count = 0']],
        ['staleAccounts', ['Freshness of scene_freshness.last_ok_at < 2d']],
      ] as const)('with %s breaks it', async (damage, broken) => {
        await createOwnLayer(target, damages[damage]);
        const contract = await target.workspace.succeed(writesContract);
        await target.workspace.write('contract.yaml', contract.replace('schema: scene\n', 'schema: own\n'));
        const run = await runChecks(target.workspace.directory);
        expect([run.code, run.broken]).toEqual([1, broken.map((name) => expect.stringContaining(name))]);
      });
    },
    { versions: 'newest' },
  );
});
