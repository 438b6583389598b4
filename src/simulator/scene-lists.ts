import { readAccessSources } from '../catalog/bundled-tables.ts';

/** A row of a scene list, as getSceneList gives it. */
export interface SceneRow {
  readonly name: string;
  readonly value: string | number;
}

/** `rename` and `add` give the key this name, whether it was there or not; `remove` takes it off. */
export type SceneChange =
  | { readonly change: 'rename' | 'add'; readonly key: string | number; readonly name: string }
  | { readonly change: 'remove'; readonly key: string | number };

/** What the accounts' scene lists hold at the moment. */
export interface SceneLists {
  rowsOf(appId: string): readonly SceneRow[];
  /** Changes the list of one account, or of all. */
  apply(change: SceneChange, appId?: string): void;
}

type List = Map<string, SceneRow>;

/** Starts every account with the 57 official access sources behind `全部` (`@_all`), as the real API orders them. */
export function createSceneLists(): SceneLists {
  const shared: List = new Map([['@_all', { name: '全部', value: '@_all' }]]);
  for (const { accessSourceKey, accessSourceName, origin } of readAccessSources()) {
    const row = { name: accessSourceName, value: wireValue(accessSourceKey) };
    if (origin === 'official') shared.set(accessSourceKey, row);
  }
  // Copies, of the accounts that differ from the others.
  const own = new Map<string, List>();

  return {
    rowsOf: (appId) => [...(own.get(appId) ?? shared).values()],
    apply(change, appId) {
      if (appId === undefined) {
        for (const list of [shared, ...own.values()]) applyTo(list, change);
        return;
      }
      const list = own.get(appId) ?? new Map(shared);
      own.set(appId, list);
      applyTo(list, change);
    },
  };
}

function applyTo(list: List, change: SceneChange): void {
  const key = String(change.key);
  if (change.change === 'remove') list.delete(key);
  else list.set(key, { name: change.name, value: list.get(key)?.value ?? wireValue(key) });
}

/** Numbers are given as numbers, anything else as a string. */
function wireValue(key: string): string | number {
  return /^(?:0|[1-9]\d{0,14})$/.test(key) ? Number(key) : key;
}
