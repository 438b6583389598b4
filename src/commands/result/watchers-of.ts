import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { messageOf } from '../../error-text.ts';
import type { EndedRun, RunWatcher } from '../../telemetry/run-watcher.ts';
import type { Session } from '../session/session.ts';
import { metricsFileWatcher, pushgatewayWatchers } from './metrics-watchers.ts';
import type { WatchOptions } from './watch-options.ts';
import { writeFileAtomically } from './write-file-atomically.ts';

/** Airflow's KubernetesPodOperator takes the result of a task from a file in it. */
const XCOM_FOLDER = '/airflow/xcom';

/** Everybody who watches a run of this session: by an option, or because of what is around the process. */
export async function watchersOf(
  session: Session,
  command: string,
  { metricsFile, pushgateway, summaryFile }: WatchOptions,
): Promise<readonly RunWatcher[]> {
  // A plan makes nothing, and a variable must not make a run of it.
  const watchers: (RunWatcher | null)[] = command === 'plan' ? [] : [...pushgatewayWatchers(session, pushgateway)];
  if (metricsFile !== undefined) watchers.push(metricsFileWatcher(session, metricsFile));
  if (summaryFile !== undefined) {
    watchers.push(fileWatcher(session, { name: '--summary-file', path: summaryFile }, summaryText));
  }
  if (existsSync(XCOM_FOLDER)) {
    const xcom = { name: 'XCom', path: `${XCOM_FOLDER}/return.json`, isRequired: false };
    watchers.push(fileWatcher(session, xcom, summaryText));
  }
  if (command !== 'plan' && mayHaveLineage(session)) watchers.push(await lineageWatcher(session));
  if (command !== 'plan' && session.environment['DAGSTER_PIPES_CONTEXT']) watchers.push(await dagsterWatcher(session));
  return watchers.filter((watcher) => watcher !== null);
}

/** True when there is something to read; nothing of it is loaded else. */
function mayHaveLineage({ environment, workingDirectory }: Session): boolean {
  const files = [workingDirectory, join(environment['HOME'] || workingDirectory, '.openlineage')];
  return (
    Object.keys(environment).some((name) => name.startsWith('OPENLINEAGE_')) ||
    files.some((folder) => existsSync(join(folder, 'openlineage.yml')))
  );
}

async function lineageWatcher(session: Session): Promise<RunWatcher | null> {
  const { environment, workingDirectory, redactor, logger } = session;
  const warn = (message: string): void => logger.warn({ error: redactor.redact(message) }, 'OpenLineage');
  const log = (event: string): void => logger.info({ event: JSON.parse(event) }, 'OpenLineage event');
  try {
    const { createLineageWatcher } = await import('../../telemetry/lineage/lineage-watcher.ts');
    return await createLineageWatcher({ environment, workingDirectory, redactor, warn, log });
  } catch (error) {
    warn(messageOf(error));
    return null;
  }
}

async function dagsterWatcher({ environment, redactor, logger, out, screen }: Session): Promise<RunWatcher | null> {
  const write = async (stream: 'stdout' | 'stderr', text: string): Promise<void> =>
    stream === 'stdout' ? await out.print(text) : screen.write(text);
  try {
    const { createPipesWatcher } = await import('../../telemetry/dagster/pipes-watcher.ts');
    return await createPipesWatcher({ environment, redactor, write });
  } catch (error) {
    logger.warn({ error: redactor.redact(messageOf(error)) }, 'Dagster');
    return null;
  }
}

interface WatcherFile {
  readonly name: string;
  readonly path: string;
  /** Default true. */
  readonly isRequired?: boolean;
}

function fileWatcher(
  { workingDirectory }: Session,
  { name, path, isRequired = true }: WatcherFile,
  render: (run: EndedRun) => string,
): RunWatcher {
  return {
    name,
    isRequired,
    async ended(run, signal) {
      await writeFileAtomically(resolve(workingDirectory, path), [render(run)], signal);
    },
  };
}

/** The document that `--json` prints. */
function summaryText({ report, error }: EndedRun): string {
  return `${JSON.stringify(report ?? { error })}\n`;
}
