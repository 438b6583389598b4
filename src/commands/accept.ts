import type { Command } from 'commander';
import { type Micros, requireInstant } from '../instant.ts';
import { accept } from '../pipeline/decide.ts';
import { examples } from './session/examples.ts';
import type { RunAction } from './session/run-action.ts';
import type { CommonOptions } from './session/session.ts';
import { printDecision } from './work/print-decision.ts';
import { addLockTimeout } from './work/sync-options.ts';
import { withTarget } from './work/with-target.ts';

interface AcceptFlags extends CommonOptions {
  readonly appId: string;
  readonly observedAt?: Micros;
  readonly lockTimeout?: number;
}

export function defineAccept(command: Command, run: RunAction): void {
  command
    .requiredOption('--app-id <id>', 'the account (required)')
    .option('--observed-at <time>', 'this held answer, instead of the newest', (text) =>
      requireInstant(text, '--observed-at'),
    );
  addLockTimeout(command)
    .description(
      'Lets the newest held answer of an account through, with those directly before it that say the same, and recomputes the account.',
    )
    .addHelpText(
      'after',
      examples([
        ['accept --app-id wx0123456789abcdef', 'the list really did shrink'],
        ['accept --app-id wx0123456789abcdef --observed-at 2026-03-01T00:00:00Z', 'one certain answer'],
      ]),
    )
    .action(
      run<AcceptFlags>(async (session, flags) => {
        const config = await session.loadConfig();
        const target = { label: 'accept', lockTimeoutMs: flags.lockTimeout };
        const decision = { appId: flags.appId, observedAt: flags.observedAt ?? null };
        const report = await withTarget(session, config, target, (context) => accept(context, decision));
        await printDecision(session, report, flags);
        return 0;
      }),
    );
}
