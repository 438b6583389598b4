/** A condition that no row of a table or view may break, in SQL that Postgres and BigQuery read alike. */
export interface QualityRule {
  /** Also the name of the test in dbt. */
  readonly name: string;
  readonly description: string;
  /** In the words of the Open Data Contract Standard. */
  readonly dimension: 'consistency' | 'uniqueness';
  /** The SELECT of the rows that break it; `table` is a name or a placeholder, `columns` name one thing that has versions. */
  violations(table: string, columns: readonly string[]): string;
}

/**
 * In the order of their beginnings, each version must end before the next one begins: when any two are in force at once, so are
 * two neighbours. A row that is there twice breaks it, too.
 */
const oneVersionInForce: QualityRule = {
  name: 'scene_one_version_in_force',
  description:
    'No two versions of a scene are in force at the same instant, so no join by key and time multiplies facts.',
  dimension: 'uniqueness',
  violations: (table, columns) => `SELECT *
FROM (
  SELECT ${columns.join(', ')}, effective_from, effective_to,
    LEAD(effective_from) OVER (PARTITION BY ${columns.join(', ')} ORDER BY effective_from, effective_to) AS next_from
  FROM ${table}
) AS version
WHERE next_from < effective_to`,
};

// The open end is the only time of the year 9999: a literal with a time zone is not written alike in both dialects.
const endsFitTogether: QualityRule = {
  name: 'scene_ends_fit_together',
  description:
    'A version begins before it ends; it is current exactly when its end is open, and then it has no end_reason.',
  dimension: 'consistency',
  violations: (table) => `SELECT *
FROM ${table}
WHERE NOT (effective_from < effective_to)
  OR is_current <> (EXTRACT(YEAR FROM effective_to) = 9999)
  OR is_current <> (end_reason IS NULL)`,
};

/** The rules that every table and view of versions keeps. */
export const versionRules: readonly QualityRule[] = [oneVersionInForce, endsFitTogether];

/** An account is stale when its newest ok answer is older than this many days, unless somebody asks for another number. */
export const staleAfterDays = 2;
