import { formatDuration } from '../config/duration.ts';
import type { Logger, Progress } from '../pipeline/run/run-context.ts';
import { formatCount } from './format-count.ts';
import type { Screen } from './screen.ts';

export interface ProgressBarOptions {
  readonly screen: Screen;
  readonly logger: Logger;
  /** What goes on, as in `sync`. */
  readonly label: string;
  /** Milliseconds that only grow. Default `performance.now`. */
  readonly now?: () => number;
}

const REDRAW_MS = 80;
const LOG_MS = 15_000;
const BAR_WIDTH = 24;

/**
 * Shows how far a run has come: a bar on a terminal, else a log line every 15 seconds. Nothing is
 * shown for work that is over at once. Call `update` as often as you like and dispose it before
 * anything else is printed.
 */
export function createProgressBar(options: ProgressBarOptions): Disposable & { update(progress: Progress): void } {
  const { screen, logger, label, now = () => performance.now() } = options;
  const startedAt = now();
  let drawnAt = startedAt;
  return {
    update(progress) {
      if (progress.total !== null && progress.done >= progress.total) return screen.setLiveLine(undefined);
      const at = now();
      if (at - drawnAt < (screen.isTerminal ? REDRAW_MS : LOG_MS)) return;
      drawnAt = at;
      if (screen.isTerminal) screen.setLiveLine(renderBar(label, progress, at - startedAt, screen.columns));
      else logger.info({ done: progress.done, total: progress.total, unit: progress.unit }, 'progress');
    },
    [Symbol.dispose]() {
      screen.setLiveLine(undefined);
    },
  };
}

/** One line: `sync ━━━━━━──── 1,204 / 5,000 accounts  3 min left`; without a total the count and the rate. */
export function renderBar(label: string, progress: Progress, elapsedMs: number, columns: number): string {
  const { done, total, unit } = progress;
  const perSecond = elapsedMs === 0 ? 0 : (done * 1000) / elapsedMs;
  if (total === null || total === 0) {
    return clip(`${label}  ${formatCount(done)} ${unit}  ${formatCount(Math.round(perSecond))}/s`, columns);
  }
  const share = Math.min(1, done / total);
  const full = Math.round(share * BAR_WIDTH);
  const bar = '━'.repeat(full) + '─'.repeat(BAR_WIDTH - full);
  const left = done === 0 ? '' : `  ${formatDuration(((total - done) * elapsedMs) / done)} left`;
  return clip(`${label}  ${bar}  ${formatCount(done)} / ${formatCount(total)} ${unit}${left}`, columns);
}

/** Every character of a bar is one column wide. */
function clip(text: string, columns: number): string {
  return text.length < columns ? text : text.slice(0, Math.max(0, columns - 1));
}
