import type { Command } from 'commander';
import { ScenedimError } from '../../errors.ts';
import type { RunAction } from '../session/run-action.ts';
import type { CommonOptions, Session } from '../session/session.ts';
import { withTarget } from '../target/with-target.ts';
import { checkJoin, type JoinQuestion } from './check-join.ts';
import { renderJoinReport } from './render-join-report.ts';

export const description =
  'Checks a table of visits in the target: which share of them a join to scene_history gives a name, why the others get ' +
  'none, and which SQL is right. Only reads. Exits with 65 when visits get no name, or may get a wrong one.';

export const examples = [
  [
    'join-check --table logs.visit --scene-column access_source --app-id-column app_id --time-column visited_at',
    'a table of access sources',
  ],
  [
    'join-check --table logs.visit --scene-column launch_scene --bridge --app-id-column app_id --time-column visited_at',
    'one of launch scenes, for a query that goes over access_source_of',
  ],
  [
    'join-check --table visit --scene-column access_source --sample 100000',
    'some rows only; one account, names of today',
  ],
] as const;

type JoinCheckFlags = CommonOptions & JoinQuestion;

export function define(command: Command, run: RunAction): void {
  command
    .requiredOption('--table <name>', 'table or view of the target, as in a query: visit, logs.visit, "Logs"."Visit"')
    .requiredOption('--scene-column <name>', 'column with the codes')
    .option('--app-id-column <name>', 'column with the app ids (default: all visits are of the one account)')
    .option('--time-column <name>', 'column with the times or days (default: join the names of today)')
    .option('--bridge', 'check a query that goes over access_source_of, because the codes are launch scenes')
    .option('--sample <n>', 'look at this many rows only', parseSample)
    .option('--yes', 'check even when BigQuery would bill more than 1 GiB')
    .action(
      run<JoinCheckFlags>(async (session, flags) => {
        const config = await session.loadConfig();
        const report = await withTarget(session, config, { label: 'join-check' }, ({ loader }) =>
          checkJoin(loader, flags, { signal: session.signal, tell: (message) => tell(session, message) }),
        );
        const { out } = session;
        if (flags.json === true) await out.printJson(report);
        else {
          const options = { paint: out.paint, width: out.columns, isBrief: flags.quiet === true };
          await out.print(renderJoinReport(report, options));
        }
        return report.findings.some(({ level }) => level === 'error') ? 65 : 0;
      }),
    );
}

function parseSample(text: string): number {
  if (/^[1-9]\d{0,11}$/.test(text)) return Number(text);
  throw new ScenedimError('usage', `--sample: "${text}" is not a number of rows`, {
    remedy: 'write a whole number from 1, like 100000',
  });
}

/** Progress and costs go to standard error: a line on a terminal, else one of the log. */
function tell({ screen, logger, options }: Session, message: string): void {
  if (!screen.isTerminal) logger.info({}, message);
  else if (options.quiet !== true) screen.write(`${message}\n`);
}
