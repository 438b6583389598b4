import * as z from 'zod';
import { configSchema } from '../../config/config-schema.ts';
import type { Config } from '../../config/load-config.ts';
import { ScenedimError } from '../../errors.ts';
import { createWechatSource } from '../../extract/wechat-source.ts';
import { formatInstant, type Micros } from '../../instant.ts';
import type { Document } from '../../output-fields.ts';
import { exportRowSchema, toExportRow } from '../../pipeline/export-versions.ts';
import { migrateOptionsFor } from '../../pipeline/run/prepare-target.ts';
import type { RunContext } from '../../pipeline/run/run-context.ts';
import { type RunReport, runReportSchema } from '../../pipeline/run/run-report.ts';
import { sync } from '../../pipeline/sync.ts';
import { renderHistory } from '../../report/history-table.ts';
import type { Paint } from '../../report/paint.ts';
import { renderRunReport } from '../../report/render-run-report.ts';
import { renderTable } from '../../report/table.ts';
import { type Simulator, startSimulator } from '../../simulator/simulator.ts';
import type { CommonOptions, Session } from '../session/session.ts';
import { withTarget } from '../target/with-target.ts';
import { type DemoStep, demoAppId, demoSteps, demoVisitsSql } from './demo-steps.ts';

const DIRECTORY = './data/demo';

/** Plays the demo: every request, row and join in it is real, only WeChat and the calendar are not. */
export async function runDemo(session: Session, { json }: CommonOptions): Promise<number> {
  const { out } = session;
  const say = async (text: string): Promise<void> => (json === true ? undefined : out.print(text));
  const calendar = { time: demoSteps[0]?.at ?? 0n };
  const clock = { now: (): Micros => calendar.time };
  await using simulator = await startSimulator({ clock, accounts: [{ appId: demoAppId }] });
  await say(`${out.paint('bold', 'scenedim demo')}: simulated WeChat at ${simulator.url}, data in ${DIRECTORY}\n\n`);

  return await withTarget(session, demoConfig(session), { label: 'demo', mayMake: true }, async (target) => {
    const context: RunContext = { ...target, clock };
    await startAfresh(context);
    const runs: RunReport[] = [];
    for (const [index, step] of demoSteps.entries()) {
      calendar.time = step.at;
      const startedAt = performance.now();
      const report = await playStep(context, simulator, step);
      runs.push(report);
      const title = `${index + 1}. ${formatInstant(step.at).slice(0, 10)}  ${step.title}`;
      await say(`${renderRunReport(report, { title, elapsedMs: performance.now() - startedAt, paint: out.paint })}\n`);
    }
    const { loader, signal } = context;
    const history = await Array.fromAsync(loader.readVersions({ sceneKey: '4' }, signal));
    const visits = ((await loader.runSql?.(demoVisitsSql, signal)) ?? []).map(toVisit);
    const document: Document<typeof demoDocumentSchema> = { runs, history: history.map(toExportRow), visits };
    if (json === true) await out.printJson(document);
    const options = { paint: out.paint, width: out.columns, indent: '  ' };
    await say(`${heading(out.paint, 'The history of scene 4')}\n${renderHistory(history, options)}\n`);
    await say(`${heading(out.paint, 'Visits, each with the name of its time')}\n${renderVisits(visits, options)}\n`);
    await say(nextSteps(out.paint));
    return 0;
  });
}

const visit = z.strictObject({
  visited: z.string(),
  code: z.string(),
  scene_name: z.string(),
  remark: z.string(),
});

/** What `demo --json` prints. */
export const demoDocumentSchema = z.strictObject({
  runs: z.array(runReportSchema),
  history: z.array(exportRowSchema),
  visits: z.array(visit),
});

function demoConfig({ workingDirectory }: Session): Config {
  const parsed = configSchema.parse({ target: { type: 'pglite', path: DIRECTORY } });
  return { ...parsed, file: 'the demo', baseDirectory: workingDirectory };
}

/**
 * The directory is the demo's own, and locked by now: whatever an earlier demo left goes. The schema is
 * made here, because a sync that makes one logs it, as somebody may have lost theirs.
 */
async function startAfresh(context: RunContext): Promise<void> {
  const { loader, signal } = context;
  await loader.runSql?.('DROP SCHEMA IF EXISTS scene CASCADE', signal);
  await loader.migrate(migrateOptionsFor(context), signal);
}

async function playStep(context: RunContext, simulator: Simulator, step: DemoStep): Promise<RunReport> {
  for (const change of step.changes) simulator.change(change);
  await using source = createWechatSource({ clock: context.clock, baseUrl: simulator.url });
  const { report, error } = await sync(context, {
    source,
    accounts: [{ appId: demoAppId, credentials: { appSecret: async () => simulator.appSecret(demoAppId) } }],
    accountTotal: 1,
  });
  if (error !== null) throw error;
  if (report.accounts.failed === 0) return report;
  throw new ScenedimError('internal', `the demo failed: ${report.problems[0]?.message ?? report.outcome}`);
}

type Visit = Document<typeof visit>;

function toVisit(row: Readonly<Record<string, unknown>>): Visit {
  const text = (column: string): string => String(row[column] ?? '');
  return { visited: text('visited'), code: text('code'), scene_name: text('scene_name'), remark: text('remark') };
}

function renderVisits(visits: readonly Visit[], options: Parameters<typeof renderTable>[2]): string {
  const columns = [
    { header: 'visited' },
    { header: 'code in the log' },
    { header: 'name in force' },
    { header: '', shrinks: true },
  ];
  return renderTable(
    columns,
    visits.map((visit) => [visit.visited, visit.code, visit.scene_name, visit.remark]),
    options,
  );
}

function heading(paint: Paint, text: string): string {
  return paint('bold', text);
}

function nextSteps(paint: Paint): string {
  return `${heading(paint, 'With your own account and database')}
  scenedim init                       asks four questions, writes scenedim.yaml
  export WECHAT_ACCESS_TOKEN=…        or WECHAT_APP_SECRET, as you answered
  export DATABASE_URL=postgres://…    when you answered postgres
  scenedim sync
`;
}
