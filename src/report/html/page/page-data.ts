import { BEGINNING, formatInstant } from '../../../instant.ts';
import { hasChanged, isInForce, type SceneRow } from '../content/scene-collector.ts';

/** What the page's script knows: the rows in the order of the file. */
export interface PageData {
  readonly appIds: readonly string[];
  /** Sets of accounts: first position and length of each run of them. */
  readonly accountSets: readonly (readonly number[])[];
  readonly rows: readonly PageRow[];
}

export type PageRow = readonly [
  key: string,
  /** The newest first. */
  names: readonly string[],
  /** Empty from the beginning. */
  since: string,
  accounts: number,
  accountSet: number,
  isInForce: 0 | 1,
  hasChanged: 0 | 1,
];

/** Everything by which rows are found and sorted. */
export function pageData(scenes: readonly SceneRow[], appIds: readonly string[]): PageData {
  const sets = new Map<string, number>();
  const accountSets: (readonly number[])[] = [];
  const setOf = (accounts: readonly number[]): number => {
    const runs = runsOf(accounts);
    const name = runs.join();
    const known = sets.get(name);
    if (known !== undefined) return known;
    sets.set(name, accountSets.length);
    return accountSets.push(runs) - 1;
  };
  const rows = scenes.map((scene): PageRow => {
    const { sceneKey, versions, accounts } = scene;
    const since = versions.at(-1)?.effectiveFrom ?? BEGINNING;
    return [
      sceneKey,
      [...new Set(versions.map(({ sceneName }) => sceneName).reverse())],
      since === BEGINNING ? '' : formatInstant(since).slice(0, 19),
      accounts.length,
      setOf(accounts),
      isInForce(versions) ? 1 : 0,
      hasChanged(scene) ? 1 : 0,
    ];
  });
  return { appIds, accountSets, rows };
}

/** `[0, 1, 2, 7]` as `[0, 3, 7, 1]`. */
function runsOf(positions: readonly number[]): readonly number[] {
  const runs: number[] = [];
  for (const position of positions) {
    const last = runs.length - 2;
    if (last >= 0 && (runs[last] ?? 0) + (runs[last + 1] ?? 0) === position) runs[last + 1] = (runs[last + 1] ?? 0) + 1;
    else runs.push(position, 1);
  }
  return runs;
}
