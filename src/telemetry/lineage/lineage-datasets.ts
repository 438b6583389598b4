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
export function datasetsOf({ command, dataset, input, programVersion }: StartedRun): RunDatasets {
  if (dataset === null) return { inputs: [], outputs: [] };
  const { log, bodies, dimensionFrom } = tablesOf(dataset, programVersion);
  switch (command) {
    case 'verify':
      return { inputs: [dimensionFrom({}), log, bodies], outputs: [] };
    case 'compact':
      return { inputs: [log, bodies], outputs: [log, bodies] };
    case 'rebuild':
      return { inputs: [log, bodies], outputs: [dimensionFrom(loggedAnswer(log, bodies))] };
    default: {
      if (input === null) return { inputs: [], outputs: [dimensionFrom({}), log] };
      const isSync = command === 'sync';
      const given = withSchema(input, isSync ? wechatFields : lineFields, programVersion);
      return {
        inputs: [given],
        outputs: [dimensionFrom(isSync ? fetchedAnswer(input) : loggedAnswer(input, input)), log],
      };
    }
  }
}

/** The tables of a target that runs read and write. */
function tablesOf(target: Dataset, programVersion: string) {
  const table = (name: TableName): EventDataset =>
    withSchema({ ...target, name: `${target.name}.${name}` }, columnsOf(name), programVersion);
  return {
    log: table('scene_observation'),
    bodies: table('scene_payload'),
    /** `dim_scene`, computed from these fields. */
    dimensionFrom(fields: AnswerFields): EventDataset {
      const dimension = table('dim_scene');
      if (Object.keys(fields).length === 0) return dimension;
      const columnLineage = facet('ColumnLineageDatasetFacet', programVersion, { fields: columnLineageOf(fields) });
      return { ...dimension, facets: { ...dimension.facets, columnLineage } };
    },
  };
}

/** Where WeChat's list has an answer, which says neither whose it is nor when it came. */
function fetchedAnswer(list: Dataset): AnswerFields {
  return { value: fieldOf(list, 'value'), name: fieldOf(list, 'name') };
}

/** Where a log has an answer: whose and when in its lines, what in the bodies. */
function loggedAnswer(lines: Dataset, bodies: Dataset): AnswerFields {
  const body = fieldOf(bodies, 'body');
  return { account: fieldOf(lines, 'app_id'), time: fieldOf(lines, 'observed_at'), value: body, name: body };
}

function fieldOf({ namespace, name }: Dataset, field: string): { readonly dataset: Dataset; readonly field: string } {
  return { dataset: { namespace, name }, field };
}

function withSchema(dataset: Dataset, fields: readonly object[], programVersion: string): EventDataset {
  return { ...dataset, facets: { schema: facet('SchemaDatasetFacet', programVersion, { fields }) } };
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
