import { describe, expect, test } from 'vitest';
import { renderPrometheusMetrics } from '../../../src/telemetry/prometheus-metrics.ts';
import { endedRun } from './ended-run.ts';

describe('metrics of a run', () => {
  const line = /^(?:# HELP [a-z_]+ .+|# TYPE [a-z_]+ gauge|[a-z_]+\{[a-z]+="[^"]*"(?:,[a-z]+="[^"]*")?\} [0-9.e+-]+)$/;

  test('are the Prometheus text format, each name with help and type first', () => {
    const usage = { jobs: 12, bytes_billed: 20_971_520 };
    const text = renderPrometheusMetrics(endedRun({ exitCode: 75, report: { usage } }));
    expect(text.endsWith('\n')).toBe(true);
    const lines = text.trimEnd().split('\n');
    expect(lines.filter((each) => !line.test(each))).toEqual([]);
    expect(text).toContain('scenedim_run_accounts{command="sync",state="unchanged"} 1201\n');
    expect(text).toContain('scenedim_run_exit_code{command="sync"} 75\n');
    expect(text).toContain('scenedim_run_target_jobs{command="sync"} 12\n');
    expect(text).toContain('scenedim_run_target_billed_bytes{command="sync"} 20971520\n');
    expect(text).toContain('scenedim_run_finished_timestamp_seconds{command="sync"} 1700000000.5\n');
  });

  test('are there without a report too', () => {
    const text = renderPrometheusMetrics({ ...endedRun({ exitCode: 69 }), report: null });
    expect(text).toContain('scenedim_run_exit_code{command="sync"} 69\n');
    expect(text).not.toContain('scenedim_run_accounts');
    expect(text).not.toContain('billed');
  });
});
