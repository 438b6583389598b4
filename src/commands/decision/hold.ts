import type { Command } from 'commander';
import { type Micros, requireInstant } from '../../instant.ts';
import { hold } from '../../pipeline/decide.ts';
import type { RunAction } from '../session/run-action.ts';
import { type DecisionFlags, defineDecision } from './define-decision.ts';

export const description =
  'Takes a wrong answer out of the dimension again and recomputes the account. `accept` is the way back.';

export const examples = [
  ['hold --app-id wx0123456789abcdef --observed-at 2026-03-01T00:00:00Z', 'that answer was wrong'],
  ['export-log | grep \'"wx0123456789abcdef"\' | cut -c1-100', 'find the time of an answer, without its body'],
] as const;

interface HoldFlags extends DecisionFlags {
  readonly observedAt: Micros;
}

export function define(command: Command, run: RunAction): void {
  command
    .requiredOption('--app-id <id>', 'the account (required)')
    .requiredOption('--observed-at <time>', 'when the wrong answer came (required)', (text) =>
      requireInstant(text, '--observed-at'),
    );
  defineDecision<HoldFlags>(command, run, (context, { appId, observedAt, note }) =>
    hold(context, { appId, observedAt, note }),
  );
}
