import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, normalize } from 'node:path';
import { expect, test } from 'vitest';

const root = new URL('../..', import.meta.url).pathname;

/** The bundle of the command line is nearly all of it. */
const maxPackedBytes = 1.5 * 2 ** 20;

test('the packed package holds all that the program needs', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'scenedim-package-'));
  await using _ = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
  const run = (command: string, ...args: readonly string[]) =>
    execFileSync(command, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  const [packed] = JSON.parse(run('npm', 'pack', '--json', '--silent', '--pack-destination', folder, root));
  run('tar', '-xzf', packed.filename);
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  const manifest = JSON.parse(await readFile(join(folder, 'package/package.json'), 'utf8'));
  const scenedim = (...args: readonly string[]) => run(join(folder, 'package', manifest.bin.scenedim), ...args);

  expect(scenedim('--version')).toBe(`${manifest.version}\n`);
  expect(scenedim('demo')).toContain('postgres');
  expect(packed.size).toBeLessThan(maxPackedBytes);
  const paths: readonly string[] = packed.files.map((file: { path: string }) => file.path);
  const entries = Object.values(manifest.exports).flatMap((entry) =>
    typeof entry === 'string' ? [entry] : Object.values(entry as object),
  );
  for (const entry of [manifest.bin.scenedim, ...entries]) expect(paths).toContain(normalize(entry));
  // Of the compiler's output the types alone, each of a source that is there; no maps, no tests.
  const types = paths.filter((path) => /^dist\/.*\.d\.ts$/.test(path));
  const sources = types.map((path) => path.replace(/^dist/, 'src').replace(/\.d\.ts$/, '.ts'));
  expect(sources.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  const known = [
    /^dist\/(?:(?:cli|index|testing)\.js|THIRD-PARTY-NOTICES)$/,
    /^dist\/(?:cli|lib)\/[\w-]+\.js$/,
    /^sql\/(?:README\.md|(?:bigquery|postgres)\/\d{6}_\w+\.sql|catalog\/\w+\.csv)$/,
  ];
  const others = paths.filter((path) => !types.includes(path) && !known.some((pattern) => pattern.test(path)));
  expect(others.sort()).toEqual([
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
    'config/README.md',
    'config/airflow/README.md',
    'config/airflow/scenedim_in_pod.py',
    'config/airflow/scenedim_on_worker.py',
    'config/bigquery/README.md',
    'config/bigquery/setup.sh',
    'config/dagster/README.md',
    'config/dagster/scenedim_assets.py',
    'config/dbt/README.md',
    'config/dbt/dbt_project.yml',
    'config/dbt/macros/scene_as_of_join.sql',
    'config/dbt/models/scene_models.yml',
    'config/dbt/models/scene_sources.yml',
    'config/dbt/models/scene_version.sql',
    'config/dbt/models/scene_visit.sql',
    'config/dbt/tests/generic/scene_ends_fit_together.sql',
    'config/dbt/tests/generic/scene_one_version_in_force.sql',
    'config/dbt/tests/generic/scene_unique_together.sql',
    'config/kubernetes/README.md',
    'config/kubernetes/bigquery/kustomization.yaml',
    'config/kubernetes/bigquery/metadata-server.yaml',
    'config/kubernetes/bigquery/no-database.yaml',
    'config/kubernetes/bigquery/scenedim.yaml',
    'config/kubernetes/bigquery/service-account.yaml',
    'config/kubernetes/cronjob.yaml',
    'config/kubernetes/kustomization.yaml',
    'config/kubernetes/network-policy.yaml',
    'config/kubernetes/scenedim.yaml',
    'config/kubernetes/service-account.yaml',
    'config/kubernetes/shards/cronjob.yaml',
    'config/kubernetes/shards/kustomization.yaml',
    'config/monitoring/README.md',
    'config/monitoring/alerts.test.yaml',
    'config/monitoring/alerts.yaml',
    'config/postgres/README.md',
    'config/postgres/grants.sql',
    'config/recovery/README.md',
    'config/scenedim.example.yaml',
    'package.json',
    'src/load/README.md',
  ]);
}, 120_000);
