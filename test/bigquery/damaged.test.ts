/** Rows of BigQuery that were damaged or lost: who tells it, and that the remedies mend it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tablePath } from '../../src/load/bigquery/sql/table-path.ts';
import { planReplay } from '../../src/pipeline/dry-run.ts';
import { exportLog } from '../../src/pipeline/export-log.ts';
import { rebuild } from '../../src/pipeline/rebuild.ts';
import { replay } from '../../src/pipeline/replay.ts';
import type { RunContext } from '../../src/pipeline/run/run-context.ts';
import { verify } from '../../src/pipeline/verify.ts';
import { describeBigquery } from '../support/bigquery.ts';
import { type BigqueryTargets, createBigqueryTargets, runScript } from '../support/bigquery-targets.ts';
import { contextFor, inputOf } from '../support/run-case.ts';

const timeout = 900_000;
const line = (appId: string, day: number, name: string): string =>
  JSON.stringify({
    app_id: appId,
    observed_at: `2026-01-0${day}T00:00:00Z`,
    body: { errcode: 0, scene: [{ name: `${appId} ${name}`, value: 1 }] },
  });

describeBigquery('damage in BigQuery', (suite) => {
  let targets: BigqueryTargets;
  beforeAll(() => {
    targets = createBigqueryTargets(suite);
  });
  afterAll(() => targets[Symbol.asyncDispose]());

  const replayLines = (context: RunContext, lines: readonly string[]) =>
    replay(context, { input: inputOf(lines), name: 'x' });
  const rules = async (context: RunContext) =>
    (await verify(context)).violations.map(({ app_id, rule }) => `${app_id} ${rule}`);

  test('a copy of the log mends bodies that are missing or changed', { timeout }, async () => {
    const { config, connect, giveBack } = await targets.lend();
    const loader = connect();
    const context = contextFor(loader, { dimension: {}, guards: {} });
    await replayLines(context, [line('wxa', 1, 'a'), line('wxa', 2, 'b'), line('wxa', 3, 'c'), line('wxb', 1, 'a')]);
    const text = (await Array.fromAsync(exportLog(loader, context.signal))).join('');
    const copy = text.split('\n').filter(Boolean);
    const [, dayTwo, dayThree, only] = await Array.fromAsync(
      loader.readObservations({}, context.signal),
      ({ payloadHash }) => payloadHash ?? '',
    );
    const payloads = tablePath(config, 'scene_payload');
    await runScript(
      config,
      `UPDATE ${payloads} SET body = b'{}' WHERE payload_hash IN ('${dayTwo}', '${only}');
      DELETE FROM ${payloads} WHERE payload_hash = '${dayThree}'`,
    );
    expect(await rules(context)).toEqual(['wxa payload', 'wxa payload', 'wxb payload']);
    expect(await replayLines(context, copy)).toMatchObject({ exitCode: 0, report: { observations: { duplicate: 4 } } });
    expect(await rules(context)).toEqual([]);
    expect((await Array.fromAsync(exportLog(loader, context.signal))).join('')).toBe(text);
    const [found] = await runScript(
      config,
      `SELECT COUNT(*) AS n, COUNTIF(byte_length = BYTE_LENGTH(body)) AS unharmed FROM ${payloads}`,
    );
    expect(found).toEqual({ n: 4, unharmed: 4 });
    giveBack();
  });

  test('a missing row of scene_account fails its account alone, in plan too, until rebuild', { timeout }, async () => {
    const { config, connect, giveBack } = await targets.lend();
    const context = contextFor(connect(), { dimension: {}, guards: {} });
    await replayLines(context, [line('wxa', 1, 'a'), line('wxb', 1, 'a')]);
    await runScript(config, `DELETE FROM ${tablePath(config, 'scene_account')} WHERE app_id = 'wxa'`);
    const newer = [line('wxa', 2, 'b'), line('wxb', 2, 'b')];
    const plan = await planReplay(context, { input: inputOf(newer), name: 'x' });
    const first = await replayLines(context, newer);
    expect(first).toMatchObject({ exitCode: 65, report: { accounts: { failed: 1, changed: 1 } } });
    expect({ ...plan.report, run_id: '' }).toEqual({ ...first.report, run_id: '' });
    expect((await rebuild(context)).exitCode).toBe(0);
    expect((await replayLines(context, newer)).exitCode).toBe(0);
    expect(await rules(context)).toEqual([]);
    giveBack();
  });
});
