import { execFileSync } from 'node:child_process';
import { chmod, chown, glob, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import { clusterUrl, createDatabase } from '../support/postgres.ts';
import { buildImage, type ContainerOptions, type Image, startContainer, whyNoContainers } from './container/image.ts';

const imageUser = 65532;
/** As OpenShift gives a pod: a number that no image knows, with the group 0. */
const anyUser = { user: '1000690000:0' } as const;
const account = 'wx0123456789abcdef';
const maxImageMebibytes = 220;
const inData = '{ type: pglite, path: /scenedim/data/scene }';

/** A folder with a config that the image's user can read and a data folder that it, or the group 0, can write. */
interface Workplace extends AsyncDisposable {
  readonly folder: string;
  readonly container: ContainerOptions;
}

async function workplace(
  simulator: Simulator,
  target: string,
  configPath = '/scenedim/scenedim.yaml',
): Promise<Workplace> {
  const folder = await mkdtemp(join(tmpdir(), 'scenedim-ops-'));
  const [config, data] = [join(folder, 'scenedim.yaml'), join(folder, 'data')];
  const source = `{ baseUrl: '${simulator.url}', accounts: [{ appId: ${account}, accessToken: { env: WECHAT_ACCESS_TOKEN } }] }`;
  await writeFile(config, `source: ${source}\ntarget: ${target}\n`);
  await mkdir(data);
  await chown(data, imageUser, 0);
  await chmod(data, 0o775);
  return {
    folder,
    container: {
      env: { WECHAT_ACCESS_TOKEN: simulator.accessToken(account) },
      mounts: { [configPath]: config, '/scenedim/data': data },
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** A workplace whose target is a new database of a real server. */
async function workplaceInPostgres(simulator: Simulator): Promise<Workplace> {
  const server = inject('postgresServers').at(-1);
  if (!server) throw new Error('no PostgreSQL server');
  const database = await createDatabase(await clusterUrl(server));
  const place = await workplace(simulator, `{ type: postgres, url: '${database.url}' }`);
  return {
    ...place,
    async [Symbol.asyncDispose]() {
      await place[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

const run = (args: readonly string[], container?: ContainerOptions) => startContainer(args, container).outcome;

/** The parts of a run's report that a run of one account fixes. */
async function report(args: readonly string[], container: ContainerOptions): Promise<object> {
  const { code, stdout, stderr } = await run([...args, '--json'], container);
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.any(String) });
  const { outcome, accounts, versions } = JSON.parse(stdout);
  return { outcome, changed: accounts.changed, unchanged: accounts.unchanged, versions };
}

const unchanged = {
  outcome: 'nothing_changed',
  changed: 0,
  unchanged: 1,
  versions: { opened: 0, closed: 0, rewritten: 0, removed: 0 },
};

const loaded = { outcome: 'ok', changed: 1, unchanged: 0, versions: expect.objectContaining({ closed: 0 }) };

function describeContainer(suite: () => void): void {
  const missing = whyNoContainers();
  if (missing === undefined || process.env['SCENEDIM_TEST_REQUIRE_ALL'] === '1') describe('the image', suite);
  // biome-ignore lint/suspicious/noSkippedTests: says visibly what is missing; .ci/run requires it
  else test.skip(`the image (${missing})`, () => {});
}

describeContainer(() => {
  let image: Image;
  beforeAll(async () => {
    image = await buildImage();
  }, 600_000);

  const filesOf = (pattern: string) => Array.fromAsync(glob(pattern, { cwd: image.root }));

  test(`is smaller than ${maxImageMebibytes} MiB`, async ({ annotate }) => {
    const mebibytes = Math.round(image.bytes / 2 ** 20);
    await annotate(`${mebibytes} MiB`);
    expect(mebibytes).toBeLessThan(maxImageMebibytes);
  });

  test('says its version, also in its labels, which tell what it is made of', async () => {
    const { version, description, license } = JSON.parse(await readFile('package.json', 'utf8'));
    expect(await run(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
    expect(image.labels).toMatchObject({
      'org.opencontainers.image.title': 'scenedim',
      'org.opencontainers.image.description': description,
      'org.opencontainers.image.licenses': license,
      'org.opencontainers.image.version': version,
      'org.opencontainers.image.base.name': 'docker.io/library/debian:bookworm-slim',
      'org.opencontainers.image.revision': execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8' }).trim(),
    });
  });

  test('holds the program node, the command line and PGlite, and nothing else beside Debian', async () => {
    expect((await filesOf('usr/local/**/{node,LICENSE}')).sort()).toEqual([
      'usr/local/bin/node',
      'usr/local/share/doc/node',
      'usr/local/share/doc/node/LICENSE',
    ]);
    expect(await filesOf('usr/local/{bin,lib}/*')).toEqual(['usr/local/bin/node']);
    expect((await filesOf('{app/*,app/dist/*,app/node_modules/*/*}')).sort()).toEqual([
      'app/LICENSE',
      'app/dist',
      'app/dist/THIRD-PARTY-NOTICES',
      'app/dist/cli',
      'app/dist/cli.js',
      'app/dist/sbom.cdx.json',
      'app/node_modules',
      'app/node_modules/@electric-sql/pglite',
      'app/package.json',
      'app/sql',
    ]);
    const kinds = new Set((await filesOf('app/**/*.*')).map((file) => /\.[a-z.]+$/.exec(file)?.[0]));
    expect([...kinds].filter((kind) => /\.(?:map|cjs|ts|cts|gz)$/.test(kind ?? ''))).toEqual([]);
    const { uid, gid, mode } = await stat(join(image.root, 'scenedim/data'));
    expect([uid, gid, mode & 0o777]).toEqual([imageUser, 0, 0o775]);
  });

  test('lists in its SBOM the packages of its bundle, PGlite, and the Node that runs it', async () => {
    const bill = JSON.parse(await readFile(join(image.root, 'app/dist/sbom.cdx.json'), 'utf8'));
    const notices = await readFile(join(image.root, 'app/dist/THIRD-PARTY-NOTICES'), 'utf8');
    const bundled = [...notices.matchAll(/^(?:-{80}\n\n)(\S+) (\S+) \(/gm)].map(
      ([, name, version]) => `${name}@${version}`,
    );
    expect(bundled).toEqual(expect.arrayContaining([expect.stringMatching(/^pg@/), expect.stringMatching(/^pino@/)]));
    const folder = join(image.root, 'app/node_modules/@electric-sql/pglite');
    const pglite = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
    const { stdout } = await run(['--version'], { entrypoint: ['/usr/local/bin/node'] });
    const listed = bill.components.map((each: { name: string; version: string }) => `${each.name}@${each.version}`);
    expect(listed.sort()).toEqual(
      [...bundled, `${pglite.name}@${pglite.version}`, `node@${stdout.trim().slice(1)}`].sort(),
    );
    expect(bill.metadata.component).toMatchObject({
      name: 'scenedim',
      purl: expect.stringMatching(/^pkg:npm\/scenedim@/),
    });
  });

  test('keeps a dimension in PGlite on a volume, with everything else read-only', async () => {
    await using simulator = await startSimulator();
    await using place = await workplace(simulator, '{ type: pglite }');
    expect(await report(['sync'], place.container)).toEqual(loaded);
    expect(await report(['sync'], place.container)).toEqual(unchanged);
    expect((await run(['verify'], place.container)).code).toBe(0);
    const outside = await run(['export', '--output', '/tmp/scenes.ndjson'], place.container);
    expect(outside).toMatchObject({
      code: 74,
      stderr: expect.stringMatching(/\/tmp\/scenes\.ndjson cannot be written \(EROFS\)/),
    });
    const inside = await run(['export', '--output', '/scenedim/data/scenes.ndjson'], place.container);
    expect(inside).toMatchObject({ code: 0 });
  });

  test('says what it misses where a PGlite target has no volume', async () => {
    await using simulator = await startSimulator();
    await using place = await workplace(simulator, '{ type: pglite }');
    const { '/scenedim/data': _, ...mounts } = place.container.mounts ?? {};
    const { code, stderr } = await run(['sync'], { ...place.container, mounts });
    expect({ code, stderr }).toEqual({ code: 74, stderr: expect.stringMatching(/EROFS.*\/scenedim\/data\/scene/) });
  });

  test('finds a config in its folder config, as a config map is mounted', async () => {
    await using simulator = await startSimulator();
    await using place = await workplace(simulator, inData, '/scenedim/config/scenedim.yaml');
    expect(await report(['sync'], place.container)).toEqual(loaded);
    expect(await report(['sync'], place.container)).toEqual(unchanged);
  });

  const homeless = { entrypoint: ['/usr/bin/env', '-u', 'HOME', '/usr/local/bin/node', '/app/dist/cli.js'] };

  test.each([
    ['that does not exist', { env: { HOME: '/nonexistent' } }],
    ['that is not set', homeless],
  ])('needs no home: one %s', async (_, { env, entrypoint }: ContainerOptions) => {
    await using simulator = await startSimulator();
    await using place = await workplaceInPostgres(simulator);
    const options = { ...place.container, ...(entrypoint && { entrypoint }), env: { ...place.container.env, ...env } };
    expect(await report(['sync'], options)).toEqual(loaded);
    expect(await report(['sync'], options)).toEqual(unchanged);
  });

  test('says that the url of a PostgreSQL target has to name a user, and works when it does', async () => {
    await using simulator = await startSimulator();
    await using place = await workplaceInPostgres(simulator);
    const config = join(place.folder, 'scenedim.yaml');
    const named = await readFile(config, 'utf8');
    await writeFile(config, named.replace(/postgres:\/\/[^@]*@/, 'postgres://'));
    const { code, stderr } = await run(['sync'], place.container);
    expect(code).toBe(78);
    expect(stderr).toContain('remedy: write target.url like postgres://user@host:5432/database');
    await writeFile(config, named);
    expect(await report(['sync'], place.container)).toEqual(loaded);
  });

  test.each([
    ['PostgreSQL', "{ type: postgres, url: 'postgres:///?service=warehouse' }", 78, /"warehouse" is in none of \/etc/],
    ['Google', '{ type: bigquery, projectId: my-project }', 77, /no credentials for BigQuery/],
  ])('misses no home where it looks for what a user keeps there for %s', async (_, target, code, message) => {
    await using simulator = await startSimulator();
    await using place = await workplace(simulator, target);
    const outcome = await run(['status'], { ...place.container, ...homeless });
    expect(outcome).toEqual({ code, stdout: '', stderr: expect.stringMatching(message) });
  });

  test('stops cleanly as PID 1 on SIGTERM, and the next run goes on', async () => {
    await using simulator = await startSimulator();
    await using place = await workplace(simulator, '{ type: pglite }');
    expect(await report(['sync'], place.container)).toEqual(loaded);
    simulator.inject({ fault: 'hang', times: 1 });
    const asked = simulator.requests.length;
    // Ends with other words when it does not stop in this time.
    const container = startContainer(['sync', '--grace', '10s'], place.container);
    await expect.poll(() => simulator.requests.length, { timeout: 60_000 }).toBe(asked + 1);
    container.terminate();
    expect(await container.outcome).toEqual({
      code: 143,
      stdout: expect.any(String),
      stderr: expect.not.stringContaining('did not end within'),
    });
    expect((await run(['verify'], place.container)).code).toBe(0);
    expect(await report(['sync'], place.container)).toEqual(unchanged);
  });

  test('tells Kubernetes and Airflow what became of a run, where they have made the places for it', async () => {
    await using simulator = await startSimulator();
    await using place = await workplaceInPostgres(simulator);
    const [message, xcom] = [join(place.folder, 'termination-log'), join(place.folder, 'xcom')];
    await writeFile(message, '');
    await mkdir(xcom);
    for (const path of [message, xcom]) await chmod(path, 0o777);
    const mounts = { ...place.container.mounts, '/dev/termination-log': message, '/airflow/xcom': xcom };
    const told = async (options: ContainerOptions) => {
      await rm(join(xcom, 'return.json'), { force: true });
      const { code, stdout } = await run(['sync', '--json'], { ...options, mounts });
      const text = await readFile(message, 'utf8');
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(4096);
      expect(JSON.parse(await readFile(join(xcom, 'return.json'), 'utf8'))).toEqual(JSON.parse(stdout));
      return { code, message: JSON.parse(text) };
    };

    expect(await told(place.container)).toEqual({
      code: 0,
      message: expect.objectContaining({ command: 'sync', outcome: 'ok', exit_code: 0 }),
    });
    // More problems than 4,096 bytes can name.
    const accounts = Array.from({ length: 60 }, (_, index) => account.slice(0, -2) + String(index).padStart(2, '0'));
    const config = join(place.folder, 'scenedim.yaml');
    const entries = accounts.map((appId) => `{ appId: ${appId}, accessToken: { env: WECHAT_ACCESS_TOKEN } }`);
    await writeFile(config, (await readFile(config, 'utf8')).replace(/accounts: \[.*?\]/, `accounts: [${entries}]`));
    const refused = await told({ ...place.container, env: { WECHAT_ACCESS_TOKEN: 'x'.repeat(32) } });
    expect(refused).toEqual({
      code: 77,
      message: expect.objectContaining({ command: 'sync', exit_code: 77, problems_total: accounts.length }),
    });
    expect(refused.message.problems[0]).toMatchObject({ app_id: accounts[0], remedy: expect.any(String) });
    expect(refused.message.problems.length).toBeLessThan(accounts.length);
  });

  test('keeps a dimension in PostgreSQL', async () => {
    await using simulator = await startSimulator();
    await using place = await workplaceInPostgres(simulator);
    expect(await report(['sync'], place.container)).toEqual(loaded);
    expect(await report(['sync'], place.container)).toEqual(unchanged);
  });

  test.each([
    ['PostgreSQL', workplaceInPostgres],
    ['PGlite', (simulator: Simulator) => workplace(simulator, inData)],
  ])('runs as any user of the group 0, with %s', async (_, placeFor) => {
    await using simulator = await startSimulator();
    await using place = await placeFor(simulator);
    expect(await report(['sync'], { ...place.container, ...anyUser })).toEqual(loaded);
    expect(await report(['sync'], { ...place.container, ...anyUser })).toEqual(unchanged);
  });
});
