import { columnCatalogue } from '../../catalog/column-catalogue.ts';
import { versionColumns } from '../../dimension/version-columns.ts';
import type { Dataset, StartedRun } from '../run-watcher.ts';
import { type AnswerFields, columnLineageOf } from './column-lineage.ts';
import { type Facet, facet } from './facet.ts';

/** A dataset in an event. */
export interface EventDataset extends Dataset {
  readonly facets: Readonly<Record<string, Facet>>;
}

/** What a run reads and writes. */
export interface RunDatasets {
  readonly inputs: readonly EventDataset[];
  readonly outputs: readonly EventDataset[];
}

/** What WeChat's list has of each scene. */
const wechatFields = [
  { name: 'value', description: "WeChat's code of the scene." },
  { name: 'name', description: "WeChat's name of the scene." },
];

/** The fields of a replay line that a version comes from. */
const lineFields = [
  { name: 'app_id', description: 'Whose answer it is.' },
  { name: 'observed_at', description: 'When it arrived.' },
  { name: 'body', description: 'The answer as it was received.' },
];

/** The datasets of a run, by its command. Of a target that nobody knows there is none. */
export function datasetsOf(run: StartedRun): RunDatasets {
  const { dataset, command, input, programVersion } = run;
  if (dataset === null) return { inputs: [], outputs: [] };
  const table = (name: string): Dataset => ({ ...dataset, name: `${dataset.name}.${name}` });
  const withFacets = (of: Dataset, facets: EventDataset['facets']): EventDataset => ({ ...of, facets });
  const schemaOf = (fields: readonly object[]) => ({
    schema: facet('SchemaDatasetFacet', programVersion, { fields }),
  });
  const log = withFacets(table('scene_observation'), schemaOf(columnsOf('scene_observation')));
  const bodies = withFacets(table('scene_payload'), schemaOf(columnsOf('scene_payload')));
  const dimensionFrom = (fields: AnswerFields): EventDataset =>
    withFacets(table('dim_scene'), {
      ...schemaOf(columnsOf('dim_scene')),
      ...(Object.keys(fields).length > 0 && {
        columnLineage: facet('ColumnLineageDatasetFacet', programVersion, { fields: columnLineageOf(fields) }),
      }),
    });
  const from = (of: Dataset, field: string) => ({ dataset: { namespace: of.namespace, name: of.name }, field });
  switch (command) {
    case 'verify':
      return { inputs: [dimensionFrom({}), log, bodies], outputs: [] };
    case 'compact':
      return { inputs: [log, bodies], outputs: [log, bodies] };
    case 'rebuild': {
      const body = from(bodies, 'body');
      const logged = { account: from(log, 'app_id'), time: from(log, 'observed_at') };
      return { inputs: [log, bodies], outputs: [dimensionFrom({ ...logged, value: body, name: body })] };
    }
    default: {
      if (input === null) return { inputs: [], outputs: [dimensionFrom({}), log] };
      const isSync = command === 'sync';
      const body = from(input, 'body');
      const fields = isSync
        ? { value: from(input, 'value'), name: from(input, 'name') }
        : { account: from(input, 'app_id'), time: from(input, 'observed_at'), value: body, name: body };
      const given = withFacets(input, schemaOf(isSync ? wechatFields : lineFields));
      return { inputs: [given], outputs: [dimensionFrom(fields), log] };
    }
  }
}

type TableName = 'dim_scene' | 'scene_observation' | 'scene_payload';

/** The columns of a table as the catalogue tells them; the kinds of those of `dim_scene` are the same in every warehouse. */
function columnsOf(table: TableName): readonly object[] {
  const kinds: Readonly<Record<string, string>> = table === 'dim_scene' ? versionColumns : {};
  return Object.entries(columnCatalogue.relations[table].columns).map(([name, description]) => ({
    name,
    ...(kinds[name] !== undefined && { type: kinds[name] }),
    description,
  }));
}
