/** A column of a table of somebody else's. */
export interface TableColumn {
  readonly name: string;
  /** As it stands in a query. */
  readonly quotedName: string;
  /** The dialect's name of the type, without length and precision: `timestamp with time zone`, `INT64`. Of a domain, its base. */
  readonly type: string;
  /** Null when texts compare with our keys as they are. */
  readonly collation: string | null;
}

/** A table, a view, or what else can be read like one. */
export interface TableDescription {
  /** As it stands in a query, with its schema or dataset. */
  readonly quotedName: string;
  readonly columns: readonly TableColumn[];
  /** How many rows the target takes it to have; null when it has no idea. */
  readonly estimatedRows: number | null;
  /** True when TABLESAMPLE may be asked for: it is no view. */
  readonly isStored: boolean;
  /** True when the target refuses to read it without a filter on its partitions. */
  readonly needsFilter: boolean;
}

/** Reads tables of others beside ours, in the dialect of the target: for `join-check`. It writes nothing. */
export interface TableReader {
  readonly dialect: 'postgres' | 'bigquery';
  /** The name is what a user writes in a query. When there is no such table: names that are like it. */
  describe(
    name: string,
    signal: AbortSignal,
  ): Promise<{ readonly table: TableDescription } | { readonly similar: readonly string[] }>;
  /** One of our own tables, views and functions, as it stands in a query. */
  ownName(object: string): string;
  /** A text as a literal. */
  literal(text: string): string;
  /** The rows of one SELECT, each value as text. A target that bills refuses to read more than `maximumBytes`. */
  select(
    statement: string,
    signal: AbortSignal,
    maximumBytes?: bigint,
  ): Promise<readonly (readonly (string | null)[])[]>;
  /** How many bytes a SELECT would read; only targets that bill by them have it. Costs nothing. */
  readonly estimateBytes?: (statement: string, signal: AbortSignal) => Promise<bigint>;
}
