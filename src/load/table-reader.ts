/** A column of a table that is not ours. */
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
  /** How many rows the target believes it to have; null when it does not know. */
  readonly estimatedRows: number | null;
  /** True for a table, of which TABLESAMPLE may be asked; false for a view. */
  readonly isStored: boolean;
  /** True when the target refuses to read it without a filter on its partitions. */
  readonly needsFilter: boolean;
}

/** Reads tables that are not ours beside those that are. It writes nothing. */
export interface TableReader {
  readonly dialect: 'postgres' | 'bigquery';
  /** Finds a table by the name that a user writes in a query; without such a table, names that are like it. */
  describe(
    name: string,
    signal: AbortSignal,
  ): Promise<{ readonly table: TableDescription } | { readonly similar: readonly string[] }>;
  /** The name of one of our tables, views or functions, as it stands in a query. */
  ownName(object: string): string;
  /** A text as a literal. */
  literal(text: string): string;
  /** The rows of one SELECT, of ours or of somebody else, each value as text. A target that bills refuses to read more than `maximumBytes`. */
  select(
    statement: string,
    signal: AbortSignal,
    maximumBytes?: bigint,
  ): Promise<readonly (readonly (string | null)[])[]>;
  /** How many bytes a SELECT would read; only targets that bill by them have it. Costs nothing. */
  readonly estimateBytes?: (statement: string, signal: AbortSignal) => Promise<bigint>;
}
