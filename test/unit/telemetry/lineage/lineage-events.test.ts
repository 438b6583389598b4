import { expect, test } from 'vitest';
import { endEvent, startEvent } from '../../../../src/telemetry/lineage/lineage-events.ts';
import { codeOf, documentTable } from '../../../support/document-tables.ts';
import { endedRun } from '../../../support/ended-run.ts';

const identity = { runId: '01941f29-7c00-7087-8940-40e5a7f1b2b3', namespace: 'default', parent: null };
// biome-ignore lint/suspicious/noExplicitAny: read as JSON
const written = (event: object): any => JSON.parse(JSON.stringify(event));
const end = (...differences: Parameters<typeof endedRun>) => written(endEvent(endedRun(...differences), identity));
const start = (...differences: Parameters<typeof endedRun>) => written(startEvent(endedRun(...differences), identity));
const names = (datasets: readonly { readonly namespace: string; readonly name: string }[]) =>
  datasets.map(({ namespace, name }) => `${namespace}/${name}`);

const target = 'postgres://db.example.com:5432/warehouse.scene';
const list = 'https://api.weixin.qq.com/wxaapi/log/get_scene';

test('start and end are of the same run and job', () => {
  const [first, last] = [start(), end({ exitCode: 75 })];
  expect(first).toMatchObject({
    eventType: 'START',
    eventTime: '2023-11-14T22:13:19.000000Z',
    producer: 'urn:scenedim:0.0.0',
    schemaURL: 'https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent',
    run: { runId: identity.runId },
    job: { namespace: 'default', name: 'scenedim.sync.warehouse.scene' },
  });
  expect([last.run.runId, last.job, last.eventTime]).toEqual([
    first.run.runId,
    first.job,
    '2023-11-14T22:13:20.500000Z',
  ]);
});

test.each([
  ['COMPLETE', { exitCode: 0, report: { outcome: 'ok' } }],
  ['COMPLETE', { exitCode: 99, report: { outcome: 'nothing_changed' } }],
  ['FAIL', { exitCode: 75, report: { outcome: 'partial' } }],
  ['FAIL', { exitCode: 65, report: { outcome: 'refused' } }],
  ['ABORT', { exitCode: 143, report: { outcome: 'partial' } }],
  ['ABORT', { exitCode: 130, report: { outcome: 'ok' } }],
] as const)('%s of %j', (eventType, run) => {
  expect(end(run).eventType).toBe(eventType);
});

test('a run without a report fails with its error', () => {
  const error = { code: 'target_unreachable', message: 'nothing answers', remedy: 'start it' };
  const event = written(endEvent({ ...endedRun({ exitCode: 69, error }), report: null }, identity));
  expect(event.eventType).toBe('FAIL');
  expect(event.run.facets.errorMessage).toMatchObject({
    message: 'nothing answers',
    programmingLanguage: 'JavaScript',
  });
  expect(event.run.facets.errorMessage.stackTrace).toBeUndefined();
  expect(event.outputs.flatMap(({ outputFacets }: { outputFacets?: object }) => outputFacets ?? [])).toEqual([]);
});

test('a report says why by its first problem, and one that went well says nothing', () => {
  expect(end({ exitCode: 75 }).run.facets.errorMessage.message).toBe('wxa: the token is not valid (the first of 2)');
  expect(end({ exitCode: 75, report: { problems: [], problems_total: 0 } }).run.facets.errorMessage.message).toBe(
    'exit status 75',
  );
  expect(end({ report: { outcome: 'ok' } }).run.facets.errorMessage).toBeUndefined();
});

test('rows that were written are counted', () => {
  const versions = { opened: 3, closed: 2, rewritten: 1, removed: 7 };
  const { outputs } = end({ report: { outcome: 'ok', versions } });
  const rows = outputs.map(
    // biome-ignore lint/suspicious/noExplicitAny: read as JSON
    ({ name, outputFacets }: any) => [name, outputFacets.outputStatistics.rowCount],
  );
  expect(rows).toEqual([
    ['warehouse.scene.dim_scene', 6],
    ['warehouse.scene.scene_observation', 1203],
  ]);
});

test.each([
  ['sync', [list], [`${target}.dim_scene`, `${target}.scene_observation`]],
  ['rebuild', [`${target}.scene_observation`, `${target}.scene_payload`], [`${target}.dim_scene`]],
  ['verify', [`${target}.dim_scene`, `${target}.scene_observation`, `${target}.scene_payload`], []],
  [
    'compact',
    [`${target}.scene_observation`, `${target}.scene_payload`],
    [`${target}.scene_observation`, `${target}.scene_payload`],
  ],
])('%s reads %j and writes %j', (command, inputs, outputs) => {
  const event = start({ command });
  expect([names(event.inputs), names(event.outputs)]).toEqual([inputs, outputs]);
});

test('columns come from the fields of what a run reads, which have these fields', () => {
  const replayed = { namespace: 'file', name: '/data/log.ndjson' };
  for (const [event, fields] of [
    [start(), { scene_key: ['value'], scene_name: ['name'], end_reason: ['value', 'name'], app_id: undefined }],
    [
      start({ command: 'replay', input: replayed }),
      { scene_key: ['body'], scene_name: ['body'], app_id: ['app_id'], effective_from: ['observed_at'] },
    ],
    [start({ command: 'rebuild' }), { scene_key: ['body'], scene_name: ['body'], app_id: ['app_id'] }],
  ] as const) {
    const [dimension] = event.outputs;
    const lineage = dimension.facets.columnLineage.fields;
    for (const [column, expected] of Object.entries(fields)) {
      expect(lineage[column]?.inputFields.map(({ field }: { field: string }) => field)).toEqual(expected);
    }
    const known = new Map(
      // biome-ignore lint/suspicious/noExplicitAny: read as JSON
      event.inputs.map(({ namespace, name, facets }: any) => [
        `${namespace}/${name}`,
        facets.schema.fields.map((each: { name: string }) => each.name),
      ]),
    );
    const columns = dimension.facets.schema.fields.map(({ name }: { name: string }) => name);
    for (const [column, { inputFields }] of Object.entries<{ inputFields: { field: string }[] }>(lineage)) {
      expect(columns).toContain(column);
      for (const from of inputFields as { namespace: string; name: string; field: string }[]) {
        expect(known.get(`${from.namespace}/${from.name}`)).toContain(from.field);
      }
    }
  }
});

test('a replay of standard input has no input, and a target that nobody knows no dataset', () => {
  const { inputs, outputs } = start({ command: 'replay', input: null });
  expect([inputs, names(outputs)]).toEqual([[], [`${target}.dim_scene`, `${target}.scene_observation`]]);
  expect(start({ dataset: null })).toMatchObject({ job: { name: 'scenedim.sync' }, inputs: [], outputs: [] });
});

test('every shard is a job of its own', () => {
  const jobs = ['0/4', '1/4', null].map((shard) => start({ shard }).job.name);
  expect(jobs).toEqual([
    'scenedim.sync.warehouse.scene.shard-0-of-4',
    'scenedim.sync.warehouse.scene.shard-1-of-4',
    'scenedim.sync.warehouse.scene',
  ]);
});

test('the end leads to the row of scene_run', () => {
  expect(end({ exitCode: 75, shard: '0/4' }).run.facets.scenedim_run).toEqual({
    _producer: 'urn:scenedim:0.0.0',
    _schemaURL: 'urn:scenedim:facets:1-0-0:ScenedimRunFacet',
    command: 'sync',
    shard: '0/4',
    exit_code: 75,
    run_id: '20231114T221319Z-1a2b3c4d',
    outcome: 'partial',
  });
});

test('verify tells each rule, as a test and as an assertion on dim_scene, with violations that its list leaves out', () => {
  const verified = (...counts: readonly { readonly rule: string; readonly count: number }[]) =>
    end({
      command: 'verify',
      exitCode: counts.length === 0 ? 0 : 65,
      report: { outcome: counts.length === 0 ? 'ok' : 'refused', violations: [], violation_counts: counts },
    });
  const statuses = (event: ReturnType<typeof verified>) =>
    event.run.facets.test.tests.map(({ name, status }: { name: string; status: string }) => `${name} ${status}`);
  const rules = ['interval', 'derived_column', 'open_versions', 'dimension', 'head', 'payload', 'log_shortened'];
  const others = [...rules, 'rebuilding'];
  const broken = verified({ rule: 'overlap', count: 2 });
  expect(statuses(broken)).toEqual(['overlap fail', ...others.map((rule) => `${rule} pass`)]);
  expect(statuses(verified())).toEqual(['overlap', ...others].map((rule) => `${rule} pass`));
  const { assertions } = broken.inputs[0].inputFacets.dataQualityAssertions;
  expect(assertions[0]).toEqual({
    assertion: 'overlap',
    name: 'overlap',
    success: false,
    severity: 'error',
    actual: '2',
  });
  expect(assertions.slice(1).every(({ success }: { success: boolean }) => success)).toBe(true);
});

test('the table of config/monitoring/README.md names what events have', () => {
  const parent = { run: { runId: identity.runId }, job: { namespace: 'a', name: 'b' } };
  const verified = { command: 'verify', report: { violations: [], violation_counts: [] } };
  const events = [endEvent(endedRun(verified), { ...identity, parent }), startEvent(endedRun(), identity)];
  const names = new Set<string>();
  for (const event of events) JSON.stringify(event, (name, value: unknown) => names.add(name) && value);
  const told = documentTable('config/monitoring/README.md', 'lineage').flatMap(([cell = '']) =>
    cell.includes('`') ? codeOf(cell).flatMap((path) => path.split('.')) : [cell],
  );
  expect(told.filter((name) => !names.has(name))).toEqual([]);
});
