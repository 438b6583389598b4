/** The remedies for the options of join-check, and what its command line prints. */
import { expect, test } from 'vitest';
import { createRemedyStage } from '../../support/remedy-stage.ts';

const pglite = { target: { type: 'pglite', path: 'data' } };
const ownKeys = [
  'join-check',
  '--table',
  'scene.dim_scene',
  '--scene-column',
  'scene_key',
  '--app-id-column',
  'app_id',
];

test('join-check takes a number of rows, and a target that speaks SQL', async () => {
  await using stage = await createRemedyStage();
  await stage.run(['sync']);
  const refused = await stage.run(ownKeys);
  expect([refused.code, refused.stderr]).toEqual([
    78,
    expect.stringContaining('remedy: join-check needs a target of type postgres, pglite or bigquery'),
  ]);
  await stage.prepare({ config: pglite });
  const empty = await stage.run(ownKeys);
  expect([empty.code, empty.stderr]).toEqual([78, expect.stringContaining('scenedim migrate')]);
  expect(await stage.run(['sync'])).toMatchObject({ code: 0 });
  const misspelled = await stage.run([...ownKeys, '--sample', 'some']);
  expect([misspelled.code, misspelled.stderr]).toEqual([
    64,
    expect.stringContaining('remedy: write a whole number from 1, like 100000'),
  ]);
  const right = await stage.run([...ownKeys, '--sample', '100000']);
  expect([right.code, right.stdout]).toEqual([0, expect.stringContaining('the join is right')]);
});

test('join-check ends with 65 and the findings where visits get no name, also as one JSON document', async () => {
  await using stage = await createRemedyStage();
  await stage.prepare({ config: pglite });
  await stage.run(['sync']);
  const args = ['join-check', '--table', 'scene.launch_scene', '--scene-column', 'launch_scene'];
  const told = await stage.run(args);
  expect([told.code, told.stderr]).toEqual([65, '']);
  expect(told.stdout).toContain('error launch_scenes');
  const brief = await stage.run([...args, '--quiet']);
  expect(brief.stdout).toContain('error launch_scenes');
  expect(brief.stdout).not.toContain('all visits');
  const document = await stage.run([...args, '--json']);
  expect([document.code, JSON.parse(document.stdout)]).toMatchObject([
    65,
    { table: 'scene.launch_scene', codes_are: 'launch_scene', visits: 260, join: { visits: 260, rows: 260 } },
  ]);
  expect((await stage.run(['join-check', '--table', 'scene.nothing', '--scene-column', 'x'])).code).toBe(64);
});
