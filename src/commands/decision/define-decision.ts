import type { Command } from 'commander';
import type { DecisionReport } from '../../pipeline/decide.ts';
import type { RunContext } from '../../pipeline/run/run-context.ts';
import { formatCount } from '../../report/format-count.ts';
import { printable } from '../../report/printable.ts';
import type { RunAction } from '../session/run-action.ts';
import { addLockTimeout, type LockFlags } from '../target/lock-timeout-option.ts';
import { withTarget } from '../target/with-target.ts';
import { registerSecrets } from './register-secrets.ts';

/** Options of `accept` and `hold`, apart from the time. */
export interface DecisionFlags extends LockFlags {
  readonly appId: string;
  readonly note?: string;
}

/** Adds what `accept` and `hold` share: they decide about one account and print the report. */
export function defineDecision<Flags extends DecisionFlags>(
  command: Command,
  run: RunAction,
  decide: (context: RunContext, flags: Flags) => Promise<DecisionReport>,
): void {
  addLockTimeout(command)
    .option('--note <text>', 'why; kept with the decision, shown by history, changes and report')
    .action(
      run<Flags>(async (session, flags) => {
        const config = await session.loadConfig();
        const target = { label: command.name(), lockTimeoutMs: flags.lockTimeout };
        const report = await withTarget(session, config, target, async (context) => {
          if (flags.note !== undefined) await registerSecrets(session, config, context.loader);
          return decide(context, flags);
        });
        if (flags.json === true) await session.out.printJson(report);
        else if (flags.quiet !== true) await session.out.print(render(report));
        return 0;
      }),
    );
}

function render({ outcome, message, versions }: DecisionReport): string {
  const counts = Object.entries(versions).filter(([, count]) => count > 0);
  const changes = counts.map(([name, count]) => `${formatCount(count)} ${name}`).join(', ') || 'none changed';
  return `${printable(message)}\n${outcome === 'ok' ? `  versions: ${changes}\n` : ''}`;
}
