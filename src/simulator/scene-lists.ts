import { readAccessSources } from '../catalog/bundled-tables.ts';

export interface SceneRow {
  readonly name: string;
  readonly value: string | number;
}

/** `rename` and `add` give the key this name, whether it was there or not; `remove` takes it off. */
export type SceneChange =
  | { readonly change: 'rename' | 'add'; readonly key: string | number; readonly name: string }
  | { readonly change: 'remove'; readonly key: string | number };

type List = Map<string, SceneRow>;

/** What the accounts' scene lists hold at the moment. */
export class SceneLists {
  readonly #shared: List = officialList();
  /** Copies, of the accounts that differ from the others. */
  readonly #own = new Map<string, List>();

  rowsOf(appId: string): readonly SceneRow[] {
    return [...(this.#own.get(appId) ?? this.#shared).values()];
  }

  /** Changes the list of one account, or of all. */
  apply(change: SceneChange, appId?: string): void {
    if (appId === undefined) {
      for (const list of [this.#shared, ...this.#own.values()]) applyTo(list, change);
      return;
    }
    const list = this.#own.get(appId) ?? new Map(this.#shared);
    this.#own.set(appId, list);
    applyTo(list, change);
  }
}

/** The 57 official access sources behind `全部` (`@_all`), as the real API orders them. */
function officialList(): List {
  const list: List = new Map([['@_all', { name: '全部', value: '@_all' }]]);
  for (const { accessSourceKey, accessSourceName, origin } of readAccessSources()) {
    const row = { name: accessSourceName, value: wireValue(accessSourceKey) };
    if (origin === 'official') list.set(accessSourceKey, row);
  }
  return list;
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
