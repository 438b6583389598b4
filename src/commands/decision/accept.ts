import type { Command } from 'commander';
import { type Micros, requireInstant } from '../../instant.ts';
import { accept } from '../../pipeline/decide.ts';
import type { RunAction } from '../session/run-action.ts';
import { type DecisionFlags, defineDecision } from './define-decision.ts';

export const description =
  'Lets the newest held answer of an account through, with those directly before it that say the same, and recomputes the account.';

export const examples = [
  ['accept --app-id wx0123456789abcdef --note "asked the shop: they closed"', 'the list really did shrink'],
  ['accept --app-id wx0123456789abcdef --observed-at 2026-03-01T00:00:00Z', 'one certain answer'],
] as const;

interface AcceptFlags extends DecisionFlags {
  readonly observedAt?: Micros;
}

export function define(command: Command, run: RunAction): void {
  command
    .requiredOption('--app-id <id>', 'the account (required)')
    .option('--observed-at <time>', 'this held answer, instead of the newest', (text) =>
      requireInstant(text, '--observed-at'),
    );
  defineDecision<AcceptFlags>(command, run, (context, { appId, observedAt, note }) =>
    accept(context, { appId, observedAt: observedAt ?? null, note }),
  );
}
