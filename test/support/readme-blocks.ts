/** README.md as its tests see it: fenced blocks by kind, and tables by heading. */
import { readFileSync } from 'node:fs';

export const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

/** Every kind of fenced block that the README may hold; each has a test that looks at all blocks of it. */
export const blockKinds = [
  'sh run',
  'sh',
  'sql run',
  'sql admin',
  'sql bigquery',
  'text demo',
  'yaml config',
  'yaml kubernetes',
  'yaml kubernetes-shards',
  'python airflow',
  'ndjson',
  'ts run',
  'ts',
] as const;
export type BlockKind = (typeof blockKinds)[number];

export interface ReadmeBlock {
  /** What follows the fence; a {@link BlockKind} when the README is right. */
  readonly info: string;
  readonly text: string;
  /** Of the opening fence, from 1. */
  readonly line: number;
}

/** All fenced blocks, in order. */
export const readmeBlocks: readonly ReadmeBlock[] = [...readme.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].map(
  (match) => ({
    info: match[1] ?? '',
    text: match[2] ?? '',
    line: readme.slice(0, match.index).split('\n').length,
  }),
);

/** The blocks of one kind; throws when there is none, since its test would then look at nothing. */
export function blocksOf(kind: BlockKind): readonly ReadmeBlock[] {
  const blocks = readmeBlocks.filter(({ info }) => info === kind);
  if (blocks.length === 0) throw new Error(`README.md has no block "${kind}"`);
  return blocks;
}

/** The cells of the first table after a line that ends with `marker`, without its header. */
export function tableAfter(marker: string): readonly (readonly string[])[] {
  const start = readme.indexOf(`${marker}\n`);
  if (start === -1) throw new Error(`README.md has no "${marker}"`);
  const lines = readme.slice(start).split('\n');
  const first = lines.findIndex((line) => line.startsWith('|'));
  const rows = lines.slice(first + 2);
  return rows
    .slice(
      0,
      rows.findIndex((line) => !line.startsWith('|')),
    )
    .map((row) =>
      row
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}
