import { chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import { clusterUrl, createDatabase } from '../support/postgres.ts';
import { buildImage, type ContainerOptions, startContainer, whyNoContainers } from './container/image.ts';

const imageUser = 65532;
const account = 'wx0123456789abcdef';
const maxImageMebibytes = 300;

/** A folder with a config that the image's user can read and a data folder that it can write. */
interface Workplace extends AsyncDisposable {
  readonly container: ContainerOptions;
}

async function workplace(simulator: Simulator, target: string): Promise<Workplace> {
  const folder = await mkdtemp(join(tmpdir(), 'scenedim-ops-'));
  const [config, data] = [join(folder, 'scenedim.yaml'), join(folder, 'data')];
  const source = `{ baseUrl: '${simulator.url}', accounts: [{ appId: ${account}, accessToken: { env: WECHAT_ACCESS_TOKEN } }] }`;
  await writeFile(config, `source: ${source}\ntarget: ${target}\n`);
  await mkdir(data);
  await chown(data, imageUser, imageUser);
  return {
    container: {
      env: { WECHAT_ACCESS_TOKEN: simulator.accessToken(account) },
      mounts: { '/scenedim/scenedim.yaml': config, '/scenedim/data': data },
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** The parts of a run's report that a run of one account fixes. */
async function report(args: readonly string[], container: ContainerOptions): Promise<object> {
  const { code, stdout, stderr } = await startContainer([...args, '--json'], container).outcome;
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

function describeContainer(suite: () => void): void {
  const missing = whyNoContainers();
  if (missing === undefined || process.env['SCENEDIM_TEST_REQUIRE_ALL'] === '1') describe('the image', suite);
  // biome-ignore lint/suspicious/noSkippedTests: says visibly what is missing; .ci/run requires it
  else test.skip(`the image (${missing})`, () => {});
}

describeContainer(() => {
  let bytes = 0;
  beforeAll(async () => {
    bytes = await buildImage();
  }, 300_000);

  test(`is smaller than ${maxImageMebibytes} MiB`, async ({ annotate }) => {
    const mebibytes = Math.round(bytes / 2 ** 20);
    await annotate(`${mebibytes} MiB`);
    expect(mebibytes).toBeLessThan(maxImageMebibytes);
  });

  test('says its version', async () => {
    expect(await startContainer(['--version']).outcome).toEqual({ code: 0, stdout: '0.1.0\n', stderr: '' });
  });

  test('keeps a dimension in PGlite on a volume, with everything else read-only', async () => {
    await using simulator = await startSimulator();
    await using place = await workplace(simulator, '{ type: pglite }');
    const first = await report(['sync'], place.container);
    expect(first).toEqual({
      ...unchanged,
      outcome: 'ok',
      changed: 1,
      unchanged: 0,
      versions: expect.objectContaining({ closed: 0 }),
    });
    expect(await report(['sync'], place.container)).toEqual(unchanged);
    expect((await startContainer(['verify'], place.container).outcome).code).toBe(0);
  });

  test('stops cleanly as PID 1 on SIGTERM, and the next run goes on', async () => {
    await using simulator = await startSimulator();
    await using place = await workplace(simulator, '{ type: pglite }');
    simulator.inject({ fault: 'hang', times: 1 });
    const container = startContainer(['sync'], place.container);
    await expect.poll(() => simulator.requests.length, { timeout: 60_000 }).toBe(1);
    container.terminate();
    expect(await container.outcome).toMatchObject({ code: 143 });
    expect(await report(['sync'], place.container)).toMatchObject({ outcome: 'ok', changed: 1 });
  });

  test('keeps a dimension in PostgreSQL', async () => {
    const server = inject('postgresServers').at(-1);
    if (!server) throw new Error('no PostgreSQL server');
    await using database = await createDatabase(await clusterUrl(server));
    await using simulator = await startSimulator();
    await using place = await workplace(simulator, `{ type: postgres, url: '${database.url}' }`);
    expect(await report(['sync'], place.container)).toMatchObject({ outcome: 'ok', changed: 1 });
    expect(await report(['sync'], place.container)).toEqual(unchanged);
  });
});
