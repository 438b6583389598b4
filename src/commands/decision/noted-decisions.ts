import * as z from 'zod';
import { holdReasons, type Observation } from '../../dimension/observation.ts';
import type { SceneChange } from '../../dimension/scene-changes.ts';
import { formatInstant } from '../../instant.ts';
import type { Loader } from '../../load/loader.ts';
import { type Document, time } from '../../output-fields.ts';
import { printable } from '../../report/printable.ts';

/** A decision that somebody explained with `--note`, as `history` and `changes` tell it. */
export const decisionSchema = z.strictObject({
  app_id: z.string(),
  observed_at: time.describe('When the answer came.'),
  status: z.enum(['ok', 'held']).describe('ok: it was accepted; held: it was taken out.'),
  hold_reason: z.enum(holdReasons).nullable(),
  decided_at: time,
  note: z.string(),
});

export type NotedDecision = Document<typeof decisionSchema>;

/** The decisions with a note about answers of some accounts, or of all, ordered by account and time. */
export async function readNotedDecisions(
  loader: Loader,
  appIds: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<readonly NotedDecision[]> {
  const query = { notedOnly: true, ...(appIds !== undefined && { appIds }) };
  return (await Array.fromAsync(loader.readObservations(query, signal))).flatMap(toDecision);
}

function toDecision(observation: Observation): readonly NotedDecision[] {
  const { appId, observedAt, status, holdReason, decidedAt, decisionNote } = observation;
  if (status === 'failed' || decidedAt === null || decisionNote === null) return [];
  return [
    {
      app_id: appId,
      observed_at: formatInstant(observedAt),
      status,
      hold_reason: holdReason,
      decided_at: formatInstant(decidedAt),
      note: decisionNote,
    },
  ];
}

/** Gives each change the note of its answer: the one that came at that instant and was accepted. */
export function notesOfChanges(decisions: readonly NotedDecision[]): (change: SceneChange) => string | null {
  const accepted = decisions.filter(({ status }) => status === 'ok');
  const answerOf = (instant: string, appId: string): string => `${instant} ${appId}`;
  const notes = new Map(accepted.map((row) => [answerOf(row.observed_at, row.app_id), row.note]));
  return ({ changedAt, appId }) => notes.get(answerOf(formatInstant(changedAt), appId)) ?? null;
}

/** Decisions in words, a line each with the note below it. Empty when there are none. */
export function renderDecisions(decisions: readonly NotedDecision[]): string {
  const lines = decisions.map(({ app_id: appId, observed_at: observedAt, status, decided_at: decidedAt, note }) => {
    const verb = status === 'ok' ? 'accepted' : 'held';
    const which = printable(`the answer of ${appId} of ${observedAt}`);
    return `${decidedAt.slice(0, 19)}Z  ${verb} ${which}\n  ${printable(note)}\n`;
  });
  return lines.length === 0 ? '' : `\nDecisions\n${lines.join('')}`;
}
