import type { Command } from 'commander';
import { formatDuration, requireDuration } from '../../config/duration.ts';
import type { Config } from '../../config/load-config.ts';
import { errorCodes, ScenedimError } from '../../errors.ts';
import type { Micros } from '../../instant.ts';
import { requireSchema } from '../../pipeline/run/require-target.ts';
import type { RunContext } from '../../pipeline/run/run-context.ts';
import { formatCount } from '../../report/format-count.ts';
import { renderTable } from '../../report/table.ts';
import { explainHeld } from '../decision/explain-held.ts';
import { addAppIds } from '../session/app-ids-option.ts';
import type { RunAction } from '../session/run-action.ts';
import type { CommonOptions, Session } from '../session/session.ts';
import { type AccountStanding, accountStates, readStandings, stateOf } from '../target/account-standing.ts';
import { findStale } from '../target/find-stale.ts';
import { readCredentialKinds } from '../target/listed-accounts.ts';
import { withTarget } from '../target/with-target.ts';
import { toStatusRow } from './status-document.ts';
import { renderRemedies } from './status-remedies.ts';

export const description = 'Shows how fresh each account is, its last error, and what waits for a decision.';

export const examples = [
  ['status', 'a table'],
  ['status --fail-stale 2d', 'for a monitor: exit 75 when an account has no ok answer for two days'],
  ['status --json | jq \'.accounts[] | select(.state != "ok")\'', 'for scripts'],
] as const;

interface StatusFlags extends CommonOptions {
  readonly appId?: readonly string[];
  readonly all?: true;
  /** Milliseconds. */
  readonly failStale?: number;
}

/** Accounts shown without `--all`; those with a problem come first. */
const SHOWN = 50;

/** Stale accounts are named up to this many. */
const NAMED = 20;

export function define(command: Command, run: RunAction): void {
  addAppIds(command, 'only this account (repeatable)')
    .option('--all', `show every account (default: ${SHOWN}, those with a problem first)`)
    .option('--fail-stale <duration>', 'exit with 75 when an account has no ok answer for this long, like 2d', (text) =>
      requireDuration(text, '--fail-stale'),
    )
    .action(
      run<StatusFlags>(async (session, flags) => {
        const config = await session.loadConfig();
        return await withTarget(session, config, { label: 'status' }, async (context) => {
          await requireSchema(context.loader, session.signal);
          await (flags.json === true
            ? printJson(session, context, flags)
            : printTable(session, config, context, flags));
          return await tellStale(session, config, context, flags);
        });
      }),
    );
}

/** Tells on standard error which accounts are stale, with `--fail-stale`. Resolves with the exit status. */
async function tellStale(session: Session, config: Config, context: RunContext, flags: StatusFlags): Promise<number> {
  if (flags.failStale === undefined) return 0;
  const stale: string[] = [];
  for await (const { appId } of findStale(session, config, context, flags.failStale)) {
    if (flags.appId?.includes(appId) ?? true) stale.push(appId);
  }
  if (stale.length === 0) return 0;
  const more = stale.length > NAMED ? ` and ${formatCount(stale.length - NAMED)} more` : '';
  const message = `without an ok answer for ${formatDuration(flags.failStale)}: ${stale.slice(0, NAMED).join(', ')}${more}`;
  session.showError(
    new ScenedimError('source_failed', message, { remedy: 'scenedim sync asks them; scenedim check tells more' }),
  );
  return errorCodes.source_failed.exitCode;
}

function standingsOf({ loader, signal }: RunContext, { appId }: StatusFlags): AsyncIterable<AccountStanding> {
  return readStandings(loader, appId === undefined ? {} : { appIds: appId }, signal);
}

/** One document, written piece by piece: there may be 100,000 accounts. */
async function printJson({ out }: Session, context: RunContext, flags: StatusFlags): Promise<void> {
  let total = 0;
  let text = '{"accounts":[';
  for await (const standing of standingsOf(context, flags)) {
    text += `${total === 0 ? '' : ','}\n${JSON.stringify(toStatusRow(standing))}`;
    total += 1;
    if (text.length < 65_536) continue;
    await out.print(text);
    text = '';
  }
  await out.print(`${text}\n],"accounts_total":${total}}\n`);
}

async function printTable(session: Session, config: Config, context: RunContext, flags: StatusFlags): Promise<void> {
  const { out } = session;
  const limit = flags.all === true ? Number.POSITIVE_INFINITY : SHOWN;
  const counts = Object.fromEntries(accountStates.map((state) => [state, 0]));
  const well: AccountStanding[] = [];
  const troubled: AccountStanding[] = [];
  let total = 0;
  for await (const standing of standingsOf(context, flags)) {
    const state = stateOf(standing);
    total += 1;
    counts[state] = (counts[state] ?? 0) + 1;
    const list = state === 'ok' ? well : troubled;
    if (list.length < limit) list.push(standing);
  }
  if (total === 0) {
    const which = flags.appId === undefined ? 'no account' : 'none of these accounts';
    return out.print(`${which} has answered yet; \`scenedim sync\` fetches them\n`);
  }
  const shown = [...troubled, ...well].slice(0, limit);
  const now = context.clock.now();
  const rows = shown.map((standing) => rowOf(standing, now));
  const words = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${formatCount(count)} ${state.replaceAll('_', ' ')}`)
    .join(', ');
  const more = total > shown.length ? `… and ${formatCount(total - shown.length)} more; --all shows them\n` : '';
  const failed = shown.flatMap(({ head }) => (head.lastErrorCode === null ? [] : [head.appId]));
  const kinds = await readCredentialKinds(session, config, context.loader, new Set(failed));
  const effects = await explainHeld(context.loader, shown, session.signal);
  const remedies = renderRemedies(shown, effects, kinds, now, out.paint);
  const table = renderTable(columns, rows, { paint: out.paint, width: out.columns });
  const summary = `${formatCount(total, 'account')}: ${words}\n`;
  await out.print(`${table}${more}\n${remedies === '' ? '' : `${remedies}\n`}${summary}`);
}

const columns = [
  { header: 'account', shrinks: true },
  { header: 'state' },
  { header: 'last ok' },
  { header: 'last attempt' },
  { header: 'last error' },
];

function rowOf(standing: AccountStanding, now: Micros): readonly string[] {
  const { appId, lastOkAt, lastAttemptAt, lastErrorCode } = standing.head;
  const state = stateOf(standing).replaceAll('_', ' ');
  return [appId, state, ago(lastOkAt, now), ago(lastAttemptAt, now), lastErrorCode ?? ''];
}

function ago(instant: Micros | null, now: Micros): string {
  if (instant === null) return 'never';
  const ms = Number((now - instant) / 1000n);
  return ms < 0 ? `in ${formatDuration(-ms)}` : `${formatDuration(ms)} ago`;
}
