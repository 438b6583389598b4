/** `plan` takes no lock: beside a run that writes it must not take a half-read state for damage. */
import { expect, test } from 'vitest';
import { isScenedimError } from '../../src/errors.ts';
import { planReplay } from '../../src/pipeline/dry-run.ts';
import { replay } from '../../src/pipeline/replay.ts';
import { createRunContext } from '../../src/pipeline/run/run-context.ts';
import { describePostgres } from '../support/postgres.ts';
import { open } from '../support/postgres-loader-fixture.ts';

const ACCOUNTS = 30;
const ROUNDS = 60;
const guards = { empty: 'accept', minScenes: 4, maxShrink: 1 } as const;
const start = Date.parse('2024-01-01T00:00:00Z');

/** Every account on one day; the scenes that it lists, and their names, change with each day. */
function dayOf(day: number): Buffer {
  const lines = Array.from({ length: ACCOUNTS }, (_, account) => ({
    app_id: `wx${account}`,
    observed_at: new Date(start + day * 86_400_000).toISOString(),
    body: { scene: [1, 2, 3].map((n) => ({ value: ((day + n) % 5) + 1, name: `name ${day} ${n}` })) },
  }));
  return Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
}

const input = (days: readonly number[]) => ({
  input: (async function* () {
    for (const day of days) yield dayOf(day);
  })(),
  name: 'test',
});

describePostgres('plan', ({ createDatabase }) => {
  test('beside a replay plans again, or ends with 75, and never advises a rebuild', { timeout: 120_000 }, async () => {
    await using database = await createDatabase();
    await using writer = await open(database.url);
    await using reader = await open(database.url);
    await replay(createRunContext({ loader: writer, guards }), input([0]));
    let isWriting = true;
    const writing = (async () => {
      for (let day = 1; day <= ROUNDS; day += 1)
        await replay(createRunContext({ loader: writer, guards }), input([day]));
      isWriting = false;
    })();
    const endings = new Map<string, number>();
    while (isWriting) {
      const ending = await planReplay(createRunContext({ loader: reader, guards }), input([500, 501])).then(
        ({ exitCode }) => String(exitCode),
        (error: unknown) => (isScenedimError(error) ? error.code : String(error)),
      );
      endings.set(ending, (endings.get(ending) ?? 0) + 1);
    }
    await writing;
    expect([...endings.keys()].filter((ending) => !['0', 'stale_heads'].includes(ending))).toEqual([]);
    expect(endings.get('0')).toBeGreaterThan(0);
  });
});
