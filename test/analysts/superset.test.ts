/** A dataset and a chart on a target in Superset, as an analyst makes them. Takes minutes: runs with SCENEDIM_TEST_SUPERSET=1. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';
import { expect, test } from 'vitest';
import { columnCatalogue } from '../../src/catalog/column-catalogue.ts';
import { blocksOf } from '../support/documents.ts';
import { describeWithTool, folderOf, pythonTool } from '../support/installed-tool.ts';
import { describePostgres, type PostgresSuite } from '../support/postgres.ts';
import { freePort } from '../support/postgres-server.ts';
import { createAnalystsTarget, nameOfEachVisit } from './analysts-target.ts';

const execute = promisify(execFile);
const tool = pythonTool('analysts-superset', new URL('requirements/superset.txt', import.meta.url).pathname);
const READER = 'analyst_in_superset';
const login = { username: 'admin', password: 'admin' };

interface Superset extends AsyncDisposable {
  /** Asks the REST API, as the administrator. */
  call(method: 'GET' | 'POST', path: string, body?: object): Promise<SupersetAnswer>;
  /** Opens a page with a chart in Chromium, and takes a screenshot of it once the chart is drawn. */
  screenshot(path: string): Promise<string>;
}

interface SupersetAnswer {
  readonly id: number;
  readonly result: {
    readonly columns: readonly { readonly column_name: string; readonly type: string; readonly description: string }[];
  } & readonly { readonly data: readonly { readonly scene_name: string; readonly count: number }[] }[];
}

async function startSuperset(): Promise<Superset> {
  await using stack = new AsyncDisposableStack();
  const { path: home } = stack.use(await mkdtempDisposable(join(tmpdir(), 'scenedim-superset-')));
  await writeFile(
    join(home, 'config.py'),
    `SECRET_KEY = "for one test"\nSQLALCHEMY_DATABASE_URI = "sqlite:///${home}/superset.db"\nWTF_CSRF_ENABLED = False\n`,
  );
  const env = {
    PATH: process.env['PATH'],
    HOME: home,
    SUPERSET_HOME: home,
    SUPERSET_CONFIG_PATH: join(home, 'config.py'),
    FLASK_APP: 'superset',
  };
  const program = join(folderOf(tool), 'bin/superset');
  const who = ['--username', login.username, '--password', login.password];
  const setup = [
    ['db', 'upgrade'],
    ['fab', 'create-admin', ...who, '--firstname', 'a', '--lastname', 'b', '--email', 'a@b.c'],
    ['init'],
  ];
  for (const args of setup) await execute(program, args, { env, cwd: home, maxBuffer: 2 ** 26 });
  const port = String(await freePort());
  const server = spawn(program, ['run', '-p', port], { env, cwd: home });
  stack.defer(async () => {
    server.kill('SIGKILL');
    await once(server, 'close');
  });
  await untilRunning(server);
  const api = `http://127.0.0.1:${port}/api/v1/`;
  const ask = async (method: string, path: string, body: object | undefined, token?: string) => {
    const response = await fetch(api + path, {
      method,
      headers: { 'Content-Type': 'application/json', ...(token !== undefined && { Authorization: `Bearer ${token}` }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return await response.json();
  };
  const { access_token: token } = await ask('POST', 'security/login', { ...login, provider: 'db', refresh: false });
  const owned = stack.move();
  return {
    call: (method, path, body) => ask(method, path, body, token),
    async screenshot(path) {
      await using browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
      const page = await browser.newPage({ viewport: { width: 1300, height: 700 } });
      const site = api.replace('api/v1/', '');
      await page.request.post(`${site}login/`, { form: login });
      await page.goto(site + path);
      await page.waitForSelector('canvas');
      expect(await page.getByRole('alert').allTextContents()).toEqual([]);
      // The bars grow: they are drawn when nothing moves any more.
      let drawn = await page.screenshot();
      for (let before: Buffer | undefined; before === undefined || !drawn.equals(before); ) {
        before = drawn;
        drawn = await page.screenshot();
      }
      const file = join(tmpdir(), 'scenedim-superset-chart.png');
      await writeFile(file, drawn);
      return file;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Resolves when the server says where it runs; rejects when it ends before that. */
async function untilRunning(server: ChildProcess): Promise<void> {
  let said = '';
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const listen = (chunk: Buffer) => {
    said += chunk;
    if (said.includes('Running on http')) resolve();
  };
  server.stdout?.on('data', listen);
  server.stderr?.on('data', listen);
  server.once('exit', () => reject(new Error(said)));
  await promise;
}

function suite(postgres: PostgresSuite): void {
  test('shows what each column means, and counts visits by the name of their day', async ({ annotate }) => {
    await using target = await createAnalystsTarget(postgres, { reader: READER });
    await target.database.execute(`GRANT USAGE ON SCHEMA logs TO ${READER}; GRANT SELECT ON logs.visit TO ${READER}`);
    await using superset = await startSuperset();
    const url = target.url.replace('postgres://postgres@', `postgresql+psycopg2://${READER}@`);
    const { id: database } = await superset.call('POST', 'database/', { database_name: 'dwh', sqlalchemy_uri: url });

    const history = await superset.call('POST', 'dataset/', { database, schema: 'scene', table_name: 'scene_history' });
    const { columns } = (await superset.call('GET', `dataset/${history.id}`)).result;
    const told = columns.map(({ column_name, description }) => [column_name, description]);
    expect(Object.fromEntries(told)).toEqual(columnCatalogue.relations.scene_history.columns);
    expect(columns.filter(({ type }) => type === null || type === 'UNKNOWN')).toEqual([]);

    const [join_] = blocksOf('sql run').filter(({ document }) => document === 'sql/README.md');
    const sql = (join_?.text ?? '').trim().replace(/;$/, '').replace('FROM visit', 'FROM logs.visit');
    const visits = await superset.call('POST', 'dataset/', {
      database,
      schema: 'logs',
      table_name: 'named_visit',
      sql,
    });
    const datasource = { id: visits.id, type: 'table' };
    const time = { columnType: 'BASE_AXIS', expressionType: 'SQL', sqlExpression: 'visited_at', label: 'visited_at' };
    const query = { columns: [{ ...time, timeGrain: 'P1M' }, 'scene_name'], metrics: ['count'], orderby: [] };
    const params = {
      viz_type: 'echarts_timeseries_bar',
      x_axis: 'visited_at',
      metrics: ['count'],
      groupby: ['scene_name'],
      time_grain_sqla: 'P1M',
      stack: 'Stack',
    };
    const { id } = await superset.call('POST', 'chart/', {
      ...{ slice_name: 'Visits by scene', viz_type: params.viz_type, params: JSON.stringify(params) },
      ...{ datasource_id: visits.id, datasource_type: 'table' },
    });
    const chart = { datasource, queries: [query], result_format: 'json', result_type: 'full' };
    const [{ data } = { data: [] }] = (await superset.call('POST', 'chart/data', chart)).result;
    expect(data.reduce((sum, { count }) => sum + count, 0)).toBe(nameOfEachVisit.length);
    expect(new Set(data.map(({ scene_name }) => scene_name))).toEqual(new Set(['二维码', '扫一扫二维码', '未知']));
    await annotate(JSON.stringify(data));
    await annotate(`a screenshot is in ${await superset.screenshot(`explore/?slice_id=${id}&standalone=1`)}`);
  });
}

if (process.env['SCENEDIM_TEST_SUPERSET'] === '1') {
  describeWithTool('Superset', tool, () => describePostgres('on a target', suite, { versions: 'newest' }));
} else {
  // biome-ignore lint/suspicious/noSkippedTests: it is asked for by its own variable only
  test.skip('Superset (set SCENEDIM_TEST_SUPERSET=1)', () => {});
}
