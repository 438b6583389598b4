import type { Command } from 'commander';
import { type VerifyReport, verify } from '../pipeline/verify.ts';
import { formatCount } from '../report/format-count.ts';
import type { Paint } from '../report/paint.ts';
import { printable } from '../report/printable.ts';
import { addWatchOptions, type WatchOptions } from './result/watch-options.ts';
import { watchRun } from './result/watch-run.ts';
import type { WatchedResult } from './result/watched-run.ts';
import type { RunAction } from './session/run-action.ts';
import type { Session } from './session/session.ts';
import { addLockTimeout, type LockFlags } from './target/lock-timeout-option.ts';
import { withTarget } from './target/with-target.ts';

export const description =
  'Proves that dim_scene and scene_account are what the stored answers give and that every row keeps the rules. ' +
  'Writes nothing; exits with 65 when something is wrong.';

export const examples = [
  ['verify', 'check everything'],
  ['verify --json', 'for a monitor'],
] as const;

type VerifyFlags = LockFlags & WatchOptions;

export function define(command: Command, run: RunAction): void {
  addWatchOptions(addLockTimeout(command)).action(
    run<VerifyFlags>((session, flags) =>
      watchRun(
        session,
        'verify',
        flags,
        async (watched) => {
          const config = await session.loadConfig();
          await watched.begin(config);
          const target = { label: 'verify', lockTimeoutMs: flags.lockTimeout };
          return resultOf(await withTarget(session, config, target, verify));
        },
        ({ report }) => print(session, report, flags),
      ),
    ),
  );
}

function resultOf(report: VerifyReport): WatchedResult & { readonly report: VerifyReport } {
  const { violation_counts: counts, violations_total: total } = report;
  const problemCounts = counts.map(({ rule, count }) => ({ kind: 'violation', code: rule, count }));
  return { report, problemCounts, exitCode: total === 0 ? 0 : 65, error: null };
}

async function print({ out }: Session, report: VerifyReport, { json, quiet }: VerifyFlags): Promise<void> {
  if (json === true) await out.printJson(report);
  else if (quiet !== true || report.violations_total > 0) await out.print(render(report, out.paint));
}

function render(report: VerifyReport, paint: Paint): string {
  const extent = `${formatCount(report.versions, 'version')} of ${formatCount(report.accounts, 'account')}`;
  if (report.violations_total === 0) return `${paint('bold', 'verify')}  ${paint('green', 'all right')}  ${extent}\n`;
  const lines = report.violations.map(
    ({ app_id, rule, message }) => `  ${printable(app_id)}${app_id === '' ? '' : ' '}${rule}: ${printable(message)}`,
  );
  const more = report.violations_total - report.violations.length;
  if (more > 0) lines.push(`  … and ${formatCount(more)} more`);
  return [
    `${paint('bold', 'verify')}  ${paint('red', formatCount(report.violations_total, 'violation'))}  in ${extent}`,
    ...lines,
    ...report.remedies.map((remedy) => `${paint('cyan', 'remedy:')} ${remedy}`),
    '',
  ].join('\n');
}
