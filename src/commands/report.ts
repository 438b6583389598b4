import type { Command } from 'commander';
import type { Config } from '../config/load-config.ts';
import { ScenedimError } from '../errors.ts';
import type { Micros } from '../instant.ts';
import { requireSchema } from '../pipeline/run/require-target.ts';
import type { RunContext } from '../pipeline/run/run-context.ts';
import type { ReportedAccount, ReportedProblem } from '../report/html/content/report-content.ts';
import { renderReport } from '../report/html/report-page.ts';
import { createZonedTime } from '../report/html/zoned-time.ts';
import { explainHeld } from './decision/explain-held.ts';
import { notesOfChanges, readNotedDecisions } from './decision/noted-decisions.ts';
import { assertOneResult, type ResultOptions, writeResult } from './result/write-result.ts';
import { addAppIds } from './session/app-ids-option.ts';
import type { RunAction } from './session/run-action.ts';
import type { Session } from './session/session.ts';
import { describeHeld, suspended } from './status/status-remedies.ts';
import { type AccountStanding, readStandings, stateOf } from './target/account-standing.ts';
import { type CredentialKinds, readCredentialKinds } from './target/listed-accounts.ts';
import { type Since, sinceOption } from './target/since-option.ts';
import { explainStoredError } from './target/stored-error.ts';
import { describeUnknownAccounts } from './target/unknown-accounts.ts';
import { withTarget } from './target/with-target.ts';

export const description =
  'Writes one HTML page that needs nothing else: the timeline of every scene, what changed, freshness and problems, drift.';

export const examples = [
  ['report --output scenes.html', 'everything, and the changes of 30 days'],
  ['report --since 2026-01-01T00:00:00+08:00 --changed-only --output changes.html', 'what is not as it was'],
] as const;

interface ReportFlags extends ResultOptions {
  readonly appId?: readonly string[];
  readonly changedOnly?: true;
  readonly since: Since;
}

export function define(command: Command, run: RunAction): void {
  addAppIds(command, 'only this account (repeatable)')
    .option('-o, --output <file>', 'write to a file, all or nothing, instead of stdout')
    .addOption(sinceOption('list changes from then on: a time, or how long ago', '30d'))
    .option('--changed-only', 'only scenes that had another name before, or are not in force')
    .action(
      run<ReportFlags>(async (session, flags) => {
        assertOneResult(flags);
        if (flags.output === undefined && session.out.isTerminal) {
          throw new ScenedimError('usage', 'a page of HTML is nothing for a terminal', {
            remedy: 'write it to a file with --output scenes.html, and open that in a browser',
          });
        }
        const config = await session.loadConfig();
        await withTarget(session, config, { label: 'report' }, (context) =>
          writeResult(session, reportOn(session, config, context, flags), flags),
        );
        return 0;
      }),
    );
}

async function* reportOn(
  session: Session,
  config: Config,
  { loader, catalog, clock, signal }: RunContext,
  { appId, since, changedOnly }: ReportFlags,
): AsyncGenerator<string> {
  await requireSchema(loader, signal);
  const query = appId === undefined ? {} : { appIds: appId };
  const unknown = await describeUnknownAccounts(loader, appId ?? [], signal);
  if (unknown !== '') session.logger.warn({}, unknown.trimEnd());
  const standings = await Array.fromAsync(readStandings(loader, query, signal));
  const failed = standings.flatMap(({ head }) => (head.lastErrorCode === null ? [] : [head.appId]));
  const kinds = await readCredentialKinds(session, config, loader, new Set(failed));
  const effects = await explainHeld(loader, standings, signal);
  const decisions = await readNotedDecisions(loader, appId, signal);
  const now = clock.now();
  yield* renderReport({
    now,
    since: since(now),
    zone: createZonedTime(config.dimension.timeZone),
    accounts: standings.map((standing) => accountOf(standing, effects, kinds, now)),
    versions: loader.readVersions(query, signal),
    accessSources: catalog.accessSources,
    noteOf: notesOfChanges(decisions),
    changedOnly: changedOnly === true,
    programVersion: session.programVersion,
  });
}

function accountOf(
  standing: AccountStanding,
  effects: ReadonlyMap<string, string>,
  kinds: CredentialKinds,
  now: Micros,
): ReportedAccount {
  const { head } = standing;
  const error = explainStoredError(head, kinds, now);
  const waiting = [...describeHeld(standing, effects), ...(head.removalsSuspendedSince === null ? [] : [suspended])];
  const problems: ReportedProblem[] = waiting.map(({ subject, what, remedy }) => ({ what: subject + what, remedy }));
  if (error !== null) {
    const told = error.message === null || error.message === '' ? '' : ` (${error.message})`;
    problems.push({ what: `${error.code}: ${error.meaning}${told}`, remedy: error.remedy });
  }
  return {
    appId: head.appId,
    state: stateOf(standing).replaceAll('_', ' '),
    lastOkAt: head.lastOkAt,
    lastAttemptAt: head.lastAttemptAt,
    problems,
  };
}
