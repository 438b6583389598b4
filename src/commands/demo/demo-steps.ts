import type { Micros } from '../../instant.ts';
import { parseInstant } from '../../instant.ts';
import type { SceneChange } from '../../simulator/scene-lists.ts';

/** One step of the demo: what WeChat changes in its list, and the sync after it. */
export interface DemoStep {
  readonly at: Micros;
  readonly title: string;
  readonly changes: readonly SceneChange[];
}

/** WeChat did rename scene 4 like this; that 39 came and went is made up. */
export const demoSteps: readonly DemoStep[] = [
  {
    at: instant('2025-03-01T02:00:00Z'),
    title: 'first sync',
    changes: [{ change: 'rename', key: 4, name: '二维码' }],
  },
  {
    at: instant('2025-04-01T02:00:00Z'),
    title: 'WeChat renames scene 4, drops 39; second sync',
    changes: [
      { change: 'rename', key: 4, name: '扫一扫二维码' },
      { change: 'remove', key: 39 },
    ],
  },
  {
    at: instant('2025-05-01T02:00:00Z'),
    title: 'scene 39 returns; third sync',
    changes: [{ change: 'add', key: 39, name: 'H5' }],
  },
];

/** The account of the demo, which the simulator knows. */
export const demoAppId = 'wx0123456789abcdef';

/** Joins sample visits to the name in force at the time; every column is text. */
export const demoVisitsSql = `
WITH visit (visited_at, source, launch, remark) AS (VALUES
  (timestamptz '2025-02-14 09:00+00', '4',  NULL::int, 'before the first sync'),
  (timestamptz '2025-03-20 09:00+00', '4',  NULL, 'before the rename'),
  (timestamptz '2025-04-20 09:00+00', '4',  NULL, 'after the rename'),
  (timestamptz '2025-04-20 09:05+00', NULL, 1011, 'launch scene, by the bridge: 4'),
  (timestamptz '2025-04-21 09:00+00', '39', NULL, 'while 39 was gone'),
  (timestamptz '2025-05-20 09:00+00', '39', NULL, 'after it returned'),
  (timestamptz '2025-05-20 09:05+00', NULL, 1030, 'launch scene of no group: 10'),
  (timestamptz '2025-05-21 09:00+00', '99', NULL, 'a code that nobody knows')
)
SELECT to_char(visit.visited_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS visited,
  coalesce('access source ' || visit.source, 'launch scene ' || visit.launch) AS code,
  scene.scene_name, visit.remark
FROM visit
LEFT JOIN scene.dim_scene AS version
  ON version.app_id = '${demoAppId}'
  AND version.scene_key = coalesce(visit.source, scene.access_source_of(visit.launch))
  AND version.effective_from <= visit.visited_at AND visit.visited_at < version.effective_to
JOIN scene.scene_history AS scene ON scene.version_id = coalesce(version.version_id, repeat('0', 32))
ORDER BY visit.visited_at`;

function instant(text: string): Micros {
  const parsed = parseInstant(text);
  if (parsed === undefined) throw new TypeError(`${text} is not an instant`);
  return parsed;
}
