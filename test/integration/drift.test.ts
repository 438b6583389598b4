/** The drift that a report computes is what the view `scene_drift` says. */
import { beforeAll, expect, test } from 'vitest';
import { readAccessSources } from '../../src/catalog/bundled-tables.ts';
import { accountDrift, driftKinds } from '../../src/dimension/account-drift.ts';
import type { Version } from '../../src/dimension/version.ts';
import { describeViewDatabases } from '../support/describe-view-databases.ts';
import { insertVersions, type TestVersion } from '../support/view-database.ts';

const from = '1970-01-01T00:00:00Z';
const to = '2026-01-10T00:00:00Z';

const versions: readonly TestVersion[] = [
  { app: 'wx1', key: '4', name: '扫一扫二维码', from },
  { app: 'wx1', key: '10', name: '别的', from },
  { app: 'wx1', key: '57', name: '新入口', from, to, ended: 'removed' },
  { app: 'wx1', key: '59', name: '群待办', from },
  { app: 'wx1', key: '60', name: '别的名字', from },
  { app: 'wx1', key: '999', name: '没见过', from },
  { app: 'wx1', key: '04', name: '扫一扫二维码', from },
  { app: 'wx1', key: '@_all', name: '全部', from },
  { app: 'wx2', key: '62', name: '视频号', from, to, ended: 'removed' },
];

describeViewDatabases('the drift of an account', (database) => {
  beforeAll(async () => {
    await insertVersions(database(), versions);
    await database().execute(`INSERT INTO scene.scene_account (app_id, revision, last_ok_at, last_attempt_at)
      VALUES ('wx1', 1, '${to}', '${to}'), ('wx2', 1, '${to}', '${to}')`);
  });

  test.each(['wx1', 'wx2'])('%s is the one of the view', async (app) => {
    const open = versions
      .filter((version) => version.app === app && version.to === undefined)
      .map(({ key: sceneKey, name: sceneName }) => ({ sceneKey, sceneName }) as Version);
    const drift = [...accountDrift(readAccessSources(), open)];
    const rows = await database().query<{ scene_key: string }>(
      'SELECT scene_key, bundled_name, scene_name, drift FROM scene.scene_drift WHERE app_id = $1',
      [app],
    );
    const computed = drift.map(({ sceneKey, bundledName, sceneName, drift }) => {
      return { scene_key: sceneKey, bundled_name: bundledName, scene_name: sceneName, drift };
    });
    const byKey = (a: { readonly scene_key: string }, b: { readonly scene_key: string }) =>
      a.scene_key < b.scene_key ? -1 : 1;
    expect(computed.sort(byKey)).toEqual([...rows].sort(byKey));
    const kinds = new Set(drift.map(({ drift }) => drift));
    expect(kinds).toEqual(new Set(app === 'wx1' ? driftKinds : ['missing']));
  });
});
