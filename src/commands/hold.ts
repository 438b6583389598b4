import type { Command } from 'commander';
import { type Micros, requireInstant } from '../instant.ts';
import { hold } from '../pipeline/decide.ts';
import { examples } from './session/examples.ts';
import type { RunAction } from './session/run-action.ts';
import { type DecisionFlags, defineDecision } from './work/define-decision.ts';
import { addLockTimeout } from './work/sync-options.ts';

interface HoldFlags extends DecisionFlags {
  readonly observedAt: Micros;
}

export function define(command: Command, run: RunAction): void {
  command
    .requiredOption('--app-id <id>', 'the account (required)')
    .requiredOption('--observed-at <time>', 'when the wrong answer came (required)', (text) =>
      requireInstant(text, '--observed-at'),
    );
  addLockTimeout(command)
    .description(
      'Takes a wrong answer out of the dimension again and recomputes the account. `accept` is the way back.',
    )
    .addHelpText(
      'after',
      examples([
        ['hold --app-id wx0123456789abcdef --observed-at 2026-03-01T00:00:00Z', 'that answer was wrong'],
        ['export-log | grep \'"wx0123456789abcdef"\'', 'find the time of an answer'],
      ]),
    );
  defineDecision<HoldFlags>(command, run, (context, { appId, observedAt }) => hold(context, { appId, observedAt }));
}
