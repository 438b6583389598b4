/** Comments, types and keys of a target as BI tools and catalogues read them, by a role that may only read. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DescribedRelation, describeReadable } from '../../src/catalog/readable-relations.ts';
import { describeWithTool, folderOf, pythonTool } from '../support/installed-tool.ts';
import { mavenTool, runJava } from '../support/maven-tool.ts';
import { describePostgres } from '../support/postgres.ts';
import { type AnalystsTarget, createAnalystsTarget } from './analysts-target.ts';

const execute = promisify(execFile);
const here = (name: string): string => new URL(name, import.meta.url).pathname;
const python = pythonTool('analysts-datahub', here('requirements/datahub.txt'));
const pgjdbc = mavenTool('analysts-pgjdbc', here('requirements/pgjdbc.xml'));
const readable = describeReadable();
const READER = 'analyst_who_reads';

/** What every tool must tell: of each relation the comment and those of its columns, in their order. */
const comments = (relations: readonly Pick<DescribedRelation, 'name' | 'description' | 'columns'>[]) =>
  Object.fromEntries(
    relations.map(({ name, description, columns }) => [
      name,
      [description, ...columns.map((column) => [column.name, column.description])],
    ]),
  );

/** PostgreSQL keeps keys of tables only. */
const keys = Object.fromEntries(readable.map(({ name, kind, key }) => [name, kind === 'table' ? key : []]));

describePostgres(
  'the metadata of a target',
  (postgres) => {
    let target: AnalystsTarget;
    let url = '';
    beforeAll(async () => {
      target = await createAnalystsTarget(postgres, { reader: READER });
      url = target.url.replace('//postgres@', `//${READER}@`);
    }, 120_000);
    afterAll(() => target[Symbol.asyncDispose]());

    describeWithTool('in JDBC', pgjdbc, () => {
      test('has every comment and key, and no type that it does not know', async ({ annotate }) => {
        const { host, pathname } = new URL(url);
        const output = await runJava(pgjdbc, here('readers/ReadMetadata.java'), [
          ...[`jdbc:postgresql://${host}${pathname}`, READER, 'scene'],
        ]);
        const facts = output
          .trimEnd()
          .split('\n')
          .map((line) => line.split('\t'));
        const of = (what: string, name: string) =>
          facts.filter(([fact, relation]) => fact === what && relation === name).map((fact) => fact.slice(2));
        const told = readable.map(({ name }) => [
          name,
          [of('relation', name)[0]?.[1], ...of('column', name).map(([column, , , remarks]) => [column, remarks])],
        ]);
        expect(Object.fromEntries(told)).toEqual(comments(readable));
        expect(facts.filter(([fact, , , , known]) => fact === 'column' && known !== 'true')).toEqual([]);
        expect(Object.fromEntries(readable.map(({ name }) => [name, of('key', name).flat()]))).toEqual(keys);
        await annotate(
          output
            .split('\n')
            .filter((line) => /\tscene_history\tscene_name\t/.test(line))
            .join('\n'),
        );
      });
    });

    describeWithTool('in SQLAlchemy', python, () => {
      test('has every comment and key, and no type that it does not know', async ({ annotate }) => {
        const program = [here('readers/read_metadata.py'), url.replace('postgres:', 'postgresql+psycopg2:'), 'scene'];
        const { stdout } = await execute(join(folderOf(python), 'bin/python'), program);
        const all = JSON.parse(stdout) as readonly {
          readonly name: string;
          readonly kind: string;
          readonly comment: string;
          readonly key: readonly string[];
          readonly columns: readonly (readonly [name: string, type: string | null, comment: string])[];
        }[];
        const found = readable.map(({ name }) => all.find((each) => each.name === name));
        const told = found.map((each) => [
          each?.name,
          [each?.comment, ...(each?.columns ?? []).map(([name, , comment]) => [name, comment])],
        ]);
        expect(Object.fromEntries(told)).toEqual(comments(readable));
        expect(found.map((each) => each?.kind)).toEqual(readable.map(({ kind }) => kind));
        expect(all.flatMap(({ columns }) => columns.filter(([, type]) => type === null))).toEqual([]);
        expect(Object.fromEntries(found.map((each) => [each?.name, each?.key]))).toEqual(keys);
        await annotate(JSON.stringify(found[0]?.columns[7]));
      });
    });

    describeWithTool('in DataHub', python, () => {
      test('has every comment, and from which tables a view is made', async ({ annotate }) => {
        const { host, pathname } = new URL(url);
        const cwd = target.workspace.directory;
        const recipe = {
          source: {
            type: 'postgres',
            config: {
              host_port: host,
              database: pathname.slice(1),
              username: READER,
              schema_pattern: { allow: ['^scene$'] },
            },
          },
          sink: { type: 'file', config: { filename: join(cwd, 'datahub.json') } },
        };
        await target.workspace.write('recipe.yml', JSON.stringify(recipe));
        const env = { PATH: process.env['PATH'], HOME: cwd, DATAHUB_TELEMETRY_ENABLED: 'false' };
        await execute(join(folderOf(python), 'bin/datahub'), ['ingest', '-c', 'recipe.yml'], { cwd, env });
        const events = JSON.parse(await readFile(join(cwd, 'datahub.json'), 'utf8')) as readonly DatahubEvent[];
        const told = events.flatMap(({ proposedSnapshot = {} }) =>
          Object.values(proposedSnapshot).map(commentsInDatahub),
        );
        expect(Object.fromEntries(told)).toMatchObject(comments(readable));
        const lineage = events.filter(({ aspectName }) => aspectName === 'upstreamLineage');
        const upstreams = lineage.map(({ entityUrn = '', aspect }) => [
          relationOf(entityUrn),
          (aspect?.json.upstreams ?? []).map(({ dataset }) => relationOf(dataset)).sort(),
        ]);
        expect(Object.fromEntries(upstreams)).toMatchObject({
          scene_history: ['dim_scene', 'scene_meta'],
          scene_by_launch_scene: ['dim_scene', 'launch_scene'],
          scene_freshness: ['scene_account'],
        });
        await annotate(JSON.stringify(told.find(([name]) => name === 'scene_drift')));
      });
    });
  },
  { versions: 'newest' },
);

interface DatahubEvent {
  readonly proposedSnapshot?: Readonly<Record<string, DatahubSnapshot>>;
  readonly entityUrn?: string;
  readonly aspectName?: string;
  readonly aspect?: { readonly json: { readonly upstreams?: readonly { readonly dataset: string }[] } };
}

interface DatahubSnapshot {
  readonly urn: string;
  /** Each has one member, named after its class. */
  readonly aspects: readonly Readonly<
    Record<string, { readonly description?: string; readonly fields?: readonly DatahubField[] }>
  >[];
}

interface DatahubField {
  readonly fieldPath: string;
  readonly description: string;
}

/** `scene_drift` of `urn:li:dataset:(urn:li:dataPlatform:postgres,DATABASE.scene.scene_drift,PROD)`. */
function relationOf(urn: string): string {
  return /\.(\w+),PROD\)$/.exec(urn)?.[1] ?? urn;
}

function commentsInDatahub({ urn, aspects }: DatahubSnapshot): readonly [string, readonly unknown[]] {
  const all = aspects.flatMap((aspect) => Object.entries(aspect));
  const aspectOf = (kind: string) => all.find(([name]) => name.endsWith(`.${kind}`))?.[1];
  const fields = aspectOf('SchemaMetadata')?.fields ?? [];
  const columns = fields.map(({ fieldPath, description }) => [fieldPath, description]);
  return [relationOf(urn), [aspectOf('DatasetProperties')?.description, ...columns]];
}
