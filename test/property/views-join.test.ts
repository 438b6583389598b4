import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { formatInstant, parseInstant } from '../../src/instant.ts';
import { checkLaw } from '../support/replay-laws.ts';
import {
  createSceneSchema,
  insertVersions,
  openPgliteDatabase,
  type TestVersion,
  type ViewDatabase,
} from '../support/view-database.ts';

const apps = ['wx1', 'wx2'] as const;
const keys = ['1', '4', '10', '57', '@_all', '01'] as const;
const launchScenes = [1001, 1011, 1000, 1017, 1158, 8888, null] as const;
const timeZones = ['UTC', 'Asia/Shanghai', 'America/New_York', 'Pacific/Apia', 'America/Havana'] as const;

/** Minutes after an instant around which these zones change their clocks. */
const start = parseInstant('2026-03-06T00:00:00Z') ?? 0n;
const instantOf = (minutes: number) => formatInstant(start + BigInt(minutes) * 60_000_000n);
const minutes = fc.integer({ min: -10, max: 5 * 1440 });

interface Step {
  readonly at: number;
  /** Null: absent from here on. */
  readonly name: string | null;
}

/** What one key went through: changes in time order, each different from the one before. */
const life = fc
  .tuple(
    fc.boolean(),
    fc.uniqueArray(fc.record({ at: minutes, name: fc.constantFrom('A', 'B', 'C', null) }), {
      selector: (step) => step.at,
      maxLength: 6,
    }),
  )
  .map(([fromBeginning, steps]) => ({ fromBeginning, steps: steps.toSorted((a, b) => a.at - b.at) }));

const dimension = fc.dictionary(fc.constantFrom(...apps.flatMap((app) => keys.map((key) => `${app} ${key}`))), life, {
  maxKeys: 8,
});
const visits = fc.array(
  fc.record({
    app: fc.constantFrom(...apps, 'wx9', ''),
    key: fc.constantFrom(...keys, '999', ''),
    launchScene: fc.constantFrom(...launchScenes),
    at: minutes,
  }),
  { maxLength: 40 },
);

function versionsOf(
  scene: string,
  { fromBeginning, steps }: { fromBeginning: boolean; steps: readonly Step[] },
): TestVersion[] {
  const [app = '', key = ''] = scene.split(' ');
  return steps.flatMap((step, index) => {
    if (step.name === null) return [];
    const next = steps[index + 1];
    const isFirst = steps.slice(0, index).every((earlier) => earlier.name === null);
    const version = {
      app,
      key,
      name: step.name,
      from: isFirst && fromBeginning ? '1970-01-01T00:00:00Z' : instantOf(step.at),
    };
    return [
      next === undefined
        ? version
        : {
            ...version,
            to: instantOf(next.at),
            ended: next.name === null ? ('removed' as const) : ('renamed' as const),
          },
    ];
  });
}

/** The name in force by the definition, from the list of versions. */
function nameInForce(versions: readonly TestVersion[], app: string, key: string, at: number): string {
  const instant = start + BigInt(at) * 60_000_000n;
  const inForce = versions.filter(
    (version) =>
      version.app === app &&
      version.key === key &&
      (parseInstant(version.from) ?? 0n) <= instant &&
      (version.to === undefined || instant < (parseInstant(version.to) ?? 0n)),
  );
  return inForce.map(({ name }) => name).join('|') || '未知';
}

let database: ViewDatabase;
beforeAll(async () => {
  database = await openPgliteDatabase();
  await createSceneSchema(database);
  await database.execute(
    'CREATE TABLE visit (n int, app_id text, access_source text, launch_scene bigint, visited_at timestamptz)',
  );
});
afterAll(() => database[Symbol.asyncDispose]());

const byInstant = 'h.effective_from <= v.visited_at AND v.visited_at < h.effective_to';

/** Number of the visit and name of every row of a left join; `on` is what is joined besides the account. */
const joined = (view: string, on: string) =>
  database.query<{ n: number; name: string }>(
    `SELECT v.n, COALESCE(h.scene_name, '未知') AS name FROM visit AS v LEFT JOIN scene.${view} AS h ON h.app_id = v.app_id AND ${on} ORDER BY v.n`,
  );

test('no join multiplies or loses visits, and each visit gets the name in force', async () => {
  await checkLaw(
    fc.asyncProperty(dimension, visits, fc.constantFrom(...timeZones), async (lives, facts, timeZone) => {
      const versions = Object.entries(lives).flatMap(([scene, each]) => versionsOf(scene, each));
      await database.execute('DELETE FROM scene.dim_scene; DELETE FROM visit');
      await database.query('UPDATE scene.scene_meta SET time_zone = $1', [timeZone]);
      await insertVersions(database, versions);
      await database.query(
        `INSERT INTO visit SELECT n, app, key, "launchScene", at
         FROM json_to_recordset($1) AS v(n int, app text, key text, "launchScene" bigint, at timestamptz)`,
        [JSON.stringify(facts.map((fact, n) => ({ ...fact, n, at: instantOf(fact.at) })))],
      );
      const numbers = facts.map((_, n) => n);
      const isUnknownMember = (fact: { readonly app: string; readonly key: string }) =>
        fact.app === '' && fact.key === '';

      expect(await joined('scene_history', `h.scene_key = v.access_source AND ${byInstant}`)).toEqual(
        facts.map((fact, n) => ({
          n,
          name: isUnknownMember(fact) ? '未知' : nameInForce(versions, fact.app, fact.key, fact.at),
        })),
      );
      const bridged = await joined(
        'scene_history',
        `h.scene_key = scene.access_source_of(v.launch_scene) AND ${byInstant}`,
      );
      expect(bridged.map(({ n }) => n)).toEqual(numbers);
      const listed = await joined('scene_by_launch_scene', `h.launch_scene = v.launch_scene AND ${byInstant}`);
      expect(listed).toEqual(bridged.map((row, n) => (facts[n]?.launchScene === 8888 ? { n, name: '未知' } : row)));
      const current = await joined('scene_current', 'h.scene_key = v.access_source');
      expect(current.map(({ n }) => n)).toEqual(numbers);
      const daily = await joined(
        'scene_history',
        `h.scene_key = v.access_source AND h.effective_from_date <= (v.visited_at AT TIME ZONE '${timeZone}')::date
         AND (v.visited_at AT TIME ZONE '${timeZone}')::date < h.effective_to_date`,
      );
      expect(daily.map(({ n }) => n)).toEqual(numbers);
    }),
    300,
  );
});
