import { resolve } from 'node:path';
import { type AccessSource, type LaunchScene, readLaunchScenes } from '../catalog/bundled-tables.ts';
import { bundledCatalog, createSceneCatalog, type SceneCatalog } from '../catalog/scene-catalog.ts';
import { didYouMean } from '../did-you-mean.ts';
import { ScenedimError } from '../errors.ts';
import { canonicalText, isLongerThan } from '../normalize/canonical-text.ts';
import { describeUnreadable, readText } from '../text-file.ts';
import { type ListedRow, readListedRows } from './listed-rows.ts';
import type { Config } from './load-config.ts';

/** {@link Config.catalog}, and where its paths start. */
export type CatalogConfig = Pick<Config, 'catalog' | 'baseDirectory'>;

const MAX_FILE_BYTES = 16 * 1_048_576;
/** The limits of what WeChat's answers may hold: see src/dimension/README.md. */
const MAX_KEY_LENGTH = 256;
const MAX_NAME_LENGTH = 8_192;

/**
 * The bundled access sources and launch scenes with the rows of `catalog.accessSources` and `catalog.launchScenes` laid over them.
 * Anything wrong with a file is `config_invalid` with file and line.
 */
export async function readCatalog(config: CatalogConfig, signal: AbortSignal): Promise<SceneCatalog> {
  const { launchScenes, accessSources, communityMapping } = config.catalog;
  if (launchScenes === undefined && accessSources === undefined && !communityMapping) return bundledCatalog();
  const sources = await readRows(config, accessSources, accessSourceFile, signal);
  const scenes = await readRows(config, launchScenes, launchSceneFile, signal);
  const own = { accessSources: sources.map(({ row }) => row), launchScenes: scenes.map(({ row }) => row) };
  const catalog = createSceneCatalog(own, communityMapping);
  assertListed(catalog, scenes);
  return catalog;
}

/** A row of a file, and where it stands. */
interface Placed<Row> {
  readonly row: Row;
  readonly place: string;
}

/** Visits of a launch scene under an access source that nobody lists would get no name. */
function assertListed({ accessSources }: SceneCatalog, scenes: readonly Placed<LaunchScene>[]): void {
  const listed = new Set(accessSources.map(({ accessSourceKey }) => accessSourceKey));
  for (const { row, place } of scenes) {
    if (listed.has(row.accessSourceKey)) continue;
    throw invalid(
      `${place}: access_source_key ${row.accessSourceKey} is not in the table access_source`,
      'correct it, or add this access source with its name to the file of catalog.accessSources',
    );
  }
}

/** How a file of one kind is read. */
interface CatalogFile<Row> {
  readonly setting: string;
  readonly columns: readonly string[];
  /** Columns that may be left out. */
  readonly optional: readonly string[];
  readonly toRow: (columns: ListedRow['columns'], place: string) => Row;
  readonly keyOf: (row: Row) => string;
}

const accessSourceFile: CatalogFile<AccessSource> = {
  setting: 'catalog.accessSources',
  columns: ['access_source_key', 'access_source_name'],
  optional: [],
  toRow: (columns, place) => {
    const accessSourceName = textOf(columns, 'access_source_name', MAX_NAME_LENGTH, place);
    if (accessSourceName === null) {
      throw invalid(`${place}: access_source_name is empty`, 'give every access source a name');
    }
    const remedy = 'leave it out here; where it is counted is said in the file of catalog.launchScenes';
    const accessSourceKey = ownKeyOf(columns, place, remedy);
    if (/^\d+$/.test(accessSourceName) && !/^\d+$/.test(accessSourceKey)) {
      throw invalid(
        `${place}: the access source ${accessSourceKey} has a number as name: ${accessSourceName}`,
        'write the key into access_source_key and the name into access_source_name',
      );
    }
    return { accessSourceKey, accessSourceName, origin: 'own' };
  },
  keyOf: ({ accessSourceKey }) => accessSourceKey,
};

const launchSceneFile: CatalogFile<LaunchScene> = {
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

async function readRows<Row>(
  { baseDirectory }: CatalogConfig,
  shown: string | undefined,
  file: CatalogFile<Row>,
  signal: AbortSignal,
): Promise<readonly Placed<Row>[]> {
  if (shown === undefined) return [];
  const text = await readCatalogText(resolve(baseDirectory, shown), shown, file.setting, signal);
  if (text.trim() === '') throw invalid(`${shown}: the file is empty`, headerRemedy(file));
  const rows = new Map<string, Placed<Row> & { readonly line: number }>();
  const checkHeader = (header: readonly string[]): void => assertHeader(header, file, shown);
  for await (const { columns, line } of readListedRows(oneChunk(text), shown, checkHeader)) {
    const place = `${shown}:${line}`;
    const row = file.toRow(columns, place);
    const key = file.keyOf(row);
    const earlier = rows.get(key)?.line;
    if (earlier !== undefined) {
      throw invalid(`${place}: ${key} is listed already in line ${earlier}`, 'list every code once');
    }
    rows.set(key, { row, place, line });
  }
  return [...rows.values()];
}

async function* oneChunk(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text);
}

async function readCatalogText(path: string, shown: string, setting: string, signal: AbortSignal): Promise<string> {
  try {
    return await readText(path, { signal, maxBytes: MAX_FILE_BYTES });
  } catch (cause) {
    signal.throwIfAborted();
    const own = `correct ${setting}; it is relative to the config file`;
    const { why, remedy } = describeUnreadable(cause, own);
    throw new ScenedimError('config_invalid', `${setting}: ${shown} ${why}`, { remedy, cause });
  }
}

function assertHeader<Row>(header: readonly string[], file: CatalogFile<Row>, shown: string): void {
  const { columns, optional } = file;
  const missing = columns.filter((column) => !header.includes(column) && !optional.includes(column));
  if (missing.length === 0) return;
  const separator = header.length === 1 ? /[;\t|]/.exec(header[0] ?? '')?.[0] : undefined;
  if (separator !== undefined) {
    const name = separator === '\t' ? 'tabs' : JSON.stringify(separator);
    throw invalid(`${shown}:1: the values are separated by ${name}`, 'separate them by commas, in every line');
  }
  const misspelled = header.find((name) => missing.includes(didYouMean(name, columns) ?? ''));
  const hint = misspelled === undefined ? '' : `; it has ${misspelled}`;
  throw invalid(`${shown}:1: the header does not name ${missing.join(', ')}${hint}`, headerRemedy(file));
}

function headerRemedy<Row>({ columns }: CatalogFile<Row>): string {
  return `start the file with the line: ${columns.join(',')}`;
}

function launchSceneOf(columns: ListedRow['columns'], place: string): number {
  const text = String(columns['launch_scene'] ?? '');
  if (/^[1-9]\d{3,8}$/.test(text)) return Number(text);
  const digits = /^(?:wx-)?0*([1-9]\d{3,8})(?:\.0*)?$/i.exec(text)?.[1];
  if (digits !== undefined) {
    throw invalid(`${place}: launch_scene ${JSON.stringify(text)} is not digits alone`, `write ${digits}`);
  }
  throw invalid(
    `${place}: launch_scene ${JSON.stringify(text)} is not a number from 1000 on`,
    'launch scenes begin at 1000; what getSceneList lists, as 4 or @_all, goes into catalog.accessSources',
  );
}

/** A key that is no launch scene. */
function ownKeyOf(columns: ListedRow['columns'], place: string, remedy: string): string {
  const key = accessSourceKeyOf(columns, place);
  if (!readLaunchScenes().some(({ launchScene }) => String(launchScene) === key)) return key;
  throw invalid(`${place}: access_source_key ${key} is a launch scene itself`, remedy);
}

/** `@_all` is the sum of the others: nothing is counted under it. */
function mappedKeyOf(columns: ListedRow['columns'], place: string): string {
  const remedy = 'write the access source that the launch scene is counted under, as 4 or 10';
  const key = ownKeyOf(columns, place, remedy);
  if (!key.startsWith('@_')) return key;
  throw invalid(`${place}: access_source_key ${key} is no single access source`, remedy);
}

function accessSourceKeyOf(columns: ListedRow['columns'], place: string): string {
  const key = textOf(columns, 'access_source_key', MAX_KEY_LENGTH, place);
  if (key === null) throw invalid(`${place}: access_source_key is empty`, 'name an access source, as 4 or 10');
  return key;
}

/** Cleaned like the texts of WeChat's answers, which they are compared with; null when nothing is left. */
function textOf(columns: ListedRow['columns'], name: string, limit: number, place: string): string | null {
  const text = String(columns[name] ?? '');
  if (isLongerThan(text, limit)) throw invalid(`${place}: ${name} has more than ${limit} characters`, 'shorten it');
  const cleaned = canonicalText(text);
  return cleaned === '' ? null : cleaned;
}

function invalid(message: string, remedy: string): ScenedimError {
  return new ScenedimError('config_invalid', message, { remedy });
}
