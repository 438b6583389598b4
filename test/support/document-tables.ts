/** Tables of the project's documents, found by the comment before them: `<!-- table: NAME -->`. */
import { readFileSync } from 'node:fs';

const root = new URL('../../', import.meta.url);

/** The cells of each row below the header, in order, as they are written. Throws when the table is missing or empty. */
export function documentTable(document: string, name: string): readonly (readonly string[])[] {
  const text = readFileSync(new URL(document, root), 'utf8');
  const [, after] = text.split(`<!-- table: ${name} -->\n`);
  const [, , ...rows] =
    (after ?? '')
      .trimStart()
      .split(/\n(?!\|)/)[0]
      ?.split('\n') ?? [];
  if (rows.length === 0) throw new Error(`${document} has no table "${name}"`);
  return rows.map((row) =>
    row
      .replace(/^\||\|$/g, '')
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim().replaceAll('\\|', '|')),
  );
}

/** What stands in backticks in a cell: `` `a`, `b` `` gives a and b. */
export function codeOf(cell: string | undefined): readonly string[] {
  return [...(cell ?? '').matchAll(/`([^`]+)`/g)].map(([, code]) => code ?? '');
}
