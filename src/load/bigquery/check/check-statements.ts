import type { Finding } from '../../loader.ts';
import { grantDataEditor } from '../errors/grants.ts';
import { dryRun, type JobRunner } from '../jobs/run-job.ts';
import { queryConfiguration } from '../jobs/run-query.ts';
import { namesOf } from './check-rights.ts';
import { errorFinding, isDenied } from './error-finding.ts';
import { dryRunQuery, emptyRowSources, type NamedStatement, namedStatements } from './every-statement.ts';

/** Dry runs at the same time. */
const SIDE_BY_SIDE = 4;

/** Has BigQuery look at each statement of a run: its text, its tables and our rights on them. */
export async function checkStatements(runner: JobRunner, signal: AbortSignal): Promise<Finding> {
  const queue = namedStatements(runner.config, emptyRowSources()).filter((each) => isForDryRun(runner, each));
  const count = queue.length;
  const refused: Finding[] = [];
  const work = async (): Promise<void> => {
    for (let statement = queue.shift(); statement !== undefined; statement = queue.shift()) {
      const finding = await refusal(runner, statement, signal);
      if (finding !== null) refused.push(finding);
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work));
  const [first] = refused;
  return first === undefined
    ? { level: 'ok', subject: 'statements', message: `BigQuery accepts all ${count}, rights included` }
    : { ...first, message: `${refused.length} of ${count} refused; the first: ${first.message}` };
}

/** BEGIN, COMMIT and a number of written rows mean nothing alone; an emulator runs a MERGE, but cannot dry-run it. */
function isForDryRun({ config }: JobRunner, { sql }: NamedStatement): boolean {
  return (
    !/^(?:BEGIN TRANSACTION$|COMMIT TRANSACTION$|ASSERT @@row_count)/.test(sql) &&
    !(config.apiEndpoint !== undefined && sql.startsWith('MERGE '))
  );
}

async function refusal(runner: JobRunner, statement: NamedStatement, signal: AbortSignal): Promise<Finding | null> {
  try {
    await dryRun(runner, queryConfiguration(dryRunQuery(statement)), signal);
    return null;
  } catch (error) {
    if (signal.aborted) throw error;
    const names = namesOf(runner);
    const finding = errorFinding(error, names);
    return {
      ...finding,
      message: `${statement.name}: ${finding.message}`,
      ...(isDenied(error, names) ? { remedy: grantDataEditor(names) } : {}),
    };
  }
}
