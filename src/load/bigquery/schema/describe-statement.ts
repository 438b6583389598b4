import type { RelationEntry } from '../../../catalog/catalogue-entry.ts';
import { columnCatalogue } from '../../../catalog/column-catalogue.ts';
import { quoteLiteral } from '../sql/quote-literal.ts';

const relations: Readonly<Record<string, RelationEntry>> = columnCatalogue.relations;
const functions: Readonly<Record<string, { readonly description: string }>> = columnCatalogue.functions;

const table = /^(CREATE TABLE IF NOT EXISTS `[^`]*?(\w+)` \(\n)((?: {2}.*\n)+)(\)(?:\n(?:PARTITION|CLUSTER) BY .*)*)/m;
const column = /^( {2}([a-z_]+) [A-Z0-9]+(?: NOT NULL)?)(?=,?$)/gm;
const view = /^(CREATE OR REPLACE VIEW `[^`]*?(\w+)`) AS$/m;
const tableFunction = /^(CREATE OR REPLACE TABLE FUNCTION `[^`]*?(\w+)`\(.*\)) AS$/m;

/**
 * Puts the descriptions of the catalogue into a CREATE statement with the layout of `sql/bigquery`; any other statement stays as it
 * is. Throws when the columns of a table or view differ from the catalogue.
 */
export function describeStatement(statement: string): string {
  return statement
    .replace(table, (_all, head: string, name: string, body: string, tail: string) => {
      const { columns, description } = entryOf(name);
      const found: string[] = [];
      const described = body.replace(column, (line, _whole, columnName: string) => {
        found.push(columnName);
        return `${line} ${descriptionOption(columns[columnName] ?? '')}`;
      });
      if (found.join() !== Object.keys(columns).join()) {
        throw new Error(`the catalogue and sql/bigquery disagree about the columns of ${name}: ${found.join(', ')}`);
      }
      return `${head}${described}${tail}\n${descriptionOption(description)}`;
    })
    .replace(view, (_all, head: string, name: string) => {
      const { columns, description } = entryOf(name);
      const list = Object.entries(columns).map(([columnName, text]) => `  ${columnName} ${descriptionOption(text)}`);
      return `${head} (\n${list.join(',\n')}\n)\n${descriptionOption(description)}\nAS`;
    })
    .replace(tableFunction, (_all, head: string, name: string) => `${head}\n${functionDescription(name)}\nAS`);
}

/** The OPTIONS clause of a function of the catalogue. */
export function functionDescription(name: string): string {
  const entry = functions[name];
  if (entry === undefined) throw new Error(`the catalogue has no function ${name}`);
  return descriptionOption(entry.description);
}

function entryOf(name: string): RelationEntry {
  const entry = relations[name];
  if (entry === undefined) throw new Error(`the catalogue has no ${name}`);
  return entry;
}

function descriptionOption(text: string): string {
  return `OPTIONS (description=${quoteLiteral(text)})`;
}
