import * as z from 'zod';
import type { AccountHead } from '../dimension/account-head.ts';
import { saysTheSame } from '../dimension/compare-snapshots.ts';
import { shortenedLog } from '../dimension/log-cut.ts';
import type { Decision } from '../dimension/observation.ts';
import { countChanges } from '../dimension/version-changes.ts';
import { ScenedimError } from '../errors.ts';
import { formatInstant, type Micros } from '../instant.ts';
import { canonicalText, isLongerThan } from '../normalize/canonical-text.ts';
import { type Document, time } from '../output-fields.ts';
import { type DraftChangeSet, emptyChanges } from './batch/build-change-set.ts';
import { type LogEntry, readLog } from './log/account-log.ts';
import { type RecomputedAccount, recompute, shorteningOf } from './log/recompute.ts';
import { requireTarget } from './run/require-target.ts';
import { type Run, withRun } from './run/run.ts';
import type { RunContext } from './run/run-context.ts';
import { versionCountsSchema } from './run/run-report.ts';

/** Lets held observations through and recomputes the account. Nothing to accept is no error. */
export async function accept(context: RunContext, options: AcceptOptions): Promise<DecisionReport> {
  return decideAccount(context, 'accept', options, (log) =>
    options.observedAt === null ? newestHeld(log) : withStatus(log, 'held', options.appId, options.observedAt),
  );
}

/** Takes a wrong ok observation out again and recomputes the account. One that is held already is no error. */
export async function hold(context: RunContext, options: HoldOptions): Promise<DecisionReport> {
  return decideAccount(context, 'hold', options, (log) => withStatus(log, 'ok', options.appId, options.observedAt));
}

export interface AcceptOptions {
  readonly appId: string;
  /** A held observation; null for the newest one and those before it that say the same. */
  readonly observedAt: Micros | null;
  readonly note?: DecisionNote | undefined;
}

export interface HoldOptions {
  readonly appId: string;
  /** An ok observation. */
  readonly observedAt: Micros;
  readonly note?: DecisionNote | undefined;
}

/** Why, in the words of whoever decides; at most 1,000 characters. Stored with the decision, without secrets. */
export type DecisionNote = string;

/** What `accept` and `hold` print with `--json`. */
export const decisionReportSchema = z
  .strictObject({
    run_id: z.string(),
    outcome: z.enum(['ok', 'nothing_changed']),
    app_id: z.string(),
    decided: z.array(time).describe('Times of the observations whose decision changed, oldest first.'),
    versions: versionCountsSchema,
    message: z.string().describe('What happened, in a sentence.'),
  })
  .describe('What accept and hold print.');

export type DecisionReport = Document<typeof decisionReportSchema>;

type Command = 'accept' | 'hold';
type Choose = (log: AsyncIterable<LogEntry>) => Promise<readonly LogEntry[]>;

async function decideAccount(
  context: RunContext,
  command: Command,
  { appId, note }: Pick<AcceptOptions, 'appId' | 'note'>,
  choose: Choose,
): Promise<DecisionReport> {
  const decisionNote = note === undefined ? null : storableNote(note, context.redact);
  const work = async (run: Run) => {
    const head = await readHead(run, appId);
    await requireWhole(run, appId);
    const chosen = await choose(readLog(context.loader, [appId], run.answers, run.signal));
    const decidedAt = context.clock.now();
    const decisions = chosen.map(({ observation: { observedAt, holdReason } }): Decision => {
      return command === 'accept'
        ? { appId, observedAt, status: 'ok', holdReason, decidedAt, decisionNote }
        : { appId, observedAt, status: 'held', holdReason: 'manual', decidedAt, decisionNote };
    });
    if (decisions.length > 0) await run.commit(() => draftDecisions(run, appId, decisions));
    const { counts, runId } = run.tally;
    const decided = decisions.map(({ observedAt }) => formatInstant(observedAt));
    const value: DecisionReport = {
      run_id: runId,
      outcome: decisions.length > 0 ? 'ok' : 'nothing_changed',
      app_id: appId,
      decided,
      versions: counts.versions,
      message:
        (head === null ? describeStranger(command, appId) : describeDecision(command, appId, decided)) +
        forNothing(decided, note),
    };
    return { outcome: value.outcome, value };
  };
  await requireTarget(context);
  return withRun(context, command, { kind: 'exclusive' }, work, {});
}

const MAX_NOTE_LENGTH = 1_000;

function storableNote(note: DecisionNote, redact: (text: string) => string): string {
  const isLong = isLongerThan(note, MAX_NOTE_LENGTH);
  const text = isLong ? '' : canonicalText(redact(note));
  if (text !== '') return text;
  const message = isLong ? `the note has more than ${MAX_NOTE_LENGTH} characters` : 'the note is empty';
  throw new ScenedimError('usage', message, { remedy: 'say in a sentence or two why you decide so' });
}

/** Null when nothing is stored of the account. */
async function readHead({ context, signal }: Run, appId: string): Promise<AccountHead | null> {
  for await (const head of context.loader.readHeads({ appIds: [appId] }, signal)) return head;
  return null;
}

/** A log that was cut is found before anything of it is chosen. */
async function requireWhole({ context, answers, signal }: Run, appId: string): Promise<void> {
  const { loader, dimension } = context;
  const options = { loader, answers, firstSeen: dimension.firstSeen, appIds: [appId], signal };
  for await (const account of recompute(options)) assertWhole(account);
}

function assertWhole(account: RecomputedAccount): void {
  const shortening = shorteningOf(account);
  if (shortening !== null) throw shortenedLog(account.appId, shortening);
}

async function draftDecisions(run: Run, appId: string, decisions: readonly Decision[]): Promise<DraftChangeSet> {
  const { loader, dimension } = run.context;
  const { answers, signal } = run;
  const options = {
    loader,
    answers,
    firstSeen: dimension.firstSeen,
    appIds: [appId],
    decisions,
    mayRedate: true,
    signal,
  };
  for await (const account of recompute(options)) {
    const { head, storedHead, versions } = account;
    assertWhole(account);
    if (head === null || storedHead === null) break;
    const heads = [{ before: storedHead, head: { ...head, revision: storedHead.revision + 1 } }];
    const isChanged = versions.length > 0;
    const accounts = { selected: 1, changed: Number(isChanged), unchanged: Number(!isChanged) };
    const counts = { accounts, versions: countChanges(versions) };
    return { changes: { ...emptyChanges(versions), decisions, heads }, counts };
  }
  throw new ScenedimError('data_refused', `account ${appId} cannot be recomputed: its stored rows are damaged`, {
    remedy: 'run `scenedim verify`, then `scenedim rebuild`',
  });
}

/**
 * The newest held observation, if newer than the newest ok one, and those directly before it that say
 * the same.
 */
async function newestHeld(log: AsyncIterable<LogEntry>): Promise<readonly LogEntry[]> {
  let held: LogEntry[] = [];
  for await (const entry of log) {
    const { status } = entry.observation;
    if (status === 'ok') held = [];
    if (status !== 'held') continue;
    const last = held.at(-1);
    const isSame = last?.answer !== undefined && entry.answer !== undefined && saysTheSame(last.answer, entry.answer);
    if (isSame) held.push(entry);
    else held = [entry];
  }
  return held;
}

/** The observation of this time when it has this status, else none. */
async function withStatus(
  log: AsyncIterable<LogEntry>,
  status: 'ok' | 'held',
  appId: string,
  observedAt: Micros,
): Promise<readonly LogEntry[]> {
  const entry = await findEntry(log, appId, observedAt);
  return entry.observation.status === status ? [entry] : [];
}

const SEE_THE_LOG = 'name the time of an answer with a list: scenedim export-log shows them, to the microsecond';

async function findEntry(log: AsyncIterable<LogEntry>, appId: string, observedAt: Micros): Promise<LogEntry> {
  for await (const entry of log) {
    if (entry.observation.observedAt !== observedAt) continue;
    if (entry.observation.status !== 'failed') return entry;
    throw new ScenedimError(
      'data_refused',
      `account ${appId}: the observation at ${formatInstant(observedAt)} is a failure`,
      { remedy: SEE_THE_LOG },
    );
  }
  throw new ScenedimError('data_refused', `account ${appId} has no observation at ${formatInstant(observedAt)}`, {
    remedy: SEE_THE_LOG,
  });
}

function describeStranger(command: Command, appId: string): string {
  return `account ${appId} is not known here; nothing to ${command}`;
}

/** A note is kept with a decision only. */
function forNothing(decided: readonly string[], note: DecisionNote | undefined): string {
  return decided.length === 0 && note !== undefined ? ', so the note is not kept' : '';
}

function describeDecision(command: Command, appId: string, decided: readonly string[]): string {
  if (decided.length === 0) return `account ${appId}: nothing to ${command}`;
  const verb = command === 'accept' ? 'accepted' : 'held';
  const answers = decided.length === 1 ? 'the answer at' : `${decided.length} answers, the first at`;
  return `account ${appId}: ${verb} ${answers} ${decided[0] ?? ''}`;
}
