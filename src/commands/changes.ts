import type { Command } from 'commander';
import * as z from 'zod';
import { compareCodePoints } from '../compare-code-points.ts';
import { type ChangePeriod, type SceneChange, sceneChangeKinds } from '../dimension/scene-changes.ts';
import { ScenedimError } from '../errors.ts';
import { formatInstant, formatInstantShort, type Micros, parseInstant, requireInstant } from '../instant.ts';
import { type Document, time } from '../output-fields.ts';
import { readChanges } from '../pipeline/read-changes.ts';
import { requireSchema } from '../pipeline/run/require-target.ts';
import { formatCount } from '../report/format-count.ts';
import { renderSceneChanges } from '../report/scene-change-table.ts';
import {
  decisionSchema,
  type NotedDecision,
  notesOfChanges,
  readNotedDecisions,
  renderDecisions,
} from './decision/noted-decisions.ts';
import { addAppIds } from './session/app-ids-option.ts';
import type { RunAction } from './session/run-action.ts';
import type { CommonOptions } from './session/session.ts';
import { type Since, sinceOption } from './target/since-option.ts';
import { describeUnknownAccounts } from './target/unknown-accounts.ts';
import { withTarget } from './target/with-target.ts';

export const description =
  'Shows what happened to scenes in a period, by the effective times: opened, renamed, removed, returned. ' +
  'What a first look finds is dated from the beginning (dimension.firstSeen), so it is none. ' +
  'The table function scene_changes gives the same rows in SQL.';

export const examples = [
  ['changes', 'in the last seven days'],
  ['changes --since 2026-03-01T00:00:00+08:00 --until 2026-04-01T00:00:00+08:00', 'in March'],
] as const;

interface ChangesFlags extends CommonOptions {
  readonly appId?: readonly string[];
  readonly since: Since;
  readonly until?: Micros;
}

export function define(command: Command, run: RunAction): void {
  addAppIds(command, 'only this account (repeatable)')
    .addOption(sinceOption('first instant of the period: a time, or how long ago', '7d'))
    .option('--until <time>', 'first instant after the period (default: now)', (text) =>
      requireInstant(text, '--until'),
    )
    .action(
      run<ChangesFlags>(async (session, flags) => {
        const { out, signal } = session;
        const config = await session.loadConfig();
        const found = await withTarget(session, config, { label: 'changes' }, async (context) => {
          const { loader, clock } = context;
          await requireSchema(loader, signal);
          const now = clock.now();
          const period = { since: flags.since(now), until: flags.until ?? now };
          assertPeriod(period, flags);
          const query = { ...period, appIds: flags.appId };
          const changes = await collectChanges(readChanges(loader, query, signal));
          const decisions = await readNotedDecisions(loader, flags.appId, signal);
          const unknown = changes.length > 0 ? '' : await describeUnknownAccounts(loader, flags.appId ?? [], signal);
          return { period, changes, decisions: decisions.filter(isIn(period)), unknown };
        });
        if (flags.json === true) await out.printJson(toDocument(found));
        else await out.print(render(found, { paint: out.paint, width: out.columns }));
        return 0;
      }),
    );
}

interface FoundChanges {
  readonly period: ChangePeriod;
  readonly changes: readonly SceneChange[];
  readonly decisions: readonly NotedDecision[];
  /** A line about accounts that are not known here; empty when all are. */
  readonly unknown: string;
}

const changeSchema = z.strictObject({
  app_id: z.string(),
  scene_key: z.string(),
  changed_at: time,
  change: z.enum(sceneChangeKinds),
  old_name: z.string().nullable(),
  new_name: z.string().nullable(),
  note: z
    .string()
    .nullable()
    .describe('Why the answer that says so was accepted; null when nobody decided, or said why.'),
});

/** What `changes --json` prints. */
export const changesDocumentSchema = z.strictObject({
  since: time,
  until: time,
  changes: z.array(changeSchema).describe('Oldest first.'),
  decisions: z.array(decisionSchema).describe('Decisions with a note, of the period or about answers of the period.'),
});

function toDocument({ period, changes, decisions }: FoundChanges): Document<typeof changesDocumentSchema> {
  const noteOf = notesOfChanges(decisions);
  return {
    since: formatInstant(period.since),
    until: formatInstant(period.until),
    changes: changes.map((row) => ({
      app_id: row.appId,
      scene_key: row.sceneKey,
      changed_at: formatInstant(row.changedAt),
      change: row.change,
      old_name: row.oldName,
      new_name: row.newName,
      note: noteOf(row),
    })),
    decisions,
  };
}

function render(found: FoundChanges, options: Parameters<typeof renderSceneChanges>[1]): string {
  const { period, changes, decisions, unknown } = found;
  if (unknown !== '') return unknown;
  const times = `from ${formatInstantShort(period.since)} to ${formatInstantShort(period.until)}`;
  const head = `${changes.length === 0 ? 'no change' : formatCount(changes.length, 'change')} ${times}\n`;
  return `${head}${changes.length === 0 ? '' : renderSceneChanges(changes, options)}${renderDecisions(decisions)}`;
}

/** As many as a process of 2 GiB can hold and print. */
const MOST = 1_000_000;

/** All changes, oldest first; `usage` where they are more than `most`. */
export async function collectChanges(
  rows: AsyncIterable<SceneChange>,
  most: number = MOST,
): Promise<readonly SceneChange[]> {
  const changes: SceneChange[] = [];
  for await (const change of rows) {
    if (changes.length === most) {
      throw new ScenedimError('usage', `more than ${formatCount(most, 'change')} are in this period`, {
        remedy: 'name a shorter period, or accounts by --app-id; the table function scene_changes gives all',
      });
    }
    changes.push(change);
  }
  return changes.sort(byTime);
}

function byTime(a: SceneChange, b: SceneChange): number {
  if (a.changedAt !== b.changedAt) return a.changedAt < b.changedAt ? -1 : 1;
  return compareCodePoints(a.appId, b.appId) || compareCodePoints(a.sceneKey, b.sceneKey);
}

function isIn({ since, until }: ChangePeriod): (decision: NotedDecision) => boolean {
  const isInside = (text: string): boolean => {
    const instant = parseInstant(text);
    return instant !== undefined && since <= instant && instant < until;
  };
  return ({ observed_at: observedAt, decided_at: decidedAt }) => isInside(observedAt) || isInside(decidedAt);
}

function assertPeriod({ since, until }: ChangePeriod, flags: Pick<ChangesFlags, 'until'>): void {
  if (since < until) return;
  const [from, to] = [formatInstant(since), formatInstant(until)];
  const message =
    flags.until === undefined ? `--since: ${from} is not before now, ${to}` : `--until: ${to} is not after ${from}`;
  throw new ScenedimError('usage', message, { remedy: 'let the period begin before it ends: give an earlier --since' });
}
