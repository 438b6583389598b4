/** One statement of a script; `condition` is what an ASSERT asserts, so that `check` can dry-run it as a SELECT. */
export interface ScriptStatement {
  readonly sql: string;
  readonly condition?: string;
}

/** An ASSERT that fails the script, and so its transaction, with a message that tells it from the others. */
export function assertion(condition: string, message: string): ScriptStatement {
  return { sql: `ASSERT ${condition} AS '${message}'`, condition };
}

/**
 * Asserts how many rows the statement directly before it wrote; a MERGE counts all of its clauses. Reads no table, so it is free,
 * and no second look at one: a write whose conditions are the rule, and this behind it, are a check that costs nothing more.
 * Means nothing outside a script, so it has no `condition`.
 */
export function rowCountAssertion(count: string, message: string): ScriptStatement {
  return { sql: `ASSERT @@row_count = ${count} AS '${message}'` };
}
