import { type DatasetName, tablePath } from '../sql/table-path.ts';

/** What takes expirations off the tables that some CREATE statements make: the defaults of the dataset would end the log unasked. */
export function keepForeverStatements(place: DatasetName, statements: readonly string[]): string[] {
  return statements.flatMap((statement) => {
    const name = /^CREATE TABLE IF NOT EXISTS `[^`]*?(\w+)`/m.exec(statement)?.[1];
    return name === undefined ? [] : [keepForeverStatement(place, name, /^PARTITION BY /m.test(statement))];
  });
}

/** Takes the expirations off one table. */
export function keepForeverStatement(place: DatasetName, name: string, isPartitioned: boolean): string {
  const partitions = isPartitioned ? ', partition_expiration_days = NULL' : '';
  return `ALTER TABLE ${tablePath(place, name)} SET OPTIONS (expiration_timestamp = NULL${partitions})`;
}
