import { parseLenientJson } from './lenient-json.ts';

/**
 * Parses a body whose numbers stay exact: a number that JavaScript would write otherwise becomes a
 * raw JSON value, which {@link numberLiteral} reads and JSON.stringify writes as it was. Throws a
 * SyntaxError when the text is not JSON, and a RangeError when the text is nested too deeply beside
 * such a number.
 */
export function parseExactJson(body: string): unknown {
  const { text, value } = parseLenientJson(body);
  return MAYBE_INEXACT.test(text) ? json.parse(text, keepLiteral) : value;
}

/** The literal of a number from {@link parseExactJson}; undefined for anything else. */
export function numberLiteral(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  return json.isRawJSON(value) ? value.rawJSON : undefined;
}

/** True for an object from {@link parseExactJson}: neither an array nor a number. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !json.isRawJSON(value);
}

/** An object of a body. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** A number that JavaScript may write in another way: one of 16 digits, -0, one with a fraction or an exponent. */
const MAYBE_INEXACT = /(?:^|[\s:,[])-?(?:\d{16}|(?<=-)0|\d+[.eE][\d.eE+-]*(?:$|[\s,\]}]))/;

function keepLiteral(_name: string, value: unknown, { source }: { readonly source?: string }): unknown {
  return typeof value !== 'number' || source === undefined || String(value) === source ? value : json.rawJSON(source);
}

/** What Node's JSON has and TypeScript's libraries do not know yet: the source text of a number. */
interface JsonSource {
  parse(text: string, reviver: typeof keepLiteral): unknown;
  rawJSON(text: string): object;
  isRawJSON(value: unknown): value is { readonly rawJSON: string };
}

const json = JSON as typeof JSON & JsonSource;
