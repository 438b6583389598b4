import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { messageOf } from '../../error-text.ts';
import { findLineageFile } from '../../telemetry/find-lineage-file.ts';
import type { RunWatcher } from '../../telemetry/run-watcher.ts';
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
  const documents = [
    ...(summaryFile === undefined ? [] : [documentWatcher(session, '--summary-file', summaryFile, true)]),
    ...(existsSync(XCOM_FOLDER) ? [documentWatcher(session, 'XCom', `${XCOM_FOLDER}/return.json`, false)] : []),
  ];
  // A plan changes nothing: a variable that is set for runs must not report it as one.
  if (command === 'plan') return documents;
  return [
    ...documents,
    ...(metricsFile === undefined ? [] : [metricsFileWatcher(session, metricsFile)]),
    ...pushgatewayWatchers(session, pushgateway),
    ...(await lineageWatchers(session)),
    ...(await dagsterWatchers(session)),
  ];
}

/** Writes the document that `--json` prints into a file. */
function documentWatcher({ workingDirectory }: Session, name: string, path: string, isRequired: boolean): RunWatcher {
  return {
    name,
    isRequired,
    async ended({ report, error }, signal) {
      const document = `${JSON.stringify(report ?? { error })}\n`;
      await writeFileAtomically(resolve(workingDirectory, path), [document], signal);
    },
  };
}

/** Empty, and nothing of it is loaded, where neither a variable nor a file says where events go. */
async function lineageWatchers(session: Session): Promise<readonly RunWatcher[]> {
  const { environment, workingDirectory, redactor, logger } = session;
  const isNamed = Object.keys(environment).some((name) => name.startsWith('OPENLINEAGE_'));
  if (!isNamed && findLineageFile(environment, workingDirectory) === undefined) return [];
  const warn = (message: string): void => logger.warn({ error: redactor.redact(message) }, 'OpenLineage');
  const log = (event: string): void => logger.info({ event: JSON.parse(event) }, 'OpenLineage event');
  try {
    const { createLineageWatcher } = await import('../../telemetry/lineage/lineage-watcher.ts');
    const watcher = await createLineageWatcher({ environment, workingDirectory, redactor, warn, log });
    return watcher === null ? [] : [watcher];
  } catch (error) {
    warn(messageOf(error));
    return [];
  }
}

/** Empty where Dagster did not start this process. */
async function dagsterWatchers({
  environment,
  redactor,
  logger,
  out,
  screen,
}: Session): Promise<readonly RunWatcher[]> {
  if (!environment['DAGSTER_PIPES_CONTEXT']) return [];
  const write = async (stream: 'stdout' | 'stderr', text: string): Promise<void> =>
    stream === 'stdout' ? await out.print(text) : screen.write(text);
  try {
    const { createPipesWatcher } = await import('../../telemetry/dagster/pipes-watcher.ts');
    return [await createPipesWatcher({ environment, redactor, write })];
  } catch (error) {
    logger.warn({ error: redactor.redact(messageOf(error)) }, 'Dagster');
    return [];
  }
}
