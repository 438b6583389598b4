import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { SceneChange } from '../../src/dimension/scene-changes.ts';
import { firstSeenModes } from '../../src/dimension/version.ts';
import { BEGINNING, formatInstant, OPEN_END } from '../../src/instant.ts';
import { readChanges } from '../../src/pipeline/read-changes.ts';
import { replay } from '../../src/pipeline/replay.ts';
import { arbitraryLog, byTime, instantOf, lineOf } from '../support/arbitrary-log.ts';
import { checkLaw, databaseRuns } from '../support/replay-laws.ts';
import { contextFor, inputOf } from '../support/run-case.ts';
import { createSharedPglite, type SharedPglite } from '../support/shared-pglite.ts';

let shared: SharedPglite;
beforeAll(async () => {
  shared = await createSharedPglite();
});
afterAll(() => shared[Symbol.asyncDispose]());

const instants = fc.oneof(
  fc.integer({ min: 0, max: 11 }).map(instantOf),
  fc.constantFrom(BEGINNING, BEGINNING + 1n, OPEN_END),
);

it('gives in any period, of any account, the rows that scene_changes gives', () =>
  checkLaw(
    fc.asyncProperty(
      arbitraryLog,
      fc.constantFrom(...firstSeenModes),
      fc.array(fc.record({ since: instants, until: instants, appIds: fc.constantFrom(undefined, ['wx2']) }), {
        minLength: 5,
        maxLength: 5,
      }),
      async (log, firstSeen, periods) => {
        await using loader = await shared.createLoader('changes');
        const context = contextFor(loader, { dimension: { firstSeen }, guards: { empty: 'accept', maxShrink: 1 } });
        const lines = [...log].sort(byTime).map(lineOf);
        expect((await replay(context, { input: inputOf(lines), name: 'log.ndjson' })).error).toBeNull();
        const always = { since: -(10n ** 20n), until: 10n ** 20n };
        const ever = { since: BEGINNING, until: OPEN_END };
        expect(await Array.fromAsync(readChanges(loader, always, context.signal))).toEqual(
          await Array.fromAsync(readChanges(loader, ever, context.signal)),
        );
        for (const query of periods) {
          const told = (await Array.fromAsync(readChanges(loader, query, context.signal))).map(rowOf);
          const times = [query.since, query.until].map((instant) => `'${formatInstant(instant)}'`).join(', ');
          const { rows } = await shared.pglite.query<{ row: string }>(
            `SELECT concat_ws('|', app_id, scene_key, (extract(epoch FROM changed_at) * 1000000)::bigint, change,
               COALESCE(old_name, '-'), COALESCE(new_name, '-')) AS row
             FROM changes.scene_changes(${times}) WHERE ${query.appIds === undefined ? 'true' : "app_id = 'wx2'"}`,
          );
          expect(told.toSorted()).toEqual(rows.map(({ row }) => row).toSorted());
        }
      },
    ),
    databaseRuns(40),
  ));

function rowOf({ appId, sceneKey, changedAt, change, oldName, newName }: SceneChange): string {
  return [appId, sceneKey, changedAt, change, oldName ?? '-', newName ?? '-'].join('|');
}
