/** The table of remedies, test/remedies.yaml, is complete, and the tests that it names are there. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { collectRemedies } from '../support/remedy-texts.ts';

const root = new URL('../..', import.meta.url).pathname;

type Texts = Readonly<Record<string, readonly string[]>>;

const table = parse(readFileSync(join(root, 'test/remedies.yaml'), 'utf8')) as {
  readonly followed: Readonly<Record<string, Texts>>;
  readonly cannotBeFollowed: Readonly<Record<string, Texts>>;
};

const rowsOf = (texts: Texts) => Object.entries(texts).flatMap(([file, own]) => own.map((text) => `${file}: ${text}`));
const rows = [...Object.values(table.followed), ...Object.values(table.cannotBeFollowed)].flatMap(rowsOf);

test('the table has a row for every remedy of the sources, and no other', () => {
  const said = collectRemedies().map(({ file, text }) => `${file}: ${text}`);
  expect(said.length).toBeGreaterThan(250);
  expect([...rows].sort()).toEqual([...said].sort());
});

test('every test that the table names is there, and quotes the remedies that it follows', () => {
  for (const [name, texts] of Object.entries(table.followed)) {
    const [file = '', title = ''] = name.split(' > ');
    const source = existsSync(join(root, file)) ? readFileSync(join(root, file), 'utf8') : '';
    const titles = [`'${title}'`, `"${title}"`, `\`${title}\``];
    expect(
      titles.some((quoted) => source.includes(quoted)),
      `there is no ${name}`,
    ).toBe(true);
    const unquoted = Object.values(texts)
      .flat()
      .filter((text) => !source.includes(longestPiece(text)));
    expect(unquoted, name).toEqual([]);
  }
});

const reasons = [
  'asks for a report of a defect',
  'needs a project of Google Cloud, or its console',
  'needs a machine that is damaged',
  'needs a server that is too old to be installed',
];

test('a remedy that no test can follow has one of few reasons', () => {
  expect(Object.keys(table.cannotBeFollowed).filter((reason) => !reasons.includes(reason))).toEqual([]);
});

/** The longest part of a remedy that is the same in every case. Of SQL that makes a remedy, only its strings count. */
function longestPiece(text: string): string {
  const isSql = /\|\||pg_catalog/.test(text);
  const words = isSql ? [...text.matchAll(/'([^']*)'/g)].map(([, word = '']) => word).join('…') : text;
  const pieces = words.split(/…|%[Is]|'|`|\$\{.*?\}/).map((piece) => piece.trim());
  return pieces.reduce((longest, piece) => (piece.length > longest.length ? piece : longest), '');
}
