import { deflateSync } from 'node:zlib';

/** The variables that Dagster Pipes gives a process, as it makes them: base64 of zlib of JSON. */
export function pipesVariables(context: unknown, messages: unknown): Readonly<Record<string, string>> {
  const encoded = (value: unknown): string => deflateSync(JSON.stringify(value)).toString('base64');
  return { DAGSTER_PIPES_CONTEXT: encoded(context), DAGSTER_PIPES_MESSAGES: encoded(messages) };
}
