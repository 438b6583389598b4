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
  readonly launchScenes: readonly LaunchScene[];
}

/**
 * The bundled tables, with own rows laid over them. With `communityMapping`, a launch scene that an access source of the community
 * most likely counts is counted there, unless an own row says otherwise.
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
  const accessSources = [...sources.values()].toSorted((a, b) =>
    compareCodePoints(a.accessSourceKey, b.accessSourceKey),
  );
  const launchScenes = [...scenes.values()].toSorted((a, b) => a.launchScene - b.launchScene);
  return { accessSources, launchScenes, hash: hashCatalog({ accessSources, launchScenes }) };
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

/** {@link SceneCatalog.hash} of rows in that order: of the columns that a target has. */
export function hashCatalog({ accessSources, launchScenes }: CatalogRows): string {
  const rows = [
    accessSources.map((row) => [row.accessSourceKey, row.accessSourceName, row.origin]),
    launchScenes.map((row) => [row.launchScene, row.launchSceneName, row.accessSourceKey, row.mapping]),
  ];
  return createHash('sha256').update(JSON.stringify(rows)).digest('hex');
}

/** The columns that a target has. */
export interface CatalogRows {
  readonly accessSources: readonly AccessSource[];
  readonly launchScenes: readonly Omit<LaunchScene, 'communityAccessSourceKey'>[];
}
