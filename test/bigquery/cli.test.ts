/** The command line on BigQuery, as its users run it: processes of their own, and nothing but a config. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeBigquery } from '../support/bigquery.ts';
import { createCliWorkspace } from '../support/cli-workspace.ts';

const lineOf = (day: number, names: readonly string[]) =>
  `${JSON.stringify({
    app_id: 'wx0123456789abcdef',
    observed_at: `2026-01-0${day}T00:00:00Z`,
    body: { errcode: 0, scene: names.map((name, n) => ({ name, value: n + 1 })) },
  })}\n`;
const first = lineOf(1, ['扫一扫', '搜索', '公众号']);
const second = lineOf(2, ['扫一扫', '搜一搜', '公众号']);

describeBigquery('the command line', ({ kind, place, freshName, dropDataset }) => {
  test('keeps, tells, checks and moves a dimension', { timeout: 300_000 }, async () => {
    const dataset = freshName();
    await using _dataset: AsyncDisposable = { [Symbol.asyncDispose]: () => dropDataset(dataset) };
    await using bigquery = await createCliWorkspace({ target: { type: 'bigquery', ...place(), dataset } });
    await using pglite = await createCliWorkspace({ target: { type: 'pglite', path: 'data' } });

    expect(await bigquery.succeed(['check'])).toContain('scenedim migrate');
    await bigquery.succeed(['migrate']);
    const reports = [];
    for (const lines of [first, second, second]) {
      reports.push(JSON.parse(await bigquery.succeed(['replay', '-', '--json'], lines)));
      await pglite.succeed(['replay', '-'], lines);
    }
    const usage = { jobs: expect.any(Number), bytes_billed: kind === 'emulator' ? 0 : expect.any(Number) };
    expect(reports).toMatchObject([
      { outcome: 'ok', versions: { opened: 3 }, usage },
      { outcome: 'ok', versions: { opened: 1, closed: 1 }, usage },
      { outcome: 'nothing_changed', versions: { opened: 0 }, usage },
    ]);
    for (const { usage: used } of reports) expect(used.jobs).toBeGreaterThan(0);
    const measured = JSON.parse(
      await bigquery.succeed(['replay', '-', '--json', '--metrics-file', 'run.prom'], second),
    );
    expect(measured.usage.jobs, 'metrics cost one read of the accounts').toBe(reports[2].usage.jobs + 1);
    const metrics = await readFile(join(bigquery.directory, 'run.prom'), 'utf8');
    const target = `target="bigquery/${place().projectId}.${dataset}"`;
    expect(metrics).toContain(`scenedim_run_target_jobs{command="replay",${target}} ${measured.usage.jobs}\n`);
    expect(metrics).toContain(`scenedim_accounts{command="replay",${target},state="ok"} 1\n`);

    expect(await bigquery.contents()).toEqual(await pglite.contents());
    expect(await bigquery.succeed(['history', '2'])).toBe(await pglite.succeed(['history', '2']));
    expect(await bigquery.succeed(['verify'])).toContain('all right');
    expect(JSON.parse(await bigquery.succeed(['rebuild', '--json']))).toMatchObject({ outcome: 'nothing_changed' });
    expect(await bigquery.succeed(['check'])).toContain('BigQuery accepts all');
  });
});
