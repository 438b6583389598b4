import type { Micros } from '../../instant.ts';
import type { Paint } from '../../report/paint.ts';
import { printable } from '../../report/printable.ts';
import { type AccountStanding, acceptArguments } from '../work/account-standing.ts';
import { type CredentialKinds, explainStoredError, type StoredError } from '../work/stored-error.ts';

/** What to do about accounts that are not well: for each held one, and for each error what was told and what helps. */
export function renderRemedies(
  standings: readonly AccountStanding[],
  kinds: CredentialKinds,
  now: Micros,
  paint: Paint,
): string {
  const remedy = paint('cyan', 'remedy:');
  const held = standings.flatMap(({ head: { appId }, waiting }) => {
    if (waiting === null) return [];
    const command = `scenedim ${acceptArguments(appId, waiting)}`;
    const which = waiting.isNewest ? 'its newest answer' : 'that answer';
    return [`${paint('bold', printable(appId))} is held\n    ${remedy} if ${which} is right: ${command}\n`];
  });
  const errors = groupErrors(standings, kinds, now).map(({ error, lines }) => {
    const told = lines.map((line) => `    ${line}\n`).join('');
    return `${paint('bold', printable(error.code))}: ${error.meaning}\n${told}    ${remedy} ${printable(error.remedy)}\n`;
  });
  const isSuspended = standings.some(({ head }) => head.removalsSuspendedSince !== null);
  const suspended = isSuspended
    ? [
        `${paint('bold', 'removals suspended')}: answers hold a row without a key, so no scene counts as removed\n    ${remedy} look at scene_reject for the row\n`,
      ]
    : [];
  return [...held, ...errors, ...suspended].join('');
}

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
