import { REDACTED } from './redact.ts';

/**
 * A text with the value of every member of JSON, parameter of a URL and element of XML replaced
 * whose name is that of a secret: for texts that hold secrets which nobody here knows. JSON and
 * URLs that are values themselves are looked at, too; a text that ends in the middle of a value
 * loses that.
 */
export function maskMembers(text: string): string {
  return maskElements(maskParameters(maskJson(text)));
}

/** Of names without `_` and `-`, in small letters. */
const SECRET_NAME =
  /(?:accesstoken|refreshtoken|secret|ticket|sessionkey|password|passwd|aeskey|privatekey|authorizationcode|authcode|jscode)$|^(?:token|code)$/;

function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name.replaceAll(/[_-]/g, '').toLowerCase());
}

/** Looks at each string in turn: it is the name of a member, or a value that may hold more JSON. */
function maskJson(text: string): string {
  const literals = new RegExp(LITERAL, 'gs');
  let result = '';
  let position = 0;
  for (let found = literals.exec(text); found !== null; found = literals.exec(text)) {
    const [literal] = found;
    const end = found.index + literal.length;
    const content = contentOf(literal);
    const colon = /^\s*:\s*/.exec(text.slice(end, end + 32))?.[0];
    let replaced = literal;
    let next = end;
    if (colon !== undefined && isSecretName(content)) {
      replaced = `${literal}${colon}"${REDACTED}"`;
      next = endOfValue(text, end + colon.length);
    } else if (colon === undefined) {
      const masked = maskMembers(content);
      if (masked !== content) replaced = JSON.stringify(masked);
    }
    result += text.slice(position, found.index) + replaced;
    position = next;
    literals.lastIndex = next;
  }
  return result + text.slice(position);
}

/** A string of JSON, with or without its end. */
const LITERAL = /"(?:[^"\\]|\\.)*(?:"|\\?$)/s;

/** What a string of JSON stands for, as far as it goes. */
function contentOf(literal: string): string {
  const inner = /^"(.*?)"?$/s.exec(literal)?.[1] ?? '';
  try {
    return String(JSON.parse(`"${inner.replace(/(?<!\\)((?:\\\\)*)\\(?:u[\da-f]{0,3})?$/i, '$1')}"`));
  } catch {
    return inner;
  }
}

function endOfValue(text: string, start: number): number {
  const pieces = new RegExp(`${LITERAL.source}|[[\\]{},]|[^\\s"[\\]{},]+`, 'gs');
  pieces.lastIndex = start;
  let depth = 0;
  for (let found = pieces.exec(text); found !== null; found = pieces.exec(text)) {
    const [piece] = found;
    if (piece === '[' || piece === '{') depth += 1;
    else if (depth === 0 && /^[\]},]$/.test(piece)) return found.index;
    else if (piece === ']' || piece === '}') depth -= 1;
    if (depth === 0) return pieces.lastIndex;
  }
  return text.length;
}

function maskParameters(text: string): string {
  return text.replaceAll(/(?<![\w%.-])([\w%.-]+)=([^&\s"'<>\\#;]*)/g, (whole: string, name: string, value: string) => {
    if (isSecretName(decoded(name))) return `${name}=${REDACTED}`;
    const inner = decoded(value);
    if (inner === value) return whole;
    const masked = maskMembers(inner);
    return masked === inner ? whole : `${name}=${encodeURIComponent(masked)}`;
  });
}

function maskElements(text: string): string {
  return text.replaceAll(/<([\w-]+)>(?:<!\[CDATA\[)?(?!\[redacted\])[^<\]]+/g, (whole: string, name: string) =>
    isSecretName(name) ? `<${name}>${REDACTED}` : whole,
  );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
