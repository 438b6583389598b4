import { describe, expect, test } from 'vitest';
import { metricFamilies, renderPrometheusMetrics } from '../../../src/telemetry/prometheus-metrics.ts';
import { endedRun } from '../../support/ended-run.ts';

const base = 'command="sync",target="postgres://db.example.com:5432/warehouse.scene"';
const success = `scenedim_last_success_timestamp_seconds{${base}}`;
const well = endedRun({ report: { outcome: 'ok' } });
const broken = { ...endedRun({ exitCode: 69 }), report: null };

/** Name and labels of every sample. */
const seriesOf = (text: string) => text.match(/^scenedim_.*(?= \S+$)/gm) ?? [];

describe('metrics of a run', () => {
  const line =
    /^(?:# HELP [a-z_]+ .+|# TYPE [a-z_]+ gauge|[a-z_]+\{[a-z]+="[^"]*"(?:,[a-z]+="[^"]*"){0,4}\} [0-9.e+-]+)$/;

  test('are the Prometheus text format, each name with help and type first', () => {
    const usage = { jobs: 12, bytes_billed: 20_971_520 };
    const text = renderPrometheusMetrics(endedRun({ exitCode: 75, report: { usage } }));
    expect(text.endsWith('\n')).toBe(true);
    const lines = text.trimEnd().split('\n');
    expect(lines.filter((each) => !line.test(each))).toEqual([]);
    expect(text).toContain(`scenedim_run_accounts{${base},state="unchanged"} 1201\n`);
    expect(text).toContain(`scenedim_run_exit_code{${base}} 75\n`);
    expect(text).toContain(`scenedim_run_target_jobs{${base}} 12\n`);
    expect(text).toContain(`scenedim_run_target_billed_bytes{${base}} 20971520\n`);
    expect(text).toContain(`scenedim_run_finished_timestamp_seconds{${base}} 1700000000.5\n`);
    expect(new Set(seriesOf(text)).size).toBe(seriesOf(text).length);
  });

  test('are there without a report too, with the error as a problem of the run', () => {
    const error = { code: 'target_unreachable', message: 'the database is away', remedy: null };
    const text = renderPrometheusMetrics({ ...broken, error });
    expect(text).toContain(`scenedim_run_exit_code{${base}} 69\n`);
    expect(text).toContain(`scenedim_run_problems{${base},kind="run",code="target_unreachable"} 1\n`);
    expect(text).not.toContain('scenedim_run_accounts');
    expect(text).not.toContain('billed');
  });

  test('name the shard, and no target when nobody knows it', () => {
    expect(renderPrometheusMetrics({ ...well, shard: '3/4' })).toContain(
      `scenedim_run_exit_code{${base},shard="3"} 0\n`,
    );
    expect(renderPrometheusMetrics({ ...broken, dataset: null })).toContain(
      'scenedim_run_exit_code{command="sync"} 69\n',
    );
  });

  test('escape what a path may hold', () => {
    const dataset = { namespace: 'file', name: '/a"b\\c\nd.scene' };
    expect(renderPrometheusMetrics({ ...well, dataset })).toContain('target="file//a\\"b\\\\c\\nd.scene"} 0\n');
  });

  test('count problems by kind and code, those that alerts look at also when there is none', () => {
    const text = renderPrometheusMetrics(endedRun());
    expect(text).toContain(`scenedim_run_problems{${base},kind="failed",code="40001"} 2\n`);
    expect(text).toContain(`scenedim_run_problems{${base},kind="failed",code="log_shortened"} 0\n`);
    const report = { outcome: 'refused', accounts: 7 };
    const problemCounts = [{ kind: 'violation', code: 'log_shortened', count: 3 }];
    const verified = renderPrometheusMetrics({ ...broken, command: 'verify', report, problemCounts });
    expect(verified).toContain('kind="violation",code="log_shortened"} 3\n');
    expect(verified).not.toContain('scenedim_run_accounts');
  });

  test('tell how the accounts stand, when that was read', () => {
    const standing = { accounts: { ok: 5, failed: 1 }, oldestAnswerAt: 1_690_000_000_250_000n };
    const text = renderPrometheusMetrics({ ...well, standing });
    expect(text).toContain(`scenedim_oldest_answer_timestamp_seconds{${base}} 1690000000.25\n`);
    expect(text).toContain(`scenedim_accounts{${base},state="failed"} 1\n`);
    const nobody = renderPrometheusMetrics({ ...well, standing: { accounts: { ok: 0 }, oldestAnswerAt: null } });
    expect(nobody).not.toContain('scenedim_oldest_answer');
  });

  test('have the units of Prometheus, and no name twice', () => {
    const names = metricFamilies.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => /_(?:ms|millis|minutes|total|kb|mib)$/.test(name))).toEqual([]);
  });
});

describe('a success', () => {
  const successOf = (over: Parameters<typeof endedRun>[0]) => {
    const [, value] = /^scenedim_run_success\{.*\} (\d)$/m.exec(renderPrometheusMetrics(endedRun(over))) ?? [];
    return value;
  };
  const accounts = { selected: 9, changed: 0, unchanged: 8, held: 1, skipped: 0, failed: 0, fresh: 0, unreached: 0 };

  test.each([
    ['a run that went well', 0, { outcome: 'ok' }, '1'],
    ['one that changed nothing, with a skip code', 99, { outcome: 'nothing_changed' }, '1'],
    ['one of which an answer waits for a decision', 65, { outcome: 'refused', accounts }, '1'],
    ['one of which an account failed', 75, { outcome: 'partial' }, '0'],
    ['a rebuild that refused an account', 65, { outcome: 'refused', accounts: { ...accounts, failed: 1 } }, '0'],
    ['a verify that found something', 65, { outcome: 'refused', accounts: 9 }, '0'],
  ])('of %s: exit %d', (_, exitCode, report, value) => {
    expect(successOf({ exitCode, report })).toBe(value);
  });

  test('is no replay that ended at a bad line, behind which nothing was read', () => {
    const error = { code: 'bad_line', message: 'log.ndjson:7: no JSON', remedy: null };
    expect(successOf({ command: 'replay', exitCode: 65, report: { outcome: 'refused', accounts }, error })).toBe('0');
  });

  test('is none without a report', () => {
    expect(renderPrometheusMetrics(broken)).toContain(`scenedim_run_success{${base}} 0\n`);
  });
});

describe('what stays', () => {
  const standing = { accounts: { ok: 5, failed: 1 }, oldestAnswerAt: 1_690_000_000_000_000n };
  const earlier = renderPrometheusMetrics({ ...well, standing });
  const staying = metricFamilies.filter(({ stays }) => stays).map(({ name }) => name);
  const stayingOf = (text: string) => text.split('\n').filter((each) => staying.some((name) => each.startsWith(name)));
  const later = (run: typeof broken) => ({ ...run, finishedAt: run.finishedAt + 3_600_000_000n });

  test('is taken over by runs that fail, one after the other', () => {
    expect(earlier).toContain(`${success} 1700000000.5\n`);
    const second = renderPrometheusMetrics(later(broken), earlier);
    const third = renderPrometheusMetrics(later(later(broken)), second);
    expect(stayingOf(second)).toHaveLength(4);
    expect([stayingOf(second), stayingOf(third)]).toEqual([stayingOf(earlier), stayingOf(earlier)]);
    expect(third.match(/^# TYPE scenedim_(?!run_).*$/gm)).toHaveLength(3);
  });

  test('is taken over whatever characters the name of the target has', () => {
    const dataset = { namespace: 'file', name: '/a+(b)[c]{d}|$^\\."e"\n*' };
    const before = renderPrometheusMetrics({ ...well, dataset, standing });
    expect(stayingOf(before)).toHaveLength(4);
    for (const run of [broken, { ...broken, dataset: null }]) {
      expect(stayingOf(renderPrometheusMetrics(later({ ...run, dataset: run.dataset && dataset }), before))).toEqual(
        stayingOf(before),
      );
    }
  });

  test('is replaced by a success', () => {
    const text = renderPrometheusMetrics({ ...well, finishedAt: well.finishedAt + 1_000_000n }, earlier);
    expect(text.match(/^scenedim_last_success.*$/gm)).toEqual([`${success} 1700000001.5`]);
  });

  test('survives a run that could not read its config, which knows no target', () => {
    const unknown = renderPrometheusMetrics(later({ ...broken, dataset: null }), earlier);
    expect(stayingOf(unknown)).toEqual(stayingOf(earlier));
    expect(stayingOf(renderPrometheusMetrics(later(broken), unknown))).toEqual(stayingOf(earlier));
  });

  test.each([
    ['another target', { dataset: { namespace: 'bigquery', name: 'p.d' } }],
    ['another command', { command: 'verify' }],
    ['another shard', { shard: '1/2' }],
  ])('is not that of %s', (_, over) => {
    expect(stayingOf(renderPrometheusMetrics(later({ ...broken, ...over }), earlier))).toEqual([]);
  });

  test.each([
    ['nothing', ''],
    ['what is no metrics', '\0\u{fffd}{"a":1}\n{}\n'],
    ['lines of others', `up 1\nprefix_${success} 5\n${success}\n${success} NaN\n${success} 5 1700000000000\n`],
    ['a label that is not ours', `${success.replace('}', ',x="1"}')} 5\n`],
    ['a value that Prometheus would not take', `${success} 0x10\n${success} 1e400\n${success} -5\n`],
    ['a time to come', `${success} 1700003601.5\n`],
  ])('is not taken from %s', (_, strange) => {
    const text = renderPrometheusMetrics({ ...later(broken), finishedAt: 1_700_003_600_000_000n }, strange);
    expect(stayingOf(text)).toEqual([]);
  });

  test('stands once, however often the file had it, also with the lines of Windows around it', () => {
    const text = renderPrometheusMetrics(later(broken), `x\r\n${success} 5\n${success} 6\n`);
    expect(text.match(/^scenedim_last_success.*$/gm)).toEqual([`${success} 6`]);
  });
});
