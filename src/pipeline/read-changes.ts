import { chunksOfStream, runsOfStream } from '../chunks.ts';
import { type ChangePeriod, type SceneChange, sceneChanges } from '../dimension/scene-changes.ts';
import type { Version } from '../dimension/version.ts';
import { BEGINNING, type Micros, OPEN_END } from '../instant.ts';
import { type Loader, SCENES_A_QUERY } from '../load/loader.ts';

export interface ChangesQuery extends ChangePeriod {
  /** Only of these accounts, at most `limits.readAccounts`. Default: of all. */
  readonly appIds?: readonly string[] | undefined;
}

/**
 * What happened to the scenes in a period, ordered by app_id, scene_key, time: the rows that the table function `scene_changes`
 * gives. Only what begins in the period needs the versions before it, to be told from what returned; before the beginning there
 * is none.
 */
export async function* readChanges(
  loader: Loader,
  { appIds, ...asked }: ChangesQuery,
  signal: AbortSignal,
): AsyncGenerator<SceneChange> {
  const [since, until] = [within(asked.since), within(asked.until)];
  if (since >= until) return;
  const period = { since, until };
  const changed = loader.readVersions({ changedIn: period, ...(appIds !== undefined && { appIds }) }, signal);
  for await (const scenes of chunksOfStream(scenesOf(changed), SCENES_A_QUERY)) {
    const begun = scenes.flatMap(([first]) =>
      since <= first.effectiveFrom && first.effectiveFrom !== BEGINNING ? [first] : [],
    );
    const whole = new Map<string, readonly Version[]>();
    if (begun.length > 0) {
      for await (const versions of scenesOf(loader.readVersions({ scenes: begun }, signal))) {
        whole.set(versions[0].sceneId, versions);
      }
    }
    for (const versions of scenes) yield* sceneChanges(whole.get(versions[0].sceneId) ?? versions, period);
  }
}

/** The time of all versions: nothing happens outside of it, where a database does not know every instant. */
function within(instant: Micros): Micros {
  if (instant < BEGINNING) return BEGINNING;
  return instant < OPEN_END ? instant : OPEN_END;
}

function scenesOf(versions: AsyncIterable<Version>): AsyncGenerator<readonly [Version, ...Version[]]> {
  return runsOfStream(versions, ({ sceneId }) => sceneId);
}
