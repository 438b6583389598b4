/** The documents of the project as their tests see them: fenced blocks, tables and links. */
import { globSync, readFileSync } from 'node:fs';

export const root: string = new URL('../..', import.meta.url).pathname;

/** Every document, its path from the root. */
export const documents: readonly string[] = globSync(['*.md', '{.github,config,sql,src,test}/**/*.md'], { cwd: root })
  .filter((path) => path !== 'CHANGELOG.md')
  .sort();

/** What users read; the rest is for those who change the program. */
export const userDocuments: readonly string[] = documents.filter((path) =>
  /^(?:README|(?:config|sql)\/.*|src\/load\/README)\.md$/.test(path),
);

/** Every kind of fenced block that a document may hold; each has a test that looks at all blocks of it. */
export const blockKinds = [
  'sh run',
  'sh recovery',
  'sh',
  'sql run',
  'sql postgres',
  'sql admin',
  'sql bigquery',
  'sql duckdb',
  'python pandas',
  'python polars',
  'text demo',
  'yaml config',
  'yaml case',
  'yaml dbt',
  'yaml openlineage',
  'sql dbt',
  'sh dbt',
  'csv accounts',
  'json run-report',
  'json summary',
  'ndjson',
  'ts run',
  'ts contract',
] as const;
export type BlockKind = (typeof blockKinds)[number];

export interface DocumentBlock {
  readonly document: string;
  /** What follows the fence; a {@link BlockKind} when the document is right. */
  readonly info: string;
  readonly text: string;
  /** Of the opening fence, from 1. */
  readonly line: number;
}

export function textOf(document: string): string {
  return readFileSync(`${root}${document}`, 'utf8');
}

/** All fenced blocks, in order. */
export const documentBlocks: readonly DocumentBlock[] = documents.flatMap((document) => {
  const text = textOf(document);
  return [...text.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].map((match) => ({
    document,
    info: match[1] ?? '',
    text: match[2] ?? '',
    line: lineOf(text, match.index),
  }));
});

/** The blocks of one kind; throws when there is none, since its test would then look at nothing. */
export function blocksOf(kind: BlockKind): readonly DocumentBlock[] {
  const blocks = documentBlocks.filter(({ info }) => info === kind);
  if (blocks.length === 0) throw new Error(`no document has a block "${kind}"`);
  return blocks;
}

/** A document's text without its fenced blocks. */
export function proseOf(document: string): string {
  return textOf(document).replaceAll(/^```[\s\S]*?^```$/gm, '');
}

export interface DocumentTable {
  readonly document: string;
  /** Of the comment above it; undefined when there is none. */
  readonly name: string | undefined;
  readonly line: number;
}

/** All tables, in order. */
export const documentTables: readonly DocumentTable[] = documents.flatMap((document) => {
  const text = textOf(document);
  return [...text.matchAll(/^(?:<!-- table: (.*) -->\n)?\|.*\n\|[-|: ]+\|$/gm)].map((match) => ({
    document,
    name: match[1],
    line: lineOf(text, match.index),
  }));
});

export interface DocumentLink {
  readonly document: string;
  readonly target: string;
}

/** All links, in order. */
export const documentLinks: readonly DocumentLink[] = documents.flatMap((document) =>
  [...proseOf(document).matchAll(/\[[^\]]*\]\(([^)\s]+)\)/g)].map(([, target = '']) => ({ document, target })),
);

/** The anchors that GitHub gives the headings of a document. */
export function anchorsOf(document: string): readonly string[] {
  return [...proseOf(document).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function lineOf(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}

/** The first crontab line of a document, as cron hands it to `/bin/sh`. */
export function cronCommandOf(document: string): string {
  const lines = blocksOf('sh').filter((block) => block.document === document);
  const line = lines.map(({ text }) => text).find((text) => /^[0-9*]+ [0-9*]+ /.test(text)) ?? '';
  const command = line.trimEnd().replace(/^(?:\S+ +){5}/, '');
  if (command === '' || /(?<!\\)%|\n/.test(command))
    throw new Error(`${document} has no line for cron, or not one line`);
  return command.replaceAll('\\%', '%');
}
