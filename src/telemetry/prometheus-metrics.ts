import type { RunReport } from '../pipeline/run/run-report.ts';
import type { EndedRun } from './watched-run.ts';

/**
 * The last run in the Prometheus text format, for the textfile collector of node_exporter. All are
 * gauges, since each file tells about one run. `exit_code` and `finished_timestamp_seconds` are
 * always there: alert on either.
 */
export function renderPrometheusMetrics(run: EndedRun): string {
  const base = `command="${escapeLabel(run.command)}"`;
  const lines: string[] = [];
  const gauge = (name: string, help: string, samples: Readonly<Record<string, number>>, label?: string): void => {
    lines.push(`# HELP scenedim_run_${name} ${help}`, `# TYPE scenedim_run_${name} gauge`);
    for (const [value, sample] of Object.entries(samples)) {
      const labels = label === undefined ? base : `${base},${label}="${escapeLabel(value)}"`;
      lines.push(`scenedim_run_${name}{${labels}} ${sample}`);
    }
  };
  gauge('finished_timestamp_seconds', 'When the last run ended, since 1970.', {
    '': Number(run.finishedAt / 1000n) / 1000,
  });
  gauge('duration_seconds', 'How long the last run took.', { '': run.elapsedMs / 1000 });
  gauge('exit_code', 'Exit status of the last run; 0 is success.', { '': run.exitCode });
  const report = run.report as Partial<RunReport> | null;
  const { accounts, observations, versions, rejects, problems_total: problems } = report ?? {};
  if (accounts) gauge('accounts', 'Accounts of the last run by what became of them.', accounts, 'state');
  if (observations) gauge('observations', 'Observations of the last run.', observations, 'result');
  if (versions) gauge('versions', 'Rows of dim_scene that the last run changed.', versions, 'change');
  if (rejects !== undefined)
    gauge('rejected_rows', 'Rows of answers that the last run could not use.', { '': rejects });
  if (problems !== undefined) gauge('problems', 'Problems of the last run.', { '': problems });
  const usage = report?.usage;
  if (usage !== undefined) {
    gauge('target_jobs', 'Jobs of the last run in the target.', { '': usage.jobs });
    gauge('target_billed_bytes', 'Bytes that the target billed for the last run.', { '': usage.bytes_billed });
  }
  return `${lines.join('\n')}\n`;
}

function escapeLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
