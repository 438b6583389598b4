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
  return createSceneCatalog({ accessSources: sources, launchScenes: scenes }, communityMapping);
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
    return { accessSourceKey: accessSourceKeyOf(columns, place), accessSourceName, origin: 'own' };
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
): Promise<readonly Row[]> {
  if (shown === undefined) return [];
  const text = await readCatalogText(resolve(baseDirectory, shown), shown, file.setting, signal);
  const rows = new Map<string, { readonly row: Row; readonly line: number }>();
  const checkHeader = (header: readonly string[]): void => assertHeader(header, file, shown);
  for await (const { columns, line } of readListedRows(oneChunk(text), shown, checkHeader)) {
    const row = file.toRow(columns, `${shown}:${line}`);
    const key = file.keyOf(row);
    const earlier = rows.get(key)?.line;
    if (earlier !== undefined) {
      throw invalid(`${shown}:${line}: ${key} is listed already in line ${earlier}`, 'list every code once');
    }
    rows.set(key, { row, line });
  }
  return [...rows.values()].map(({ row }) => row);
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

function assertHeader<Row>(header: readonly string[], { columns, optional }: CatalogFile<Row>, shown: string): void {
  const missing = columns.filter((column) => !header.includes(column) && !optional.includes(column));
  if (missing.length === 0) return;
  const misspelled = header.find((name) => missing.includes(didYouMean(name, columns) ?? ''));
  const hint = misspelled === undefined ? '' : `; it has ${misspelled}`;
  throw invalid(
    `${shown}:1: the header does not name ${missing.join(', ')}${hint}`,
    `start the file with the line: ${columns.join(',')}`,
  );
}

function launchSceneOf(columns: ListedRow['columns'], place: string): number {
  const text = String(columns['launch_scene'] ?? '');
  if (/^[1-9]\d{3,8}$/.test(text)) return Number(text);
  throw invalid(
    `${place}: launch_scene ${JSON.stringify(text)} is not a number from 1000 on`,
    'launch scenes begin at 1000; what getSceneList lists, as 4 or @_all, goes into catalog.accessSources',
  );
}

/** The access source that a launch scene is counted under, which is no launch scene itself. */
function mappedKeyOf(columns: ListedRow['columns'], place: string): string {
  const key = accessSourceKeyOf(columns, place);
  if (!readLaunchScenes().some(({ launchScene }) => String(launchScene) === key)) return key;
  throw invalid(
    `${place}: access_source_key ${key} is a launch scene itself`,
    'write the access source that the launch scene is counted under, as 4 or 10',
  );
}

function accessSourceKeyOf(columns: ListedRow['columns'], place: string): string {
  const key = textOf(columns, 'access_source_key', MAX_KEY_LENGTH, place);
  if (key === null) throw invalid(`${place}: access_source_key is empty`, 'name an access source, as 4 or @_all');
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
