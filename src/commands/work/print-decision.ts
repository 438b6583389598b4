import type { DecisionReport } from '../../pipeline/decide.ts';
import { formatCount } from '../../report/format-count.ts';
import { printable } from '../../report/printable.ts';
import type { CommonOptions, Session } from '../session/session.ts';

/** Prints what `accept` or `hold` did. */
export async function printDecision(session: Session, report: DecisionReport, options: CommonOptions): Promise<void> {
  if (options.json === true) return session.out.printJson(report);
  if (options.quiet === true) return;
  const counts = Object.entries(report.versions).filter(([, count]) => count > 0);
  const changes = counts.map(([name, count]) => `${formatCount(count)} ${name}`).join(', ') || 'none changed';
  const versions = report.outcome === 'ok' ? `  versions: ${changes}\n` : '';
  await session.out.print(`${printable(report.message)}\n${versions}`);
}
