import { secretTableCatalogue, tableCatalogue } from './table-catalogue.ts';
import { functionCatalogue, viewCatalogue } from './view-catalogue.ts';

/**
 * What every table, view, function and column of a target means, told once. Postgres gets it as comments, BigQuery as
 * descriptions; `readable` says what readers may see. Tables and views share one namespace.
 */
export const columnCatalogue = {
  relations: { ...tableCatalogue, ...viewCatalogue },
  /** Only Postgres has them. */
  secrets: secretTableCatalogue,
  functions: functionCatalogue,
} as const;
