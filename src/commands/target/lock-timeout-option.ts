import type { Command } from 'commander';
import { requireDuration } from '../../config/duration.ts';
import type { CommonOptions } from '../session/session.ts';

export interface LockFlags extends CommonOptions {
  /** Milliseconds. */
  readonly lockTimeout?: number;
}

export function addLockTimeout(command: Command): Command {
  return command.option('--lock-timeout <duration>', 'wait this long for another run (default: 0)', (text) =>
    requireDuration(text, '--lock-timeout'),
  );
}
