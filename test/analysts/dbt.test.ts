/** The package in `config/dbt` with the real dbt: as its README says, on a target of ours, and on a layer that is damaged. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundledCatalog } from '../../src/catalog/scene-catalog.ts';
import { migrationStatements } from '../../src/load/bigquery/schema/migrations.ts';
import { type BigquerySuite, describeBigquery } from '../support/bigquery.ts';
import { blocksOf, root } from '../support/documents.ts';
import { describeWithTool, folderOf, pythonTool } from '../support/installed-tool.ts';
import { describePostgres, type PostgresSuite, skipVisibly } from '../support/postgres.ts';
import { createSceneDataset } from '../support/scene-dataset.ts';
import { findSqlGate, passThroughGate } from '../support/sql-gate.ts';
import type { TestVersion } from '../support/view-database.ts';
import {
  type AnalystsTarget,
  createAnalystsTarget,
  createOwnLayer,
  damages,
  nameOfEachVisit,
  visits,
} from './analysts-target.ts';

const execute = promisify(execFile);
const here = new URL('.', import.meta.url).pathname;
const tool = pythonTool(
  'analysts-dbt',
  join(root, 'test/bench/peers/requirements/dbt.txt'),
  join(here, 'requirements/dbt-bigquery.txt'),
);

interface Project extends AsyncDisposable {
  readonly directory: string;
  /** Runs dbt, with no word to its makers. */
  dbt(...args: readonly string[]): Promise<{ readonly code: number; readonly output: string }>;
}

/** A project as the README shows it, with the profile `reports`; `visits` is its table of visits. */
async function createProject(profile: object, visits = 'logs.visit'): Promise<Project> {
  const directory = await mkdtemp(join(tmpdir(), 'scenedim-dbt-'));
  const write = async (name: string, text: string) => {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), text);
  };
  for (const { text } of [...blocksOf('yaml dbt'), ...blocksOf('sql dbt')]) {
    const [, name = ''] = /^(?:#|--) (\S+)$/m.exec(text) ?? [];
    await write(
      name,
      text
        .replace('node_modules/scenedim/', root)
        .replaceAll(/logs\.visit\b/g, name.endsWith('.yml') ? JSON.stringify(visits) : visits),
    );
  }
  await write('profiles.yml', JSON.stringify({ reports: { target: 'test', outputs: { test: profile } } }));
  const env = {
    PATH: `${join(folderOf(tool), 'bin')}:${process.env['PATH']}`,
    HOME: directory,
    DO_NOT_TRACK: '1',
    DBT_SEND_ANONYMOUS_USAGE_STATS: 'false',
    NO_COLOR: '1',
  };
  return {
    directory,
    dbt: (...args) =>
      new Promise((resolve) => {
        execFile(
          join(folderOf(tool), 'bin/dbt'),
          ['--no-use-colors', ...args],
          { cwd: directory, env },
          (error, stdout, stderr) => {
            resolve({ code: error === null ? 0 : Number(error.code), output: stdout + stderr });
          },
        );
      }),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

const daysOf2025 = `SELECT CAST(day AS date) AS day
FROM generate_series(DATE '2025-01-01', DATE '2025-12-31', INTERVAL '1 day') AS day`;
const timeSpine = {
  models: [
    {
      name: 'days',
      time_spine: { standard_granularity_column: 'day' },
      columns: [{ name: 'day', granularity: 'day' }],
    },
  ],
};

/** Prints the names of the semantic models, and what MetricFlow has to say about them. */
const validateSemantics = `
import json, sys
from metricflow_semantic_interfaces.implementations.semantic_manifest import PydanticSemanticManifest
from metricflow_semantic_interfaces.validations.semantic_manifest_validator import SemanticManifestValidator
manifest = PydanticSemanticManifest.parse_obj(json.load(open(sys.argv[1])))
issues = SemanticManifestValidator().validate_semantic_manifest(manifest).all_issues
print([model.name for model in manifest.semantic_models], [issue.message for issue in issues])`;

describeWithTool('the dbt package', tool, () => {
  describePostgres('in PostgreSQL', postgresSuite, { versions: 'newest' });
  bigquerySuite();
  describeBigquery('in BigQuery', emulatorSuite);
});

function postgresSuite(postgres: PostgresSuite): void {
  let target: AnalystsTarget;
  let project: Project;
  beforeAll(async () => {
    target = await createAnalystsTarget(postgres);
    const { hostname, port, pathname } = new URL(target.url);
    const place = { host: hostname, port: Number(port), dbname: pathname.slice(1), schema: 'reports' };
    project = await createProject({ type: 'postgres', ...place, user: 'postgres', password: 'unused', threads: 2 });
    await project.dbt('deps');
  }, 240_000);
  afterAll(async () => {
    await project[Symbol.asyncDispose]();
    await target[Symbol.asyncDispose]();
  });

  test('parses without a warning', async () => {
    const { code, output } = await project.dbt('--warn-error', 'parse', '--no-partial-parse');
    expect([code, output]).toEqual([0, expect.not.stringContaining('WARN')]);
  });

  test('runs as its README says', async ({ annotate }) => {
    for (const { text } of blocksOf('sh dbt')) {
      for (const line of text.trim().split('\n')) {
        const { code, output } = await project.dbt(...line.split(' ').slice(1));
        expect([line, code, code === 0 ? '' : output]).toEqual([line, 0, '']);
        expect(output).not.toMatch(/WARN(?!=0)/);
        await annotate(output.trim().split('\n').slice(-3).join('\n'));
      }
    }
  });

  test('names each visit as the joins of sql/README.md do, and none twice', async () => {
    await project.dbt('run');
    const joins = blocksOf('sql run').filter(({ document }) => document === 'sql/README.md');
    const models = ['visit_name', 'launch_name'];
    const named = (select: string) =>
      target.database.query(`SELECT visited_at, scene_name FROM (${select}) AS made ORDER BY visited_at`);
    for (const [index, model] of models.entries()) {
      const rows = await named(`SELECT * FROM reports.${model}`);
      expect(rows).toHaveLength(nameOfEachVisit.length);
      expect(rows).toEqual(await named((joins[index]?.text ?? '').trim().replace(/;$/, '')));
    }
    const both = await target.database.query('SELECT scene_name FROM reports.scene_visit ORDER BY visited_at');
    expect(both.map((row) => (row as { readonly scene_name: string }).scene_name)).toEqual(nameOfEachVisit);
  });

  test.each([
    ['doubleVersion', ['scene_one_version_in_force_scenedim_scene_history']],
    ['repeatedRow', ['scene_one_version_in_force_scenedim_scene_history', 'unique_scenedim_scene_history_version_id']],
    ['emptyPeriod', ['scene_ends_fit_together_scenedim_scene_history']],
    ['strangeValue', ['accepted_values_scenedim_launch_scene_mapping']],
  ] as const)('tells %s in a layer of one’s own', async (damage, broken) => {
    await createOwnLayer(target, damages[damage]);
    const { code, output } = await project.dbt(
      'test',
      '--select',
      'source:scenedim',
      '--vars',
      '{scenedim_schema: own}',
    );
    const failed = [...output.matchAll(/ FAIL \d+ (?:source_)?(\w+) /g)].map(([, name = '']) => name);
    expect([code, failed.length, broken.filter((name) => failed.every((each) => !each.includes(name)))]).toEqual([
      1,
      broken.length,
      [],
    ]);
  });

  test('warns of accounts that are stale, and fails for those that are dead', async () => {
    const freshness = () => project.dbt('source', 'freshness', '--vars', '{scenedim_schema: own}');
    await createOwnLayer(target, damages.staleAccounts);
    expect(await freshness()).toMatchObject({
      code: 0,
      output: expect.stringMatching(/WARN freshness of scenedim.scene_history/),
    });
    await createOwnLayer(target, damages.staleAccounts.replace('3 days', '5 days'));
    expect(await freshness()).toMatchObject({
      code: 1,
      output: expect.stringMatching(/ERROR STALE freshness of scenedim.scene_history/),
    });
  });

  test('has a semantic model that MetricFlow takes, for a project with a time spine', async ({ annotate }) => {
    await writeFile(join(project.directory, 'models/days.sql'), daysOf2025);
    await writeFile(join(project.directory, 'models/days.yml'), JSON.stringify(timeSpine));
    const { code, output } = await project.dbt('parse', '--vars', '{scenedim_semantic_model: true}');
    expect([code, output]).toEqual([0, expect.any(String)]);
    const manifest = join(project.directory, 'target/semantic_manifest.json');
    const { stdout } = await execute(join(folderOf(tool), 'bin/python'), ['-c', validateSemantics, manifest]);
    expect(stdout.trim()).toBe("['scene_version'] ['No metrics present in the model.']");
    const { semantic_models: models } = JSON.parse(await readFile(manifest, 'utf8'));
    expect(models[0]).toMatchObject({ measures: [], entities: [{ name: 'scene', type: 'natural', expr: 'scene_id' }] });
    await annotate(stdout);
  });

  test.each([
    ['a key', "'a', 'b'", 'give access_source or launch_scene'],
    ['a time', "'a', access_source='c'", 'give app_id and at, the account and the time of a fact'],
    ['an account', "at='b', access_source='c'", 'give app_id and at, the account and the time of a fact'],
  ])('refuses a join without %s', async (_, given, message) => {
    await writeFile(join(project.directory, 'models/wrong.sql'), `SELECT 1 {{ scenedim.scene_as_of_join(${given}) }}`);
    const { code, output } = await project.dbt('parse');
    expect([code, output]).toEqual([2, expect.stringContaining(message)]);
  });
}

function bigquerySuite(): void {
  const gate = findSqlGate();
  if (gate === undefined) {
    skipVisibly('in BigQuery', 'the SQL gate is not built: run .ci/install-sql-gate');
    return;
  }

  test('compiles for BigQuery, and GoogleSQL takes all of it', async ({ annotate }) => {
    const profile = {
      type: 'bigquery',
      method: 'oauth-secrets',
      token: 'unused',
      project: 'my-project',
      dataset: 'reports',
    };
    await using project = await createProject({ ...profile, threads: 2 }, '`my-project.logs.visit`');
    await project.dbt('deps');
    const { code, output } = await project.dbt('compile', '--no-populate-cache', '--no-introspect');
    expect([code, output]).toEqual([0, expect.any(String)]);
    const { nodes } = JSON.parse(await readFile(join(project.directory, 'target/manifest.json'), 'utf8')) as {
      readonly nodes: Readonly<Record<string, CompiledNode>>;
    };
    const compiled = Object.values(nodes);
    const made = compiled.filter(({ resource_type }) => resource_type === 'model');
    const tests = compiled.filter(({ resource_type }) => resource_type === 'test');
    expect([made.length, tests.length]).toEqual([4, expect.toSatisfy((count) => count > 90)]);
    const place = { projectId: 'my-project', dataset: 'scene' };
    const statements = [
      ...migrationStatements(place, {
        normalizerVersion: 1,
        firstSeen: 'beginning',
        timeZone: 'UTC',
        catalog: bundledCatalog(),
      }),
      'CREATE TABLE `my-project.logs.visit` (app_id STRING, visited_at TIMESTAMP, access_source INT64, launch_scene INT64)',
      ...made.map(({ relation_name, compiled_code }) => `CREATE VIEW ${relation_name} AS ${compiled_code}`),
      ...tests.map(({ compiled_code }) => compiled_code),
    ];
    const { refused, passed } = await passThroughGate(
      gate,
      // The gate knows a path only in one pair of backticks; BigQuery does not mind.
      statements.map((sql) => ({ sql: sql.replaceAll('`.`', '.') })),
    );
    expect(refused).toEqual([]);
    await annotate(`${passed} statements passed, ${made.length} models and ${tests.length} tests among them`);
  });
}

/** What the answers of the target in PostgreSQL give. */
const versions: readonly TestVersion[] = [
  { app: 'wx1', key: '4', name: '二维码', from: '1970-01-01T00:00:00Z', to: '2025-04-01T00:00:00Z', ended: 'renamed' },
  { app: 'wx1', key: '4', name: '扫一扫二维码', from: '2025-04-01T00:00:00Z' },
  { app: 'wx1', key: '10', name: '其他', from: '1970-01-01T00:00:00Z' },
  { app: 'wx1', key: '39', name: '浮窗', from: '1970-01-01T00:00:00Z', to: '2025-04-01T00:00:00Z' },
  { app: 'wx2', key: '4', name: '二维码', from: '1970-01-01T00:00:00Z' },
];

function emulatorSuite(bigquery: BigquerySuite): void {
  // dbt has no credentials for the real service.
  if (bigquery.kind === 'service') return;

  test('builds, and names each visit', async ({ annotate }) => {
    await using scene = await createSceneDataset(bigquery);
    await scene.insertVersions(versions);
    const table = `\`${scene.path}.visit\``;
    const rows = visits.map(([app, at, ...codes]) => {
      return `('${app}', TIMESTAMP '${at}', ${codes.slice(0, 2).map(String).join(', ')})`;
    });
    await scene.query(
      `CREATE TABLE ${table} (app_id STRING, visited_at TIMESTAMP, access_source INT64, launch_scene INT64)`,
    );
    await scene.query(`INSERT INTO ${table} VALUES ${rows.join(', ')}`);
    const { projectId, apiEndpoint } = bigquery.place();
    const login = { type: 'bigquery', method: 'oauth-secrets', token: 'unused', api_endpoint: apiEndpoint };
    await using project = await createProject(
      { ...login, project: projectId, dataset: scene.dataset, threads: 1 },
      table,
    );
    await project.dbt('deps');
    const { code, output } = await project.dbt('build', '--vars', `{scenedim_schema: ${scene.dataset}}`);
    expect([code, code === 0 ? '' : output]).toEqual([0, '']);
    const named = async (model: string) => {
      const found = await scene.query<{ readonly scene_name: string }>(
        `SELECT scene_name FROM \`${scene.path}.${model}\` ORDER BY visited_at`,
      );
      return found.map(({ scene_name }) => scene_name);
    };
    expect(await named('scene_visit')).toEqual(nameOfEachVisit);
    const ofOneCode = (column: 2 | 3) => visits.map((visit) => (visit[column] === null ? '未知' : visit[4]));
    expect(await named('visit_name')).toEqual(ofOneCode(2));
    expect(await named('launch_name')).toEqual(ofOneCode(3));
    await annotate(output.trim().split('\n').at(-1) ?? '');
  });
}

interface CompiledNode {
  readonly resource_type: string;
  readonly relation_name: string | null;
  readonly compiled_code: string;
}
