import type { EndedRun } from './run-watcher.ts';

/**
 * The samples of a metric that an earlier file has for the same command, target and shard. A run that could not read its
 * config knows no target: it keeps those of every target. Lines that were not written by this program are not taken, nor
 * is a time that is still to come.
 */
export function carriedSamples(
  earlier: string,
  { command, dataset, finishedAt }: EndedRun,
  { name, base }: { readonly name: string; readonly base: string },
): readonly string[] {
  const labels =
    dataset === null ? `command="${command}"(?:,target="${TEXT}")?(?:,shard="\\d+")?` : RegExp.escape(base);
  const line = new RegExp(`^(${name}\\{${labels}(?:,state="[a-z_]+")?\\}) (\\d+(?:\\.\\d+)?)$`);
  const samples = new Map<string, string>();
  for (const text of earlier.split('\n')) {
    const [, series = '', value = ''] = line.exec(text) ?? [];
    const isKnown = series !== '' && Number(value) <= Number(finishedAt) / 1_000_000;
    if (isKnown) samples.set(series, `${series} ${value}`);
  }
  return [...samples.values()];
}

/** A value of a label, as it is written. */
const TEXT = String.raw`(?:[^"\\\n]|\\.)*`;
