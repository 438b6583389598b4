import { driftKinds } from '../dimension/account-drift.ts';
import { endReasons, valueKinds } from '../dimension/version.ts';
import {
  nullableColumns,
  type VersionColumn,
  versionColumnNames,
  versionColumns,
} from '../dimension/version-columns.ts';
import { accessSourceOrigins, launchSceneMappings } from './bundled-tables.ts';
import { columnCatalogue } from './column-catalogue.ts';

/** `integer` has 64 bits in every warehouse, `code` 32 where there is such a type. */
export type ColumnType = 'text' | 'integer' | 'code' | 'boolean' | 'timestamp' | 'date';

/** What a column is, beside its description in the catalogue. */
export interface ReadableColumn {
  readonly type: ColumnType;
  /** False: a promise that no row has null there. */
  readonly nullable: boolean;
  /** The only texts that occur; absent where any may. */
  readonly values?: readonly string[];
}

/** What readers may rely on of a table or view. */
export interface ReadableRelation {
  /** Columns that together name one row. */
  readonly key: readonly string[];
  /** Of a relation of versions: the columns that name what has at most one version in force. */
  readonly versionsOf?: readonly string[];
  readonly columns: Readonly<Record<string, ReadableColumn>>;
}

type Relations = typeof columnCatalogue.relations;
/** The tables and views that `target.readers` may select from. */
export type ReadableName = {
  [Name in keyof Relations]: Relations[Name]['readable'] extends true ? Name : never;
}[keyof Relations];

const required = (type: ColumnType): ReadableColumn => ({ type, nullable: false });
const optional = (type: ColumnType): ReadableColumn => ({ type, nullable: true });
const closedSet = (values: readonly string[]): ReadableColumn => ({ ...required('text'), values });

const mapping = closedSet(launchSceneMappings);

const closedSets: Readonly<Partial<Record<VersionColumn, readonly string[]>>> = {
  value_kind: valueKinds,
  end_reason: endReasons,
};

const version = Object.fromEntries(
  versionColumnNames.map((name) => {
    const values = closedSets[name];
    const column = { type: versionColumns[name], nullable: nullableColumns.has(name) };
    return [name, values === undefined ? column : { ...column, values }];
  }),
) as Readonly<Record<VersionColumn, ReadableColumn>>;

const scene = ['app_id', 'scene_key'];

/** Types, keys and closed sets of what readers may query, in the order in which a newcomer meets them. */
export const readableRelations = {
  scene_history: {
    key: ['version_id'],
    versionsOf: scene,
    columns: { ...version, effective_from_date: required('date'), effective_to_date: required('date') },
  },
  scene_current: {
    key: ['version_id'],
    versionsOf: scene,
    columns: { ...version, last_confirmed_at: optional('timestamp'), effective_from_date: required('date') },
  },
  scene_by_launch_scene: {
    key: ['version_id', 'launch_scene'],
    versionsOf: ['app_id', 'launch_scene'],
    columns: { ...version, launch_scene: required('code'), launch_scene_name: optional('text'), mapping },
  },
  scene_freshness: {
    key: ['app_id'],
    columns: {
      app_id: required('text'),
      last_ok_at: optional('timestamp'),
      last_attempt_at: required('timestamp'),
      last_error_code: optional('text'),
      removals_suspended_since: optional('timestamp'),
    },
  },
  scene_drift: {
    key: scene,
    columns: {
      app_id: required('text'),
      scene_key: required('text'),
      bundled_name: optional('text'),
      scene_name: optional('text'),
      drift: closedSet(driftKinds),
    },
  },
  dim_scene: { key: ['version_id'], versionsOf: scene, columns: version },
  access_source: {
    key: ['access_source_key'],
    columns: {
      access_source_key: required('text'),
      access_source_name: required('text'),
      origin: closedSet(accessSourceOrigins),
    },
  },
  launch_scene: {
    key: ['launch_scene'],
    columns: {
      launch_scene: required('code'),
      launch_scene_name: optional('text'),
      access_source_key: required('text'),
      mapping,
    },
  },
} as const satisfies {
  readonly [Name in ReadableName]: ReadableRelation & {
    readonly columns: Readonly<Record<keyof Relations[Name]['columns'], ReadableColumn>>;
  };
};

/** A column with all that is known of it. */
export interface DescribedColumn extends ReadableColumn {
  readonly name: string;
  readonly description: string;
}

/** A readable table or view with all that is known of it, columns in their order. */
export interface DescribedRelation extends Omit<ReadableRelation, 'columns'> {
  readonly name: ReadableName;
  readonly kind: 'table' | 'view';
  readonly description: string;
  readonly columns: readonly DescribedColumn[];
}

/** {@link readableRelations} with the descriptions of the column catalogue. */
export function describeReadable(): readonly DescribedRelation[] {
  return Object.entries<ReadableRelation>(readableRelations).map(([relation, shape]) => {
    const name = relation as ReadableName;
    const { kind, description, columns } = columnCatalogue.relations[name];
    const described = Object.entries<string>(columns).map(([column, text]): DescribedColumn => {
      const own = shape.columns[column];
      if (own === undefined) throw new Error(`${relation}.${column} has no type`);
      return { name: column, description: text, ...own };
    });
    return { ...shape, name, kind, description, columns: described };
  });
}
