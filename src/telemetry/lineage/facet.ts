/** Of each facet that events have, the version of its schema. */
const versions = {
  ColumnLineageDatasetFacet: '1-2-0',
  DataQualityAssertionsDatasetFacet: '1-1-0',
  ErrorMessageRunFacet: '1-0-1',
  JobTypeJobFacet: '2-0-4',
  OutputStatisticsOutputDatasetFacet: '1-0-2',
  ParentRunFacet: '1-2-0',
  ProcessingEngineRunFacet: '1-1-1',
  SchemaDatasetFacet: '1-2-0',
  TestRunFacet: '1-0-1',
} as const;

/** A named part of an event, which says who made it and what schema it has. */
export type Facet = Readonly<Record<string, unknown>> & { readonly _producer: string; readonly _schemaURL: string };

/** A facet of OpenLineage's own. */
export function facet(name: keyof typeof versions, programVersion: string, members: object): Facet {
  const schema = `https://openlineage.io/spec/facets/${versions[name]}/${name}.json#/$defs/${name}`;
  return { _producer: producerOf(programVersion), _schemaURL: schema, ...members };
}

/** Ours: the members of the summary by which an event finds its row of `scene_run`, and its line in the log. */
export function scenedimFacet(programVersion: string, members: object): Facet {
  return {
    _producer: producerOf(programVersion),
    _schemaURL: 'urn:scenedim:facets:1-0-0:ScenedimRunFacet',
    ...members,
  };
}

export function producerOf(programVersion: string): string {
  return `urn:scenedim:${programVersion}`;
}
