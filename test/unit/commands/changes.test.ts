import { expect, test } from 'vitest';
import { collectChanges } from '../../../src/commands/changes.ts';
import type { SceneChange } from '../../../src/dimension/scene-changes.ts';

async function* changesOf(appIds: readonly string[]): AsyncGenerator<SceneChange> {
  for (const [n, appId] of appIds.entries()) {
    yield {
      appId,
      sceneKey: '4',
      changedAt: BigInt(appIds.length - n),
      change: 'opened',
      oldName: null,
      newName: '二维码',
    };
  }
}

test('changes are listed oldest first; of more than memory holds, some accounts or days are', async () => {
  await expect(collectChanges(changesOf(['wx1', 'wx2', 'wx3']), 2)).rejects.toMatchObject({
    code: 'usage',
    message: 'more than 2 changes are in this period',
    remedy: 'name a shorter period, or accounts by --app-id; the table function scene_changes gives all',
  });
  const found = await collectChanges(changesOf(['wx1', 'wx2']), 2);
  expect(found.map(({ appId }) => appId)).toEqual(['wx2', 'wx1']);
});
