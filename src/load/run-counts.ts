import type { VersionCounts } from '../dimension/version-changes.ts';

/**
 * What a run counts, by group. A report has a member for each group, a file of metrics a label for
 * each name, and `scene_run` a column `<group>_<name>`.
 */
export const runCountNames = {
  accounts: ['selected', 'changed', 'unchanged', 'held', 'skipped', 'failed', 'fresh', 'unreached'],
  observations: ['recorded', 'duplicate'],
  versions: ['opened', 'closed', 'rewritten', 'removed'],
} as const satisfies {
  readonly [group: string]: readonly string[];
  readonly versions: readonly (keyof VersionCounts)[];
};

type GroupName = keyof typeof runCountNames;
type CountName<Group extends GroupName> = (typeof runCountNames)[Group][number];

/** Counts of a run so far; each equals the rows that were written, or the accounts that were judged. */
export type RunCounts = {
  readonly [Group in GroupName]: { readonly [Name in CountName<Group>]: number };
} & { readonly rejects: number };

/** What to add to counts; what is missing is 0. */
export type RunCountsDelta = {
  readonly [Group in GroupName]?: { readonly [Name in CountName<Group>]?: number };
} & { readonly rejects?: number };

export const noCounts: RunCounts = {
  accounts: zeros(runCountNames.accounts),
  observations: zeros(runCountNames.observations),
  versions: zeros(runCountNames.versions),
  rejects: 0,
};

export function addCounts(counts: RunCounts, delta: RunCountsDelta): RunCounts {
  return {
    accounts: addGroup(counts.accounts, delta.accounts),
    observations: addGroup(counts.observations, delta.observations),
    versions: addGroup(counts.versions, delta.versions),
    rejects: counts.rejects + (delta.rejects ?? 0),
  };
}

/** The columns of `scene_run` that hold the counts, in order, with their values. */
export function countColumns(counts: RunCounts): readonly (readonly [column: string, count: number])[] {
  const groups = Object.keys(runCountNames) as GroupName[];
  const grouped = groups.flatMap((group) =>
    Object.entries<number>(counts[group]).map(([name, count]) => [`${group}_${name}`, count] as const),
  );
  return [...grouped, ['rejects', counts.rejects]];
}

type Group<Name extends string> = Readonly<Record<Name, number>>;

function zeros<Name extends string>(names: readonly Name[]): Group<Name> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Group<Name>;
}

function addGroup<Name extends string>(counts: Group<Name>, delta: Partial<Group<Name>> = {}): Group<Name> {
  const sum: Record<Name, number> = { ...counts };
  for (const name of Object.keys(counts) as Name[]) sum[name] += delta[name] ?? 0;
  return sum;
}
