import { staleAfterDays, versionRules } from '../../catalog/quality-rules.ts';
import {
  type ColumnType,
  type DescribedColumn,
  type DescribedRelation,
  describeReadable,
} from '../../catalog/readable-relations.ts';
import type { TargetServer } from '../target/target-server.ts';

/**
 * The data contract of what readers may query, as the Open Data Contract Standard 3.1 has it: types of the server's dialect, keys,
 * closed sets of values, quality rules as SQL, freshness. `version` is that of scenedim.
 */
export function odcsDocument(server: TargetServer, version: string): object {
  const dialect = server.type === 'custom' ? server.dialect : server.type;
  return {
    apiVersion: 'v3.1.0',
    kind: 'DataContract',
    id: 'scenedim',
    name: 'Access sources of WeChat mini programs',
    version,
    status: 'active',
    description: {
      purpose: 'The name that an access source (scene) of a mini program had when a visit happened.',
      usage:
        'Join facts to scene_history by account, key and time; its description has the join. A fact that holds a launch scene joins scene_by_launch_scene.',
      limitations:
        'A late answer may retire a version_id: derive stored ids again after late data. Accounts that scenedim does not read are missing.',
    },
    servers: [{ server: 'production', ...odcsServer(server) }],
    schema: describeReadable().map((relation) => schemaObject(relation, dialect)),
    slaProperties: [
      {
        id: 'freshness',
        property: 'freshness',
        value: staleAfterDays,
        unit: 'd',
        element: 'scene_freshness.last_ok_at',
        driver: 'operational',
        description:
          'The newest answer of any account is younger than this. Of single accounts `scenedim status --fail-stale` tells.',
      },
    ],
  };
}

type Dialect = 'postgres' | 'bigquery';

/** Each type as the catalogues of the warehouses spell it. */
export const physicalTypes: Readonly<Record<Dialect, Readonly<Record<ColumnType, string>>>> = {
  postgres: {
    text: 'text',
    integer: 'bigint',
    code: 'integer',
    boolean: 'boolean',
    timestamp: 'timestamp with time zone',
    date: 'date',
  },
  bigquery: { text: 'STRING', integer: 'INT64', code: 'INT64', boolean: 'BOOL', timestamp: 'TIMESTAMP', date: 'DATE' },
};

const logicalTypes: Readonly<Record<ColumnType, string>> = {
  text: 'string',
  integer: 'integer',
  code: 'integer',
  boolean: 'boolean',
  timestamp: 'timestamp',
  date: 'date',
};

function odcsServer(server: TargetServer): object {
  if (server.type !== 'custom') return server;
  const { dialect: _, ...place } = server;
  return place;
}

function schemaObject(relation: DescribedRelation, dialect: Dialect | null): object {
  const { name, kind, description, columns, versionsOf } = relation;
  return {
    name,
    physicalName: name,
    logicalType: 'object',
    physicalType: kind,
    description,
    ...(versionsOf !== undefined && {
      quality: versionRules.map((rule) => ({
        id: rule.name,
        name: rule.name,
        description: rule.description,
        dimension: rule.dimension,
        type: 'sql',
        query: `SELECT COUNT(*) FROM (\n${rule.violations('${table}', versionsOf)}\n) AS violation`,
        mustBe: 0,
      })),
    }),
    properties: columns.map((column) => schemaProperty(column, relation.key, dialect)),
  };
}

function schemaProperty(column: DescribedColumn, key: readonly string[], dialect: Dialect | null): object {
  const { name, type, description, nullable, values } = column;
  const position = key.indexOf(name) + 1;
  return {
    name,
    logicalType: logicalTypes[type],
    ...(dialect !== null && { physicalType: physicalTypes[dialect][type] }),
    description,
    required: !nullable,
    ...(position > 0 && { primaryKey: true, primaryKeyPosition: position, unique: key.length === 1 }),
    ...(values !== undefined && {
      quality: [
        {
          type: 'library',
          metric: 'invalidValues',
          arguments: { validValues: values },
          dimension: 'conformity',
          mustBe: 0,
        },
      ],
    }),
  };
}
