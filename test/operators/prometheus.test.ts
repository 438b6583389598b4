/** What Prometheus' own tools say of the metrics that runs leave, of the alerts, and of pushes. */
import { cp, mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import { renderPrometheusMetrics } from '../../src/telemetry/prometheus-metrics.ts';
import { type CliWorkspace, createCliWorkspace } from '../support/cli-workspace.ts';
import { root } from '../support/documents.ts';
import { endedRun } from '../support/ended-run.ts';
import { describeWithTool } from '../support/installed-tool.ts';
import {
  type Daemon,
  prometheusTools,
  promtool,
  startNodeExporter,
  startPrometheus,
  startPushgateway,
} from './prometheus-tools.ts';

const checkMetrics = (input: string) => promtool(['check', 'metrics'], { input });
const right = { code: 0, said: '' };

let simulator: Simulator;
let workspace: CliWorkspace;
beforeAll(async () => {
  simulator = await startSimulator({ accounts: [{ appId: 'wxa' }, { appId: 'wxb' }] });
  const accounts = ['wxa', 'wxb'].map((appId) => ({ appId, accessToken: { env: appId } }));
  workspace = await createCliWorkspace(
    { source: { baseUrl: simulator.url, accounts }, target: { type: 'pglite', path: './db' } },
    { wxa: simulator.accessToken('wxa'), wxb: simulator.accessToken('wxb') },
  );
});
afterAll(async () => {
  await workspace[Symbol.asyncDispose]();
  await simulator[Symbol.asyncDispose]();
});

async function metricsOf(...args: readonly string[]): Promise<{ readonly code: number | null; readonly text: string }> {
  const { code } = await workspace.run([...args, '--metrics-file', 'run.prom']);
  return { code, text: await readFile(join(workspace.directory, 'run.prom'), 'utf8') };
}

describeWithTool('promtool check metrics takes what is left by', prometheusTools, () => {
  test('syncs that go well, are held, fail, and cannot begin', async () => {
    const first = await metricsOf('sync');
    expect([first.code, await checkMetrics(first.text)]).toEqual([0, right]);
    simulator.inject({ fault: 'empty_list', times: 'always', appId: 'wxa' });
    const held = await metricsOf('sync');
    simulator.clearFaults();
    expect([held.code, await checkMetrics(held.text)]).toEqual([65, right]);
    expect(held.text).toMatch(/^scenedim_accounts\{.*state="held"\} 1$/m);
    simulator.inject({ fault: 'unknown_code', times: 'always', appId: 'wxb' });
    const failed = await metricsOf('sync');
    simulator.clearFaults();
    expect([failed.code, await checkMetrics(failed.text)]).toEqual([75, right]);
    expect(failed.text).toContain('scenedim_last_success_timestamp_seconds');
    const unread = await metricsOf('sync', '--config', 'nowhere.yaml');
    expect([unread.code, await checkMetrics(unread.text)]).toEqual([78, right]);
    expect(unread.text).toContain('scenedim_last_success_timestamp_seconds');
  });

  test.each([
    [['verify']],
    [['rebuild']],
    [['compact', '--keep', '90d', '--confirm', 'scene']],
    [['sync', '--shard', '1/2', '--skip-exit-code']],
  ])('%j', async (args) => {
    const { text } = await metricsOf(...args);
    expect(await checkMetrics(text)).toEqual(right);
  });

  test('a target that bills, under a name that has to be escaped', async () => {
    const usage = { jobs: 12, bytes_billed: 20_971_520 };
    const dataset = { namespace: 'file', name: '/a"b\\c\nd 二维码.scene' };
    expect(await checkMetrics(renderPrometheusMetrics(endedRun({ dataset, report: { usage } })))).toEqual(right);
  });
});

describeWithTool('promtool check metrics refuses', prometheusTools, () => {
  const well = renderPrometheusMetrics(endedRun());

  test.each([
    [
      'a name that is not of base units',
      'scenedim_run_duration_seconds',
      'scenedim_run_duration_milliseconds',
      'milli',
    ],
    ['a gauge that is called a total', 'scenedim_run_rejected_rows', 'scenedim_run_rejected_rows_total', '_total'],
    ['a metric without help', /^# HELP scenedim_run_success .*\n/m, '', 'help text'],
    ['a label that is not escaped', 'command="sync"', 'command="sy"nc"', 'error while linting'],
    ['a value that is none', /^(scenedim_run_exit_code\{.*\}) 0$/m, '$1 zero', 'error while linting'],
  ] as const)('%s', async (_, before, after, said) => {
    const spoilt = typeof before === 'string' ? well.replaceAll(before, after) : well.replace(before, after);
    expect(spoilt).not.toBe(well);
    const refused = await checkMetrics(spoilt);
    expect([refused.code > 0, refused.said]).toEqual([true, expect.stringContaining(said)]);
  });
});

/** The folder of the alerts, with one of the files spoilt. */
async function alertsWith(file: string, before: string, after: string) {
  await using copy = await mkdtempDisposable(join(tmpdir(), 'scenedim-alerts-'));
  await cp(`${root}config/monitoring`, copy.path, { recursive: true });
  const content = await readFile(join(copy.path, file), 'utf8');
  expect(content).toContain(before);
  await writeFile(join(copy.path, file), content.replace(before, after));
  return {
    rules: await promtool(['check', 'rules', 'alerts.yaml'], { cwd: copy.path }),
    tests: await promtool(['test', 'rules', 'alerts.test.yaml'], { cwd: copy.path }),
  };
}

describeWithTool('the alerts', prometheusTools, () => {
  test('are right, and fire when they should', async () => {
    const { rules, tests } = await alertsWith('alerts.yaml', 'groups:', 'groups:');
    expect([rules.code, tests.code]).toEqual([0, 0]);
    expect(rules.said).toContain('SUCCESS: 8 rules found');
    expect(tests.said).toContain('SUCCESS');
  });

  test.each([
    ['a parenthesis that is missing', ') > 6 * 3600', '> 6 * 3600', 'could not parse expression'],
    ['a function that is none', 'expr: absent(', 'expr: absend(', 'unknown function'],
    ['a template that is broken', '{{ $labels.command }}', '{{ $labels.command }', 'alert'],
    ['a duration that is none', 'for: 90m', 'for: 90 minutes', 'not a valid duration'],
    ['a field that is none', 'annotations:', 'annotation:', 'annotation'],
  ])('with %s are refused', async (_, before, after, said) => {
    const { rules } = await alertsWith('alerts.yaml', before, after);
    expect([rules.code > 0, rules.said]).toEqual([true, expect.stringContaining(said)]);
  });

  test.each([
    ['another threshold', '> 6 * 3600', '> 7 * 3600'],
    ['shards thrown together', 'max by (target, shard) (scenedim_last', 'max by (target) (scenedim_last'],
    ['hosts kept apart', 'max by (target, shard) (scenedim_last', 'max by (target, instance) (scenedim_last'],
    [
      'any command taken for a sync',
      'absent(scenedim_last_success_timestamp_seconds{command="sync"})',
      'absent(scenedim_last_success_timestamp_seconds)',
    ],
    ['one failure enough', 'for: 90m', 'for: 30m'],
    ['failures of long ago', '< 75 * 60', '< 75 * 6000'],
    ['only a known target', 'scenedim_run_success{target=""} == 0', 'scenedim_run_success{target="x"} == 0'],
    ['what a rebuild left', 'scenedim_accounts{command="sync",state="held"}', 'scenedim_accounts{state="held"}'],
    ['the wrong state', 'state="held"', 'state="failed"'],
    ['the wrong kind', 'kind="roster_shrunk"', 'kind="roster"'],
    ['the code of one command', '{code="log_shortened"}', '{code="log_shortened",kind="failed"}'],
    ['the wrong code', 'code="source_unreachable"', 'code="out_of_time",x="y"'],
    ['another age', '2 * 86400', '3 * 86400'],
    ['another severity', 'severity: critical', 'severity: warning'],
    ['another description', 'for a suspended CronJob', 'for a CronJob'],
  ])('with %s do not pass their tests', async (_, before, after) => {
    const { rules, tests } = await alertsWith('alerts.yaml', before, after);
    expect([rules.code, tests.code, tests.said]).toEqual([0, 1, expect.stringContaining('FAILED')]);
  });

  test('have no test that says what is not so', async () => {
    const { tests } = await alertsWith('alerts.test.yaml', 'eval_time: 6h5m', 'eval_time: 5h');
    expect(tests.code).toBe(1);
  });
});

describeWithTool('a real Pushgateway', prometheusTools, () => {
  let gateway: Daemon;
  beforeAll(async () => {
    gateway = await startPushgateway();
  });
  afterAll(() => gateway[Symbol.asyncDispose]());

  const push = async (...args: readonly string[]) => {
    const result = await workspace.run([...args, '--log-format', 'json', '--pushgateway', gateway.url]);
    expect(result.stderr).not.toContain('was not told');
    return result.code;
  };
  const samples = async (name: string) =>
    (await gateway.get('/metrics')).split('\n').filter((line) => line.startsWith(`${name}{`));

  test('takes every command in its own group, and keeps what a later run does not know', async () => {
    const runs = [['sync'], ['sync', '--shard', '0/2'], ['sync', '--shard', '1/2'], ['verify'], ['rebuild']];
    for (const args of runs) expect(await push(...args)).toBe(0);
    const successes = await samples('scenedim_last_success_timestamp_seconds');
    expect(successes).toHaveLength(runs.length);
    for (const sample of successes) {
      expect(sample).toContain('job="scenedim"');
      expect(sample).toContain(`target="file/${join(workspace.directory, 'db')}.scene"`);
    }
    const [before] = (await samples('scenedim_last_success_timestamp_seconds')).filter(isWholeSync);
    simulator.inject({ fault: 'unknown_code', times: 'always' });
    expect(await push('sync')).toBe(75);
    simulator.clearFaults();
    expect((await samples('scenedim_last_success_timestamp_seconds')).filter(isWholeSync)).toEqual([before]);
    expect((await samples('scenedim_run_success')).filter(isWholeSync)).toEqual([expect.stringMatching(/ 0$/)]);
    expect(
      (await samples('scenedim_accounts')).filter(isWholeSync).filter((line) => line.includes('"failed"')),
    ).toEqual([expect.stringMatching(/ 2$/)]);
    expect(await push('sync', '--config', 'nowhere.yaml')).toBe(78);
    expect(await samples('scenedim_run_success')).toHaveLength(runs.length + 1);
    const { code, said } = await checkMetrics(ours(await gateway.get('/metrics')));
    expect([code, said]).toEqual([0, '']);
  });

  test('says why it refuses a push, which the log of the run tells', async () => {
    await using taken = await startPushgateway();
    const body = '# TYPE scenedim_run_success counter\nscenedim_run_success 1\n';
    expect((await fetch(`${taken.url}/metrics/job/other`, { method: 'POST', body })).status).toBe(200);
    const { code, stderr } = await workspace.run(['verify', '--log-format', 'json', '--pushgateway', taken.url]);
    expect([code, stderr]).toEqual([0, expect.stringContaining(`${taken.url} answered HTTP 400: pushed metrics are `)]);
  });

  test('is scraped by Prometheus, whose alerts see who fails', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'scenedim-prometheus-'));
    const scrape = {
      job_name: 'pushgateway',
      honor_labels: true,
      static_configs: [{ targets: [new URL(gateway.url).host] }],
    };
    const config = {
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      rule_files: [`${root}config/monitoring/alerts.yaml`],
      scrape_configs: [scrape],
    };
    await writeFile(join(folder.path, 'prometheus.yml'), JSON.stringify(config));
    simulator.inject({ fault: 'unknown_code', times: 'always' });
    expect(await push('sync')).toBe(75);
    simulator.clearFaults();
    expect(await push('sync', '--config', 'nowhere.yaml')).toBe(78);
    await using prometheus = await startPrometheus(folder.path);
    const rules = async () => {
      const { data } = JSON.parse(await prometheus.get('/api/v1/rules'));
      return data.groups[0].rules as readonly { name: string; health: string; state: string; alerts: object[] }[];
    };
    const target = `file/${join(workspace.directory, 'db')}.scene`;
    const failing = async () => (await rules()).find(({ name }) => name === 'ScenedimFailing')?.alerts;
    const alert = (labels: object) =>
      expect.objectContaining({
        state: 'pending',
        labels: { alertname: 'ScenedimFailing', severity: 'warning', ...labels },
      });
    const labels = { command: 'sync', job: 'scenedim' };
    const expected = expect.arrayContaining([alert({ ...labels, target }), alert(labels)]);
    await expect.poll(failing, { timeout: 60_000 }).toEqual(expected);
    expect((await rules()).map(({ health }) => health)).toEqual(Array(8).fill('ok'));
  });

  function isWholeSync(line: string): boolean {
    return line.includes('command="sync"') && line.includes('target="') && !line.includes('shard="');
  }
});

describeWithTool('node_exporter', prometheusTools, () => {
  test('reads the files of commands and shards beside each other', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'scenedim-textfile-'));
    const runs = {
      sync: ['sync'],
      shard: ['sync', '--shard', '0/2'],
      verify: ['verify'],
      unread: ['sync', '-c', 'no'],
    };
    for (const [name, args] of Object.entries(runs)) {
      await workspace.run([...args, '--metrics-file', join(folder.path, `${name}.prom`)]);
    }
    await using exporter = await startNodeExporter(folder.path);
    const scraped = await exporter.get('/metrics');
    expect(scraped).toContain('node_textfile_scrape_error 0\n');
    expect(scraped.match(/^scenedim_run_success\{.*$/gm)).toHaveLength(4);
    expect(scraped.match(/^scenedim_last_success_timestamp_seconds\{.*$/gm)).toHaveLength(3);
  });
});

/** The metrics of a scrape that are of this program. */
function ours(scraped: string): string {
  return `${scraped
    .split('\n')
    .filter((line) => /^(?:# \w+ )?scenedim_/.test(line))
    .join('\n')}\n`;
}
