import type { QueryParameter } from './query-parameter.ts';

/** A statement, or several with `;` between them, and the parameters that they name. */
export interface Query {
  readonly sql: string;
  readonly parameters?: readonly QueryParameter[];
  /** A job that would be billed more is refused. Default: `target.maximumBytesBilled`. */
  readonly maximumBytesBilled?: bigint;
}

/** A condition for WHERE and the parameters that it names. */
export interface Condition {
  readonly sql: string;
  readonly parameters: readonly QueryParameter[];
}

/** One statement of a script; `condition` is what an ASSERT asserts, so that `check` can dry-run it as a SELECT. */
export interface ScriptStatement extends Query {
  readonly condition?: string;
}

/** The statements as one script, with each parameter once. */
export function scriptOf(statements: readonly ScriptStatement[]): Query {
  const parameters = statements.flatMap((statement) => statement.parameters ?? []);
  return {
    sql: `${statements.map(({ sql }) => sql).join(';\n\n')};`,
    parameters: [...new Map(parameters.map((parameter) => [parameter.name, parameter])).values()],
  };
}

/** An ASSERT that fails the script, and so its transaction, with a message that tells it from the others. */
export function assertion({ sql, parameters }: Condition, message: string): ScriptStatement {
  return { sql: `ASSERT ${sql} AS '${message}'`, parameters, condition: sql };
}

/**
 * Asserts how many rows the statement directly before this one wrote; a MERGE counts all of its clauses. Write with the rule as the
 * condition, then assert the number of rows: a check without a second read. Has no `condition`, because the number means nothing
 * outside of a script.
 */
export function rowCountAssertion(count: 1 | QueryParameter, message: string): ScriptStatement {
  const [expected, parameters] = count === 1 ? ['1', []] : [`@${count.name}`, [count]];
  return { sql: `ASSERT @@row_count = ${expected} AS '${message}'`, parameters };
}
