/** One statement of a script; `condition` is what an ASSERT asserts, so that `check` can dry-run it as a SELECT. */
export interface ScriptStatement {
  readonly sql: string;
  readonly condition?: string;
}

/** An ASSERT that fails the script, and so its transaction, with a message that tells it from the others. */
export function assertion(condition: string, message: string): ScriptStatement {
  return { sql: `ASSERT ${condition} AS '${message}'`, condition };
}
