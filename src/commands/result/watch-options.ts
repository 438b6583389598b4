import type { Command } from 'commander';
import type { CommonOptions } from '../session/session.ts';
import { parsePushgateway } from './metrics-watchers.ts';

/** Options that name a watcher. */
export interface WatchOptions extends CommonOptions {
  readonly metricsFile?: string;
  readonly pushgateway?: string;
  readonly summaryFile?: string;
}

export function addWatchOptions(command: Command): Command {
  return command
    .option('--summary-file <file>', 'write what --json prints into a file, device or pipe')
    .option('--metrics-file <file>', 'write metrics for the Prometheus textfile collector')
    .option('--pushgateway <url>', 'push metrics to a Prometheus Pushgateway', parsePushgateway);
}
