import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { scenesAnAccount, workloadFiles, writeWorkload } from '../../bench/workload.ts';

interface Line {
  readonly app_id: string;
  readonly observed_at: string;
  readonly body: { readonly scene: readonly { readonly name: string; readonly value: number | string }[] };
}

test('a workload says of each file what the bench counts on', async () => {
  await using owned = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'scenedim-workload-'));
  owned.defer(() => rm(folder, { recursive: true }));
  const { files, flatFile, rows, changes } = await writeWorkload(folder, 200);
  const read = async (file: string) => (await readFile(file, 'utf8')).trimEnd().split('\n');
  const sceneOf = new Map<string, Map<string, string>>();
  for (const name of Object.keys(workloadFiles) as (keyof typeof files)[]) {
    const lines = (await read(files[name])).map((line) => JSON.parse(line) as Line);
    const scenes = lines.flatMap(({ app_id: app, body }) =>
      body.scene.map((scene) => [`${app} ${scene.value}`, scene.name] as const),
    );
    expect(new Set(lines.map(({ app_id: app }) => app)).size, name).toBe(200);
    sceneOf.set(name, new Map(scenes));
  }
  const [first, later, changed, shuffled] = ['first', 'later', 'changed', 'shuffled'].map((name) => sceneOf.get(name));
  const sorted = (scenes: Map<string, string> | undefined) => [...(scenes ?? [])].sort();
  expect(first?.size).toBe(200 * scenesAnAccount);
  expect(rows).toBe(first?.size);
  expect(await read(flatFile)).toHaveLength(rows);
  expect(sorted(later)).toEqual(sorted(first));
  expect(sorted(shuffled)).toEqual(sorted(first));
  expect([...(shuffled?.keys() ?? [])]).not.toEqual([...(first?.keys() ?? [])]);
  const gone = [...(first ?? [])].filter(([key, name]) => changed?.get(key) !== name);
  const come = [...(changed ?? [])].filter(([key, name]) => first?.get(key) !== name);
  // A renamed scene in every other account; of each hundred accounts one lacks a scene and one has another.
  expect([gone.length, come.length]).toEqual([102, 102]);
  expect(changes).toEqual({ closed: gone.length, opened: come.length });
});
