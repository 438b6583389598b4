/** The asset of config/dagster in a real Dagster, which starts scenedim against the simulator. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import { textOf } from '../support/documents.ts';
import { describeWithTool, folderOf, pythonTool } from '../support/installed-tool.ts';
import { copyPglite } from '../support/prepared-pglite.ts';
import { cliPath } from '../support/spawn-cli.ts';

const execute = promisify(execFile);
const here = (name: string): string => new URL(name, import.meta.url).pathname;
const dagster = pythonTool('operators-dagster', here('requirements/dagster.txt'));
const CONFIG = '/srv/scenedim/scenedim.yaml';
const assets = textOf('config/dagster/scenedim_assets.py');

/** What Dagster keeps of a run. */
interface Kept {
  readonly status: string;
  readonly materialized: readonly Readonly<Record<string, readonly [type: string, value: unknown]>>[];
  readonly checks: Readonly<
    Record<string, readonly [passed: boolean, severity: string, metadata: Kept['materialized'][0]]>
  >;
  readonly retries: number;
  readonly failures: readonly string[];
  readonly messages: readonly string[];
}

describeWithTool('Dagster', dagster, () => {
  let stack: AsyncDisposableStack;
  let home = '';
  /** What Dagster and scenedim printed. */
  let lastLog = '';
  let simulator: Simulator;
  beforeAll(async () => {
    stack = new AsyncDisposableStack();
    home = stack.use(await mkdtempDisposable(join(tmpdir(), 'scenedim-dagster-'))).path;
    simulator = stack.use(await startSimulator({ accounts: [{ appId: 'wxa' }] }));
    await mkdir(at('bin'));
    await writeFile(at('bin/scenedim'), `#!/bin/sh\nexec ${process.execPath} ${cliPath} "$@"\n`, { mode: 0o755 });
    await copyPglite(at('db'));
    const source = { baseUrl: simulator.url, accounts: [{ appId: 'wxa', accessToken: { env: 'TOKEN' } }] };
    await writeFile(at('scenedim.yaml'), JSON.stringify({ source, target: { type: 'pglite', path: './db' } }));
  }, 120_000);
  afterAll(() => stack.disposeAsync());

  const at = (name: string): string => join(home, name);
  const bin = join(folderOf(dagster), 'bin');

  /** Materializes the asset, in a file that `edit` may change; each time every account is asked. */
  async function materialize(edit: (text: string) => string = (text) => text, env = {}): Promise<Kept> {
    const text = assets.replace(CONFIG, at('scenedim.yaml')).replace('"30m"', '"0s"');
    await writeFile(at('assets.py'), edit(text.replace('delay=60', 'delay=0')));
    const options = {
      cwd: home,
      maxBuffer: 2 ** 26,
      env: {
        PATH: `${home}/bin:${bin}:${process.env['PATH']}`,
        HOME: home,
        DAGSTER_HOME: home,
        DAGSTER_DISABLE_TELEMETRY: 'yes',
        PYTHONDONTWRITEBYTECODE: '1',
        TOKEN: simulator.accessToken('wxa'),
        ...env,
      },
    };
    const args = ['asset', 'materialize', '--select', 'dim_scene', '-f', 'assets.py'];
    const { stdout: out, stderr } = await execute(join(bin, 'dagster'), args, options).catch((error) => error);
    lastLog = out + stderr;
    const { stdout } = await execute(join(bin, 'python'), [here('dagster/read_events.py')], options);
    return JSON.parse(stdout);
  }

  test('materializes with counts and changes, and both checks pass', async ({ annotate }) => {
    const { status, materialized, checks } = await materialize();
    expect([status, materialized.length]).toEqual(['SUCCESS', 1]);
    expect(materialized[0]).toMatchObject({
      outcome: ['TextMetadataValue', 'ok'],
      versions_opened: ['IntMetadataValue', 58],
      accounts_changed: ['IntMetadataValue', 1],
      changes: ['MarkdownMetadataValue', expect.stringContaining('… and 8 more')],
    });
    expect([checks['held']?.slice(0, 2), checks['drift']?.slice(0, 2)]).toEqual([
      [true, 'ERROR'],
      [true, 'WARN'],
    ]);
    await annotate(JSON.stringify({ checks, ...materialized[0], changes: undefined }));
  });

  test('shows a hostile name as a name, which is drift', async ({ annotate }) => {
    simulator.change({ change: 'rename', key: 1, name: '| [扫](https://a.b) <b>|' });
    const { status, materialized, checks } = await materialize();
    const name = '\\| \\[扫\\]\\(https\\:\\/\\/a\\.b\\) \\<b\\>\\|';
    expect([status, checks['held']?.[0], checks['drift']?.slice(0, 2)]).toEqual(['SUCCESS', true, [false, 'WARN']]);
    expect(checks['drift']?.[2]['drift']?.[1]).toContain(`| wxa | 1 | renamed | ${name} |`);
    expect(materialized[0]?.['changes']?.[1]).toContain(name);
    await annotate(String(materialized[0]?.['changes']?.[1]));
  });

  test('goes on with an answer that is held, which the check tells', async () => {
    simulator.inject({ fault: 'empty_list', times: 1 });
    const { status, checks } = await materialize();
    expect([status, checks['held']?.slice(0, 2)]).toEqual(['SUCCESS', [false, 'ERROR']]);
    expect(checks['held']?.[2]['problems']?.[1]).toContain('| wxa | held |');
  });

  test('fails with the exit status, and tries again where that may help', async () => {
    const hopeless = await materialize((text) => text, { TOKEN: '' });
    expect(hopeless).toMatchObject({ status: 'FAILURE', materialized: [], checks: {}, retries: 0 });
    const once = (text: string) => text.replace('max_retries=3', 'max_retries=1');
    simulator.inject({ fault: 'unknown_code', times: 2 });
    expect(await materialize(once)).toMatchObject({ status: 'FAILURE', materialized: [], retries: 1 });
  });

  test('takes messages among the lines of standard output', async () => {
    const text = readFileSync(here('dagster/standard_output.py'), 'utf8');
    const { status, materialized, checks } = await materialize(() => text.replace(CONFIG, at('scenedim.yaml')));
    expect([status, materialized.length, checks]).toEqual(['SUCCESS', 1, {}]);
    expect(materialized[0]?.['outcome']?.[1]).toBe('nothing_changed');
  });

  test('lets the run go on whose variables are malformed', async () => {
    const { status, failures } = await materialize((text) =>
      text.replace('**session.get_bootstrap_env_vars()', '"DAGSTER_PIPES_CONTEXT": "malformed"'),
    );
    // The sync ended with 0; what Dagster misses are the checks that the asset promises.
    expect([status, failures.length]).toEqual(['FAILURE', 1]);
    expect(lastLog).toContain('DAGSTER_PIPES_CONTEXT is not what Dagster Pipes gives');
    expect(lastLog).toContain('did not yield or return expected outputs');
  });
});
