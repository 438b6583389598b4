import type { Loader } from '../../src/load/loader.ts';
import { exportLog } from '../../src/pipeline/export-log.ts';
import { exportVersions } from '../../src/pipeline/export-versions.ts';

/** Everything that leaves a target as text: its log, and its dimension. */
export type TargetContents = Readonly<Record<'log' | 'ndjson' | 'csv', string>>;

const { signal } = new AbortController();

export async function contentsOf(loader: Loader): Promise<TargetContents> {
  const dimension = { asOf: null, currentOnly: false };
  const [ndjson, csv] = [
    await textOf(exportVersions(loader, { format: 'ndjson', ...dimension }, signal)),
    await textOf(exportVersions(loader, { format: 'csv', ...dimension }, signal)),
  ];
  return { log: await textOf(exportLog(loader, signal)), ndjson, csv };
}

async function textOf(pieces: AsyncIterable<string>): Promise<string> {
  return (await Array.fromAsync(pieces)).join('');
}
