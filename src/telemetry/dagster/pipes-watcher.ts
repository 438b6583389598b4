import type { RunReport } from '../../pipeline/run/run-report.ts';
import type { Redactor } from '../../secrets/redact.ts';
import { redactedJson } from '../redacted-json.ts';
import type { EndedRun, ReportDocument, RunWatcher } from '../run-watcher.ts';
import { MarkdownTable } from './markdown-table.ts';
import { NotedChanges } from './noted-changes.ts';
import { openPipes, type StandardStream } from './pipes-session.ts';

export interface PipesOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly redactor: Pick<Redactor, 'redact'>;
  readonly write: (stream: StandardStream, text: string) => Promise<void>;
}

/**
 * Tells Dagster what a run made, by the protocol of Pipes: a materialization of each asset with counts and changes, and the
 * asset checks that `extras` names. Rejects when the variables of Pipes cannot be read.
 */
export async function createPipesWatcher({ environment, redactor, write }: PipesOptions): Promise<RunWatcher> {
  const session = await openPipes(environment, write);
  const changes = new NotedChanges(redactor.redact);
  let isOpened = false;
  const send = (method: string, parameters: object): Promise<void> =>
    session.send(redactedJson({ __dagster_pipes_version: '0.1', method, params: parameters }, redactor));
  const open = async (): Promise<void> => {
    if (isOpened) return;
    isOpened = true;
    await send('opened', { extras: {} });
  };

  return {
    name: 'Dagster',
    isRequired: false,
    onChanges: (these, known) => changes.add([...these], known),
    started: open,
    async ended(run) {
      await open();
      const { report, error } = run;
      if (isRunReport(report)) {
        const metadata = metadataOf(report, changes);
        for (const asset_key of session.assetKeys) {
          await send('report_asset_materialization', { asset_key, data_version: null, metadata });
        }
        const [asset_key] = session.assetKeys;
        for (const name of session.checks) {
          const check = checks[name]?.({ run, report, changes, redact: redactor.redact });
          if (check !== undefined) await send('report_asset_check', { asset_key, check_name: name, ...check });
        }
      }
      const exception = error && { name: error.code, message: error.message, stack: [], cause: null, context: null };
      await send('closed', exception === null ? {} : { exception });
    },
  };
}

function isRunReport(report: ReportDocument | null): report is RunReport {
  return report?.['versions'] !== undefined && report['accounts'] !== undefined && report['problems'] !== undefined;
}

type Metadata = Readonly<Record<string, { readonly type: string; readonly raw_value: unknown }>>;

function metadataOf(report: RunReport, changes: NotedChanges): Metadata {
  const groups = { accounts: report.accounts, observations: report.observations, versions: report.versions };
  const counts = Object.entries(groups).flatMap(([group, values]) =>
    Object.entries(values).map(([name, value]) => [`${group}_${name}`, { type: 'int', raw_value: value }] as const),
  );
  return {
    run_id: { type: 'text', raw_value: report.run_id },
    outcome: { type: 'text', raw_value: report.outcome },
    ...Object.fromEntries(counts),
    rejects: { type: 'int', raw_value: report.rejects },
    problems: { type: 'int', raw_value: report.problems_total },
    changes: { type: 'md', raw_value: changes.all.render() },
  };
}

interface Check {
  readonly passed: boolean;
  readonly severity: 'WARN' | 'ERROR';
  readonly metadata: Metadata;
}

interface Checked {
  readonly run: EndedRun;
  readonly report: RunReport;
  readonly changes: NotedChanges;
  readonly redact: (text: string) => string;
}

/** The checks that there are. */
const checks: Readonly<Record<string, (of: Checked) => Check>> = {
  /** Nothing waits for a decision: no answer is held, and no other data was refused. */
  held({ run: { exitCode }, report: { accounts, problems }, redact }) {
    const table = new MarkdownTable(redact, 'account', 'problem', 'message', 'remedy');
    for (const { app_id, kind, message, remedy } of problems) table.add(app_id ?? '', kind, message, remedy ?? '');
    return {
      passed: accounts.held === 0 && exitCode !== 65,
      severity: 'ERROR',
      metadata: {
        held: { type: 'int', raw_value: accounts.held },
        problems: { type: 'md', raw_value: table.render() },
      },
    };
  },
  /** What the run changed agrees with the known access sources. */
  drift({ changes: { drift } }) {
    return {
      passed: drift.total === 0,
      severity: 'WARN',
      metadata: { scenes: { type: 'int', raw_value: drift.total }, drift: { type: 'md', raw_value: drift.render() } },
    };
  },
};
