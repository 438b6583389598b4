import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLoader } from '../../src/load/registry.ts';
import { type CliWorkspace, createCliWorkspace } from '../support/cli-workspace.ts';

const line = JSON.stringify({
  app_id: 'wx1',
  observed_at: '2026-01-01T00:00:00Z',
  body: { scene: [{ name: '线下', value: 77 }] },
});
const target = { type: 'pglite', path: './db' };
const own = { launchScenes: 'launch-scenes.csv', accessSources: 'access-sources.csv' };

let workspace: CliWorkspace;
beforeAll(async () => {
  workspace = await createCliWorkspace({ target });
  await workspace.write('launch-scenes.csv', 'launch_scene,launch_scene_name,access_source_key\n1011,物料,77\n');
  await workspace.write('access-sources.csv', 'access_source_key,access_source_name\n77,线下物料\n');
  await workspace.succeed(['replay', '-'], line);
});
afterAll(() => workspace[Symbol.asyncDispose]());

const configure = (catalog: object) => workspace.write('scenedim.yaml', JSON.stringify({ target, catalog }));

async function bridge(): Promise<readonly unknown[]> {
  await using loader = await createLoader({ type: 'pglite', path: `${workspace.directory}/db` });
  const { signal } = new AbortController();
  const statement = `SELECT scene.access_source_of(1011) AS key,
    (SELECT json_agg(l.scene_key || ' ' || l.mapping) FROM scene.scene_by_launch_scene AS l WHERE l.launch_scene = 1011) AS view,
    (SELECT d.drift || ' ' || d.bundled_name FROM scene.scene_drift AS d WHERE d.scene_key = '77') AS drift,
    (SELECT count(*)::int FROM scene.launch_scene AS l WHERE l.mapping IN ('own', 'community')) AS changed,
    (SELECT count(*)::int FROM scene.launch_scene AS l WHERE scene.access_source_of(l.launch_scene) <> l.access_source_key) AS apart`;
  return (await loader.runSql?.(statement, signal)) ?? [];
}

test('a run and check tell that the catalog has changed, and migrate brings it in', async () => {
  expect(await bridge()).toEqual([{ key: '4', view: null, drift: null, changed: 0, apart: 0 }]);
  await configure(own);
  const { code, stdout } = await workspace.run(['replay', '-', '--json'], line);
  const remedy = 'run `scenedim migrate`, which brings them in; or set the config back';
  expect([code, JSON.parse(stdout).problems]).toEqual([
    0,
    [
      {
        app_id: null,
        kind: 'catalog_changed',
        code: 'catalog_changed',
        message: expect.stringContaining('catalog'),
        remedy,
      },
    ],
  ]);
  expect((await workspace.run(['check'])).stdout).toContain(remedy);
  expect(await bridge()).toEqual([{ key: '4', view: null, drift: null, changed: 0, apart: 0 }]);

  expect(await workspace.succeed(['migrate'])).toContain(
    'access sources and launch scenes are those of the config now',
  );
  const brought = { key: '77', view: ['77 own'], drift: 'renamed 线下物料', changed: 1, apart: 0 };
  expect(await bridge()).toEqual([brought]);
  expect(await workspace.succeed(['history', '1011'])).toContain('counted under access source 77\n');
  expect(JSON.parse(await workspace.succeed(['replay', '-', '--json'], line)).problems).toEqual([]);
  const checked = await workspace.succeed(['check']);
  expect(checked).not.toContain(remedy);
  expect(checked).not.toContain('bundled tables');

  await workspace.write('access-sources.csv', 'access_source_key,access_source_name\n77,线下\n');
  expect((await workspace.run(['replay', '-', '--json'], line)).stdout).toContain('catalog_changed');
  await workspace.succeed(['migrate']);
  expect(await bridge()).toEqual([{ ...brought, drift: 'matched 线下' }]);
});

test('the mapping of the community is applied only when it is asked for, and taken back', async () => {
  await configure({ communityMapping: true });
  await workspace.succeed(['migrate']);
  expect(await bridge()).toMatchObject([{ key: '4', changed: 19, apart: 0 }]);
  await configure({});
  expect(await workspace.succeed(['migrate'])).toContain('those of the config now');
  expect(await workspace.succeed(['migrate'])).toContain('is up to date');
  expect(await bridge()).toMatchObject([{ key: '4', changed: 0, apart: 0 }]);
});

test('check tells rows of the catalog that somebody else changed', async () => {
  await configure(own);
  await workspace.succeed(['migrate']);
  {
    await using loader = await createLoader({ type: 'pglite', path: `${workspace.directory}/db` });
    const { signal } = new AbortController();
    await loader.runSql?.(`UPDATE scene.launch_scene SET launch_scene_name = 'x' WHERE launch_scene = 1011`, signal);
  }
  const { code, stdout } = await workspace.run(['check']);
  expect([code, stdout]).toEqual([78, expect.stringContaining('other rows than the newest migrate wrote')]);
  await workspace.succeed(['migrate']);
  expect((await workspace.run(['check'])).code).toBe(0);
});

test('a file with a mistake stops a command, with file and line', async () => {
  await workspace.write('launch-scenes.csv', 'launch_scene,launch_scene_name,access_source_key\n11,物料,77\n');
  const { code, stderr } = await workspace.run(['replay', '-'], line);
  expect([code, stderr]).toEqual([78, expect.stringContaining('launch-scenes.csv:2: launch_scene "11"')]);
});
