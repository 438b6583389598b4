import { createHash } from 'node:crypto';
import { compareCodePoints } from '../compare-code-points.ts';
import { type AccessSource, type LaunchScene, readAccessSources, readLaunchScenes } from './bundled-tables.ts';

/** What a target holds in `access_source` and `launch_scene`, and what `access_source_of` is made from. */
export interface SceneCatalog {
  /** In the order of their keys. */
  readonly accessSources: readonly AccessSource[];
  /** In the order of their numbers. */
  readonly launchScenes: readonly LaunchScene[];
  /** sha256 hex of both tables: a target whose `scene_meta` has it holds these rows. */
  readonly hash: string;
}

/** Rows of somebody's own, which win over the bundled ones of the same key. */
export interface OwnCatalogRows {
  readonly accessSources: readonly AccessSource[];
  /** Without a name, a launch scene keeps its bundled one. */
  readonly launchScenes: readonly LaunchScene[];
}

/**
 * The bundled tables, with own rows laid over them. With `communityMapping`, a launch scene that has a
 * `communityAccessSourceKey` is counted there, unless an own row says otherwise.
 */
export function createSceneCatalog(own: OwnCatalogRows, communityMapping: boolean): SceneCatalog {
  const sources = new Map(readAccessSources().map((source) => [source.accessSourceKey, source]));
  for (const source of own.accessSources) sources.set(source.accessSourceKey, source);
  const scenes = new Map(
    readLaunchScenes().map((scene) => [scene.launchScene, communityMapping ? countedByCommunity(scene) : scene]),
  );
  for (const scene of own.launchScenes) {
    const launchSceneName = scene.launchSceneName ?? scenes.get(scene.launchScene)?.launchSceneName ?? null;
    scenes.set(scene.launchScene, { ...scene, launchSceneName });
  }
  const rows = inOrder({ accessSources: [...sources.values()], launchScenes: [...scenes.values()] });
  return { ...rows, hash: hashCatalog(rows) };
}

let bundled: SceneCatalog | undefined;

/** The bundled tables as they are. */
export function bundledCatalog(): SceneCatalog {
  bundled ??= createSceneCatalog({ accessSources: [], launchScenes: [] }, false);
  return bundled;
}

function countedByCommunity(scene: LaunchScene): LaunchScene {
  const { communityAccessSourceKey: key } = scene;
  return key === null ? scene : { ...scene, accessSourceKey: key, mapping: 'community' };
}

/** {@link SceneCatalog.hash} of rows in any order. */
export function hashCatalog(stored: StoredCatalog): string {
  const { accessSources, launchScenes } = inOrder(stored);
  const rows = [
    accessSources.map((row) => [row.accessSourceKey, row.accessSourceName, row.origin]),
    launchScenes.map((row) => [row.launchScene, row.launchSceneName, row.accessSourceKey, row.mapping]),
  ];
  return createHash('sha256').update(JSON.stringify(rows)).digest('hex');
}

/** A launch scene with the columns that a target has. */
type StoredLaunchScene = Omit<LaunchScene, 'communityAccessSourceKey'>;

/** The rows of `access_source` and `launch_scene`. */
export interface StoredCatalog<Scene extends StoredLaunchScene = StoredLaunchScene> {
  readonly accessSources: readonly AccessSource[];
  readonly launchScenes: readonly Scene[];
}

function inOrder<Scene extends StoredLaunchScene>(rows: StoredCatalog<Scene>): StoredCatalog<Scene> {
  return {
    accessSources: rows.accessSources.toSorted((a, b) => compareCodePoints(a.accessSourceKey, b.accessSourceKey)),
    launchScenes: rows.launchScenes.toSorted((a, b) => a.launchScene - b.launchScene),
  };
}
