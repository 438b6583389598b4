import type { Command } from 'commander';
import { formatDuration } from '../../config/duration.ts';
import type { AccountHead } from '../../dimension/account-head.ts';
import type { Micros } from '../../instant.ts';
import { requireSchema } from '../../pipeline/run/prepare-target.ts';
import type { RunContext } from '../../pipeline/run/run-context.ts';
import { formatCount } from '../../report/format-count.ts';
import { renderTable } from '../../report/table.ts';
import { examples } from '../session/examples.ts';
import type { RunAction } from '../session/run-action.ts';
import type { CommonOptions, Session } from '../session/session.ts';
import { accountStates, stateOf } from '../work/account-state.ts';
import { addAppIds } from '../work/sync-options.ts';
import { withTarget } from '../work/with-target.ts';
import { toStatusRow } from './status-document.ts';
import { renderRemedies } from './status-remedies.ts';

interface StatusFlags extends CommonOptions {
  readonly appId?: readonly string[];
  readonly all?: true;
}

/** Accounts shown without `--all`; those with a problem come first. */
const SHOWN = 50;

export function define(command: Command, run: RunAction): void {
  addAppIds(command, 'only this account (repeatable)')
    .description('Shows how fresh each account is, its last error, and what waits for a decision.')
    .option('--all', `show every account (default: ${SHOWN}, those with a problem first)`)
    .addHelpText(
      'after',
      examples([
        ['status', 'a table'],
        ['status --json | jq \'.accounts[] | select(.state != "ok")\'', 'for scripts'],
      ]),
    )
    .action(
      run<StatusFlags>(async (session, flags) => {
        const config = await session.loadConfig();
        await withTarget(session, config, { label: 'status', readOnly: true }, async (context) => {
          await requireSchema(context.loader, session.signal);
          await (flags.json === true ? printJson(session, context, flags) : printTable(session, context, flags));
        });
        return 0;
      }),
    );
}

function readHeads({ loader, signal }: RunContext, { appId }: StatusFlags): AsyncIterable<AccountHead> {
  return loader.readHeads(appId === undefined ? {} : { appIds: appId }, signal);
}

/** One document, written piece by piece: there may be 100,000 accounts. */
async function printJson({ out }: Session, context: RunContext, flags: StatusFlags): Promise<void> {
  let total = 0;
  let text = '{"accounts":[';
  for await (const head of readHeads(context, flags)) {
    text += `${total === 0 ? '' : ','}\n${JSON.stringify(toStatusRow(head))}`;
    total += 1;
    if (text.length < 65_536) continue;
    await out.print(text);
    text = '';
  }
  await out.print(`${text}\n],"accounts_total":${total}}\n`);
}

async function printTable({ out }: Session, context: RunContext, flags: StatusFlags): Promise<void> {
  const limit = flags.all === true ? Number.POSITIVE_INFINITY : SHOWN;
  const counts = Object.fromEntries(accountStates.map((state) => [state, 0]));
  const well: AccountHead[] = [];
  const troubled: AccountHead[] = [];
  let total = 0;
  for await (const head of readHeads(context, flags)) {
    const state = stateOf(head);
    total += 1;
    counts[state] = (counts[state] ?? 0) + 1;
    const list = state === 'ok' ? well : troubled;
    if (list.length < limit) list.push(head);
  }
  if (total === 0) {
    const which = flags.appId === undefined ? 'no account' : 'none of these accounts';
    return out.print(`${which} has answered yet; \`scenedim sync\` fetches them\n`);
  }
  const shown = [...troubled, ...well].slice(0, limit);
  const now = context.clock.now();
  const columns = [
    { header: 'account', shrinks: true },
    { header: 'state' },
    { header: 'last ok' },
    { header: 'last attempt' },
    { header: 'last error' },
  ];
  const rows = shown.map((head) => [
    head.appId,
    stateOf(head).replaceAll('_', ' '),
    ago(head.lastOkAt, now),
    ago(head.lastAttemptAt, now),
    head.lastErrorCode ?? '',
  ]);
  const words = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${formatCount(count)} ${state.replaceAll('_', ' ')}`)
    .join(', ');
  const more = total > shown.length ? `… and ${formatCount(total - shown.length)} more; --all shows them\n` : '';
  const remedies = renderRemedies(shown, out.paint);
  const table = renderTable(columns, rows, { paint: out.paint, width: out.columns });
  const summary = `${formatCount(total, 'account')}: ${words}\n`;
  await out.print(`${table}${more}\n${remedies === '' ? '' : `${remedies}\n`}${summary}`);
}

function ago(instant: Micros | null, now: Micros): string {
  if (instant === null) return 'never';
  return `${formatDuration(Number((now - instant) / 1000n))} ago`;
}
