import { type AccessSource, type LaunchScene, readLaunchScenes } from '../catalog/bundled-tables.ts';
import { ScenedimError } from '../errors.ts';
import { MAX_KEY_LENGTH } from '../normalize/canonical-key.ts';
import { canonicalText, isLongerThan } from '../normalize/canonical-text.ts';
import { MAX_NAME_LENGTH } from '../normalize/scene-rows.ts';
import type { ListedRow } from './listed-rows.ts';

/** A file of `catalog`: its columns, and what becomes of a row. */
export interface CatalogFile<Row> {
  readonly setting: string;
  readonly columns: readonly string[];
  /** Columns that may be left out. */
  readonly optional: readonly string[];
  /** Throws `config_invalid` with the place (FILE:LINE) for a row that cannot be used. */
  readonly toRow: (columns: ListedRow['columns'], place: string) => Row;
  readonly keyOf: (row: Row) => string;
}

export const accessSourceFile: CatalogFile<AccessSource> = {
  setting: 'catalog.accessSources',
  columns: ['access_source_key', 'access_source_name'],
  optional: [],
  toRow: (columns, place) => {
    const accessSourceName = textOf(columns, 'access_source_name', MAX_NAME_LENGTH, place);
    if (accessSourceName === null) {
      throw invalidCatalog(`${place}: access_source_name is empty`, 'give every access source a name');
    }
    const remedy = 'leave it out here; where it is counted is said in the file of catalog.launchScenes';
    const accessSourceKey = ownKeyOf(columns, place, remedy);
    if (/^\d+$/.test(accessSourceName) && !/^\d+$/.test(accessSourceKey)) {
      throw invalidCatalog(
        `${place}: the access source ${accessSourceKey} has a number as name: ${accessSourceName}`,
        'write the key into access_source_key and the name into access_source_name',
      );
    }
    return { accessSourceKey, accessSourceName, origin: 'own' };
  },
  keyOf: ({ accessSourceKey }) => accessSourceKey,
};

export const launchSceneFile: CatalogFile<LaunchScene> = {
  setting: 'catalog.launchScenes',
  columns: ['launch_scene', 'launch_scene_name', 'access_source_key'],
  optional: ['launch_scene_name'],
  toRow: (columns, place) => ({
    launchScene: launchSceneOf(columns, place),
    launchSceneName: textOf(columns, 'launch_scene_name', MAX_NAME_LENGTH, place),
    accessSourceKey: mappedKeyOf(columns, place),
    mapping: 'own',
    communityAccessSourceKey: null,
  }),
  keyOf: ({ launchScene }) => String(launchScene),
};

function launchSceneOf(columns: ListedRow['columns'], place: string): number {
  const text = String(columns['launch_scene'] ?? '');
  if (/^[1-9]\d{3,8}$/.test(text)) return Number(text);
  const digits = /^(?:wx-)?0*([1-9]\d{3,8})(?:\.0*)?$/i.exec(text)?.[1];
  if (digits !== undefined) {
    throw invalidCatalog(`${place}: launch_scene ${JSON.stringify(text)} is not digits alone`, `write ${digits}`);
  }
  throw invalidCatalog(
    `${place}: launch_scene ${JSON.stringify(text)} is not a number from 1000 on`,
    'launch scenes begin at 1000; what getSceneList lists, as 4 or @_all, goes into catalog.accessSources',
  );
}

/** A key that is no launch scene. */
function ownKeyOf(columns: ListedRow['columns'], place: string, remedy: string): string {
  const key = accessSourceKeyOf(columns, place);
  if (!readLaunchScenes().some(({ launchScene }) => String(launchScene) === key)) return key;
  throw invalidCatalog(`${place}: access_source_key ${key} is a launch scene itself`, remedy);
}

/** `@_all` is the sum of the others: nothing is counted under it. */
function mappedKeyOf(columns: ListedRow['columns'], place: string): string {
  const remedy = 'write the access source that the launch scene is counted under, as 4 or 10';
  const key = ownKeyOf(columns, place, remedy);
  if (!key.startsWith('@_')) return key;
  throw invalidCatalog(`${place}: access_source_key ${key} is no single access source`, remedy);
}

function accessSourceKeyOf(columns: ListedRow['columns'], place: string): string {
  const key = textOf(columns, 'access_source_key', MAX_KEY_LENGTH, place);
  if (key === null) throw invalidCatalog(`${place}: access_source_key is empty`, 'name an access source, as 4 or 10');
  return key;
}

/** Cleaned and limited like the texts of WeChat's answers, which they are compared with; null when nothing is left. */
function textOf(columns: ListedRow['columns'], name: string, limit: number, place: string): string | null {
  const text = String(columns[name] ?? '');
  if (isLongerThan(text, limit))
    throw invalidCatalog(`${place}: ${name} has more than ${limit} characters`, 'shorten it');
  const cleaned = canonicalText(text);
  return cleaned === '' ? null : cleaned;
}

export function invalidCatalog(message: string, remedy: string): ScenedimError {
  return new ScenedimError('config_invalid', message, { remedy });
}
