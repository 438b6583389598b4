import { closeSync, constants, openSync, statSync, writeSync } from 'node:fs';
import type { RunSummary } from './run-summary.ts';

/** Where Kubernetes reads what a container says when it ends. */
export const TERMINATION_LOG = '/dev/termination-log';

/** Kubernetes keeps so much of it. */
const MAX_BYTES = 4096;

/**
 * Leaves a summary for Kubernetes (`kubectl describe pod`) and Airflow, which shows it as the error of the task: one JSON
 * object of at most 4,096 bytes, with as many of `problems` as there is room for. Does nothing where the file is not there.
 */
export function writeTerminationMessage(
  summary: Partial<RunSummary>,
  problems: readonly unknown[],
  path: string,
): void {
  try {
    if (!statSync(path).isFile()) return;
    const file = openSync(path, constants.O_WRONLY | constants.O_TRUNC);
    writeSync(file, terminationMessage(summary, problems));
    closeSync(file);
  } catch {
    // Nobody reads it here, and the log says the same.
  }
}

/** As `writeTerminationMessage` writes it. */
export function terminationMessage(summary: Partial<RunSummary>, problems: readonly unknown[]): string {
  let text = JSON.stringify(summary);
  for (let shown = 1; shown <= problems.length; shown += 1) {
    const longer = JSON.stringify({ ...summary, problems: problems.slice(0, shown) });
    if (Buffer.byteLength(longer) > MAX_BYTES) break;
    text = longer;
  }
  return Buffer.byteLength(text) <= MAX_BYTES ? text : shortened(summary);
}

/** Only the texts of an error, which may quote what somebody else wrote, can be so long. */
function shortened(summary: Partial<RunSummary>): string {
  const texts = Object.entries(summary.error ?? {});
  const withTexts = (length: number): string => {
    const error = Object.fromEntries(texts.map(([name, text]) => [name, text && cut(text, length)]));
    return JSON.stringify({ ...summary, error });
  };
  let length = MAX_BYTES;
  while (length > 0 && Buffer.byteLength(withTexts(length)) > MAX_BYTES) length = Math.floor(length * 0.9);
  return withTexts(length);
}

function cut(text: string, length: number): string {
  const characters = [...text];
  return characters.length <= length ? text : `${characters.slice(0, length).join('')}…`;
}
