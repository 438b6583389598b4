/** The folders of BigQuery's loader: each imports only those above it in the table of their README, types included. */
import { expect, test } from 'vitest';
import { codeOf, documentTable } from '../../../support/document-tables.ts';
import { importsOf, sourceFiles } from '../../../support/import-graph.ts';

const home = 'src/load/bigquery/';
const root = new URL('../../../..', import.meta.url).pathname;
const order = documentTable('src/load/bigquery/README.md', 'bigquery folders').flatMap(([folder]) => codeOf(folder));
const files = [...sourceFiles(root)].filter(([file]) => file.startsWith(home));

/** Place of a file in the order; the config is below all folders, the loader above them. */
function heightOf(file: string): number {
  if (file === `${home}bigquery-config.ts`) return -1;
  if (file === `${home}bigquery-loader.ts`) return order.length;
  return order.indexOf(file.slice(home.length).split('/')[0] ?? '');
}

const edges = files.flatMap(([file, source]) => importsOf(file, source)).filter(({ to }) => to.startsWith(home));

test('the table has every folder, and no other', () => {
  const folders = new Set(
    files.map(([file]) => file.slice(home.length).split('/')).flatMap(([name, file]) => (file ? [name] : [])),
  );
  expect([...order].sort()).toEqual([...folders].sort());
});

test('a file imports only its own folder and those above it in the table', () => {
  expect(edges.length).toBeGreaterThan(files.length);
  expect(edges.filter(({ from, to }) => heightOf(to) > heightOf(from))).toEqual([]);
});

test('no files import each other in a circle, types included', () => {
  const importsFrom = Map.groupBy(edges, ({ from }) => from);
  const reached = (file: string): ReadonlySet<string> => {
    const seen = new Set((importsFrom.get(file) ?? []).map(({ to }) => to));
    for (const each of seen) for (const { to } of importsFrom.get(each) ?? []) seen.add(to);
    return seen;
  };
  expect(files.map(([file]) => file).filter((file) => reached(file).has(file))).toEqual([]);
});
