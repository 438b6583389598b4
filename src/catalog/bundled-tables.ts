import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import { projectRoot } from '../process/project-root.ts';

export const accessSourceOrigins = ['official', 'community', 'own'] as const;
/**
 * `official`: WeChat's own table or example lists it; `community`: only seen in use, in what others publish of their accounts;
 * `own`: of the config, never of the bundled table.
 */
export type AccessSourceOrigin = (typeof accessSourceOrigins)[number];

/** A row of `access_source`: a `value` and `name` of getSceneList that are known beforehand. */
export interface AccessSource {
  /** Canonical text, as `dim_scene.scene_key`. */
  readonly accessSourceKey: string;
  readonly accessSourceName: string;
  readonly origin: AccessSourceOrigin;
}

export const launchSceneMappings = ['official', 'default', 'community', 'own'] as const;
/**
 * `official`: WeChat's table names the launch scene; `default`: it falls to `10 其他` by "everything not listed above". Only by the
 * config: `community`, inferred from what the community knows; `own`.
 */
export type LaunchSceneMapping = (typeof launchSceneMappings)[number];

/** A row of `launch_scene`: a code that a mini program receives at its start, and the access source it is counted under. */
export interface LaunchScene {
  /** 1000 and up: not a scene key. */
  readonly launchScene: number;
  /** Null where the public list gives no name. */
  readonly launchSceneName: string | null;
  readonly accessSourceKey: string;
  readonly mapping: LaunchSceneMapping;
  /** The community's access source that most likely counts it where that is in use; inferred, so never applied unasked. */
  readonly communityAccessSourceKey: string | null;
}

/** The access source of every launch scene from 1000 to 9999 that has no other one: "everything not listed above" is 其他. */
export const defaultAccessSourceKey = '10';

let accessSources: readonly AccessSource[] | undefined;
let launchScenes: readonly LaunchScene[] | undefined;

/** `sql/catalog/access_source.csv`: the 57 official access sources by number, `@_all`, three of the community; read once. */
export function readAccessSources(): readonly AccessSource[] {
  accessSources ??= readCsv('access_source').map((row) => ({
    accessSourceKey: field(row, 'access_source_key'),
    accessSourceName: field(row, 'access_source_name'),
    origin: field(row, 'origin') === 'official' ? 'official' : 'community',
  }));
  return accessSources;
}

/** The 260 launch scenes of `sql/catalog/launch_scene.csv`, by number; each is there once; read once. */
export function readLaunchScenes(): readonly LaunchScene[] {
  launchScenes ??= readCsv('launch_scene').map((row) => ({
    launchScene: Number(field(row, 'launch_scene')),
    launchSceneName: field(row, 'launch_scene_name') || null,
    accessSourceKey: field(row, 'access_source_key'),
    mapping: field(row, 'mapping') === 'official' ? 'official' : 'default',
    communityAccessSourceKey: field(row, 'community_access_source_key') || null,
  }));
  return launchScenes;
}

type CsvRow = Readonly<Record<string, string>>;

function readCsv(table: string): readonly CsvRow[] {
  const file = new URL(`sql/catalog/${table}.csv`, projectRoot());
  return parse<CsvRow>(readFileSync(file), { columns: true });
}

function field(row: CsvRow, name: string): string {
  const value = row[name];
  if (value === undefined) throw new Error(`the bundled CSV has no column ${name}`);
  return value;
}
