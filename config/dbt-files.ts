/** Writes the files of `config/dbt` that say what the column catalogue says: `npm run dbt`. */
import { writeFile } from 'node:fs/promises';
import { stringify } from 'yaml';
import { staleAfterDays, versionRules } from '../src/catalog/quality-rules.ts';
import { type DescribedColumn, type DescribedRelation, describeReadable } from '../src/catalog/readable-relations.ts';

const folder = new URL('dbt/', import.meta.url);

/** The files as they must be, by their paths in `config/dbt`. */
export function dbtFiles(): ReadonlyMap<string, string> {
  const yaml = (document: object) =>
    `# Made by \`npm run dbt\` from the column catalogue.\n${stringify(document, { lineWidth: 100, aliasDuplicateObjects: false })}`;
  return new Map([
    ['models/scene_sources.yml', yaml(sources())],
    ['models/scene_models.yml', yaml(models())],
    ...versionRules.map((rule) => [`tests/generic/${rule.name}.sql`, genericTest(rule)] as const),
  ]);
}

/** What scenedim makes, with the tests of the data contract. */
function sources(): object {
  return {
    sources: [
      {
        name: 'scenedim',
        description: 'Access sources (scenes) of WeChat mini programs and their history, as scenedim keeps them.',
        database: "{{ var('scenedim_database') or target.database }}",
        schema: "{{ var('scenedim_schema') }}",
        tables: describeReadable().map((relation) => ({
          name: relation.name,
          description: relation.description,
          ...(isRefreshed(relation) && { config: freshness }),
          ...testsOf(testsOfRelation(relation)),
          columns: relation.columns.map((column) => describedColumn(column, relation)),
        })),
      },
    ],
  };
}

const freshness = {
  freshness: {
    warn_after: { count: staleAfterDays, period: 'day' },
    error_after: { count: 2 * staleAfterDays, period: 'day' },
  },
  loaded_at_query: "SELECT MAX(last_ok_at) FROM {{ source('scenedim', 'scene_freshness') }}",
};

/** The bundled tables change with the program, not with answers. */
function isRefreshed({ name }: DescribedRelation): boolean {
  return name !== 'access_source' && name !== 'launch_scene';
}

/** `scene_version` with its semantic model, and the example. */
function models(): object {
  const history = relationNamed('scene_history');
  return {
    models: [
      {
        name: 'scene_version',
        description: history.description,
        primary_entity: 'scene_version',
        semantic_model: { name: 'scene_version', enabled: "{{ var('scenedim_semantic_model') }}" },
        columns: history.columns.map((column) => ({
          ...describedColumn(column, history),
          ...semanticsOf(column),
        })),
      },
      {
        name: 'scene_visit',
        description: 'Visits with the scene that was in force: an example of scene_as_of_join.',
        columns: [
          { name: 'scene_version_id', description: 'The version; 32 zeros where none was in force.' },
          { name: 'scene_id', description: 'The scene; 32 zeros where no version was in force.' },
          { name: 'scene_name', description: 'Its name then; 未知 where no version was in force.' },
        ].map((column) => ({ ...column, data_tests: ['not_null'] })),
      },
    ],
    exposures: [
      {
        name: 'reports_by_scene',
        label: 'Reports by scene',
        type: 'dashboard',
        description:
          'Stands for the dashboards that show scenes. Copy it into your project, with url and owner of yours.',
        owner: { name: 'analytics' },
        depends_on: [
          "ref('scene_version')",
          "source('scenedim', 'scene_current')",
          "source('scenedim', 'scene_drift')",
        ],
      },
    ],
  };
}

/** A slowly changing dimension of type 2 in the words of dbt's semantic layer: a natural key, and when a row is valid. */
function semanticsOf({ name, type }: DescribedColumn): object {
  if (name === 'scene_id') return { entity: { name: 'scene', type: 'natural' } };
  if (name === 'version_id') return {};
  if (name === 'effective_from')
    return { granularity: 'day', dimension: { type: 'time', validity_params: { is_start: true } } };
  if (name === 'effective_to')
    return { granularity: 'day', dimension: { type: 'time', validity_params: { is_end: true } } };
  if (type === 'timestamp' || type === 'date') return { granularity: 'day', dimension: { type: 'time' } };
  return { dimension: { type: 'categorical' } };
}

type DataTest = string | Readonly<Record<string, object>>;

function testsOfRelation({ key, versionsOf }: DescribedRelation): readonly DataTest[] {
  const [first, ...more] = key;
  return [
    ...(versionsOf === undefined
      ? []
      : versionRules.map(({ name }) => ({ [name]: { arguments: { versions_of: versionsOf } } }))),
    ...(first === undefined || more.length === 0 ? [] : [{ scene_unique_together: { arguments: { columns: key } } }]),
  ];
}

function describedColumn({ name, description, nullable, values }: DescribedColumn, { key }: DescribedRelation): object {
  const tests: readonly DataTest[] = [
    ...(nullable ? [] : ['not_null']),
    ...(key.length === 1 && key[0] === name ? ['unique'] : []),
    ...(values === undefined ? [] : [{ accepted_values: { arguments: { values } } }]),
  ];
  return { name, description, ...testsOf(tests) };
}

function testsOf(tests: readonly DataTest[]): object {
  return tests.length === 0 ? {} : { data_tests: tests };
}

function relationNamed(name: string): DescribedRelation {
  const found = describeReadable().find((relation) => relation.name === name);
  if (found === undefined) throw new Error(`no ${name} is readable`);
  return found;
}

function genericTest({ name, description, violations }: (typeof versionRules)[number]): string {
  const query = violations('{{ model }}', ["{{ versions_of | join(', ') }}"]);
  return `{# Made by \`npm run dbt\`. ${description} #}\n{% test ${name}(model, versions_of) %}\n${query}\n{% endtest %}\n`;
}

if (import.meta.main) {
  for (const [path, text] of dbtFiles()) await writeFile(new URL(path, folder), text);
}
