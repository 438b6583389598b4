import { formatInstant, type Micros } from '../../instant.ts';
import type { Paint } from '../../report/paint.ts';
import { printable } from '../../report/printable.ts';
import { type AccountStanding, acceptArguments } from '../target/account-standing.ts';
import type { CredentialKinds } from '../target/listed-accounts.ts';
import { explainStoredError, type StoredError } from '../target/stored-error.ts';

/**
 * What to do about accounts that are not well: for each held one with what its answer would do (`effects`), and for each error what was
 * told and what helps.
 */
export function renderRemedies(
  standings: readonly AccountStanding[],
  effects: ReadonlyMap<string, string>,
  kinds: CredentialKinds,
  now: Micros,
  paint: Paint,
): string {
  const isSuspended = standings.some(({ head }) => head.removalsSuspendedSince !== null);
  return [
    ...standings.flatMap((standing) => describeHeld(standing, effects)),
    ...groupErrors(standings, kinds, now).map(({ error, lines }) => {
      return { subject: error.code, what: `: ${error.meaning}`, lines, remedy: error.remedy };
    }),
    ...(isSuspended ? [suspended] : []),
  ]
    .map(({ subject, what, lines, remedy }) => {
      const told = lines.map((line) => `    ${line}\n`).join('');
      const first = `${paint('bold', printable(subject))}${what}\n`;
      return `${first}${told}    ${paint('cyan', 'remedy:')} ${printable(remedy)}\n`;
    })
    .join('');
}

interface Trouble {
  readonly subject: string;
  readonly what: string;
  readonly lines: readonly string[];
  readonly remedy: string;
}

/** The held answer of an account and what would let it through; nothing when none waits. */
export function describeHeld(
  { head: { appId }, waiting }: AccountStanding,
  effects: ReadonlyMap<string, string>,
): readonly Trouble[] {
  if (waiting === null) return [];
  const which = waiting.isNewest ? 'its newest answer' : 'that answer';
  const remedy = `if ${which} is right: scenedim ${acceptArguments(appId, waiting)}`;
  const effect = effects.get(appId);
  const what =
    effect === undefined ? ' is held' : ` is held: the answer of ${formatInstant(waiting.observedAt)} ${effect}`;
  return [{ subject: appId, what, lines: [], remedy }];
}

export const suspended: Trouble = {
  subject: 'removals suspended',
  what: ': answers hold a row without a key, so no scene counts as removed',
  lines: [],
  remedy: 'look at scene_reject for the row',
};

interface ErrorGroup {
  readonly error: StoredError;
  /** What each account was told. */
  readonly lines: string[];
}

/** Accounts with the same code and remedy together, by code. */
function groupErrors(
  standings: readonly AccountStanding[],
  kinds: CredentialKinds,
  now: Micros,
): readonly ErrorGroup[] {
  const groups = new Map<string, ErrorGroup>();
  for (const { head } of standings) {
    const error = explainStoredError(head, kinds, now);
    if (error === null) continue;
    const key = JSON.stringify([error.code, error.remedy]);
    const group = groups.get(key) ?? { error, lines: [] };
    groups.set(key, group);
    if (error.message !== null && error.message !== '') {
      group.lines.push(`${printable(head.appId)}: ${printable(error.message)}`);
    }
  }
  return [...groups.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
}
