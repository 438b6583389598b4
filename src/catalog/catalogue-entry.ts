/** A table or view. */
export interface RelationEntry {
  readonly kind: 'table' | 'view';
  /** True when `target.readers` may select from it. */
  readonly readable: boolean;
  readonly description: string;
  /** Column name to description, in the order of the columns; at most 1,024 characters each, BigQuery's limit. */
  readonly columns: Readonly<Record<string, string>>;
}

/** Type of a function's argument, whatever a warehouse calls it; a `code` is a number or a text. */
export type ArgumentType = 'timestamp' | 'code';

/** A function that `target.readers` may call. */
export interface FunctionEntry {
  readonly kind: 'function';
  readonly description: string;
  /** In order. A function that takes a `code` takes nothing else. */
  readonly arguments: Readonly<Record<string, { readonly type: ArgumentType; readonly description: string }>>;
  /** `versions`: rows with the columns of `dim_scene`; `own`: with columns of the function's own. */
  readonly returns: 'text' | { readonly rows: 'versions' | 'own'; readonly columns: Readonly<Record<string, string>> };
}
