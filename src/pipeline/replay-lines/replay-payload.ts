import { compactJson } from '../../normalize/compact-json.ts';
import { memberSpan, skipJsonSpace } from '../../normalize/json-span.ts';

/**
 * The compact text of a `body` that stands in a replay line as an object: strings as JSON.stringify writes them, number
 * literals, order and repeated members as in the line. `line` is valid JSON and `body` what JSON.parse made of it.
 */
export function compactBody(line: string, body: object): string {
  const literal = literalBody(line, body);
  if (literal !== undefined) return literal;
  const span = memberSpan(line, skipJsonSpace(line, 0), 'body');
  return span === undefined ? JSON.stringify(body) : compactJson(line, span);
}

const BODY = '"body":';

/** The body when it is compact in the line already, which is the usual case and several times faster to find. */
function literalBody(line: string, body: object): string | undefined {
  const at = line.indexOf(BODY);
  if (at === -1) return undefined;
  const start = at + BODY.length;
  const text = stringifyShallow(body);
  if (text === undefined || !line.startsWith(text, start)) return undefined;
  // What was found may be a member of another object, or shadowed by a later `body`: then the line still has its body.
  const rest = JSON.parse(`${line.slice(0, start)}null${line.slice(start + text.length)}`) as {
    readonly body?: unknown;
  };
  return rest.body === null ? text : undefined;
}

/** JSON.stringify recurses, so some thousand levels overflow the stack: undefined then. */
function stringifyShallow(body: object): string | undefined {
  try {
    return JSON.stringify(body);
  } catch {
    return undefined;
  }
}
