import { resolve } from 'node:path';
import type { LaunchScene } from '../catalog/bundled-tables.ts';
import { bundledCatalog, createSceneCatalog, type SceneCatalog } from '../catalog/scene-catalog.ts';
import { didYouMean } from '../did-you-mean.ts';
import { ScenedimError } from '../errors.ts';
import { describeUnreadable, readText } from '../text-file.ts';
import { accessSourceFile, type CatalogFile, invalidCatalog, launchSceneFile } from './catalog-rows.ts';
import { assertCommas, readListedRows } from './listed-rows.ts';
import type { Config } from './load-config.ts';

/** {@link Config.catalog}, and where its paths start. */
export type CatalogConfig = Pick<Config, 'catalog' | 'baseDirectory'>;

const MAX_FILE_BYTES = 16 * 1_048_576;
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
    throw invalidCatalog(
      `${place}: access_source_key ${row.accessSourceKey} is not in the table access_source`,
      'correct it, or add this access source with its name to the file of catalog.accessSources',
    );
  }
}

async function readRows<Row>(
  { baseDirectory }: CatalogConfig,
  shown: string | undefined,
  file: CatalogFile<Row>,
  signal: AbortSignal,
): Promise<readonly Placed<Row>[]> {
  if (shown === undefined) return [];
  const text = await readCatalogText(resolve(baseDirectory, shown), shown, file.setting, signal);
  if (text.trim() === '') throw invalidCatalog(`${shown}: the file is empty`, headerRemedy(file));
  const rows = new Map<string, Placed<Row> & { readonly line: number }>();
  const checkHeader = (header: readonly string[]): void => assertHeader(header, file, shown);
  for await (const { columns, line } of readListedRows(oneChunk(text), shown, checkHeader)) {
    const place = `${shown}:${line}`;
    const row = file.toRow(columns, place);
    const key = file.keyOf(row);
    const earlier = rows.get(key)?.line;
    if (earlier !== undefined) {
      throw invalidCatalog(`${place}: ${key} is listed already in line ${earlier}`, 'list every code once');
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
  assertCommas(header, shown);
  const misspelled = header.find((name) => missing.includes(didYouMean(name, columns) ?? ''));
  const hint = misspelled === undefined ? '' : `; it has ${misspelled}`;
  throw invalidCatalog(`${shown}:1: the header does not name ${missing.join(', ')}${hint}`, headerRemedy(file));
}

function headerRemedy<Row>({ columns }: CatalogFile<Row>): string {
  return `start the file with the line: ${columns.join(',')}`;
}
