import type { RunReport } from '../pipeline/run/run-report.ts';

/** How a run ended, as far as it is worth a metric. */
export interface RunMetrics {
  /** `sync` or `replay`. */
  readonly command: string;
  /** Null when it failed before there was a report. */
  readonly report: RunReport | null;
  readonly exitCode: number;
  readonly durationMs: number;
  /** Milliseconds since 1970. */
  readonly finishedAtMs: number;
}

/**
 * The last run in the Prometheus text format, for the textfile collector of node_exporter. All are
 * gauges, since each file tells about one run. `exit_code` and `finished_timestamp_seconds` are
 * always there: alert on either.
 */
export function renderPrometheusMetrics(metrics: RunMetrics): string {
  const { report } = metrics;
  const base = `command="${escapeLabel(metrics.command)}"`;
  const lines: string[] = [];
  const gauge = (name: string, help: string, samples: Readonly<Record<string, number>>, label?: string): void => {
    lines.push(`# HELP scenedim_run_${name} ${help}`, `# TYPE scenedim_run_${name} gauge`);
    for (const [value, sample] of Object.entries(samples)) {
      const labels = label === undefined ? base : `${base},${label}="${escapeLabel(value)}"`;
      lines.push(`scenedim_run_${name}{${labels}} ${sample}`);
    }
  };
  gauge('finished_timestamp_seconds', 'When the last run ended, since 1970.', { '': metrics.finishedAtMs / 1000 });
  gauge('duration_seconds', 'How long the last run took.', { '': metrics.durationMs / 1000 });
  gauge('exit_code', 'Exit status of the last run; 0 is success.', { '': metrics.exitCode });
  if (report !== null) {
    gauge('accounts', 'Accounts of the last run by what became of them.', report.accounts, 'state');
    gauge('observations', 'Observations of the last run.', report.observations, 'result');
    gauge('versions', 'Rows of dim_scene that the last run changed.', report.versions, 'change');
    gauge('rejected_rows', 'Rows of answers that the last run could not use.', { '': report.rejects });
    gauge('problems', 'Problems of the last run.', { '': report.problems_total });
  }
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
