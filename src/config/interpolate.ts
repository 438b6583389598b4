/** The environment that a config is read under: `process.env`, or a test's own. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface Interpolated {
  readonly text: string;
  /** Names of the variables that were looked at. */
  readonly variables: readonly string[];
}

/** What is wrong with a `${…}`, without what it holds; the caller adds where it stands. */
export class InterpolationError extends Error {
  override readonly name = 'InterpolationError';
  readonly remedy: string;

  constructor(message: string, remedy = 'set the variable, or give it a default with ${VAR:-default}') {
    super(message);
    this.remedy = remedy;
  }
}

const SYNTAX_REMEDY = 'write it as ${VAR}, ${VAR:-default} or ${VAR:?message}, and $${ for a literal ${';

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Replaces `${VAR}`, `${VAR:-default}` and `${VAR:?message}` in one scalar; `$${` stands for a
 * literal `${`, and a `$` before anything else for itself. `:-` and `:?` treat an empty variable
 * like a missing one, as the shell does; a default may hold `${…}` again. A plain `${VAR}` that is
 * not set is an {@link InterpolationError}. Values are never read as YAML.
 */
export function interpolate(text: string, environment: Environment): Interpolated {
  if (!text.includes('${')) return { text, variables: [] };
  const variables: string[] = [];
  let result = '';
  let position = 0;
  for (let start = text.indexOf('${'); start !== -1; start = text.indexOf('${', position)) {
    if (text[start - 1] === '$' && start - 1 >= position) {
      result += `${text.slice(position, start - 1)}\${`;
      position = start + 2;
      continue;
    }
    const end = closingBrace(text, start + 2);
    const inner = resolve(text.slice(start + 2, end), environment);
    variables.push(...inner.variables);
    result += text.slice(position, start) + inner.text;
    position = end + 1;
  }
  return { text: result + text.slice(position), variables };
}

function resolve(expression: string, environment: Environment): Interpolated {
  const colon = expression.indexOf(':');
  const name = colon === -1 ? expression : expression.slice(0, colon);
  const operator = colon === -1 ? '' : expression.slice(colon, colon + 2);
  const rest = expression.slice(colon + 2);
  if (!NAME.test(name)) {
    throw new InterpolationError('a "${…}" does not name a variable', SYNTAX_REMEDY);
  }
  const value = environment[name];
  if (operator === '') {
    if (value === undefined) throw new InterpolationError(`environment variable ${name} is not set`);
    return { text: value, variables: [name] };
  }
  if (operator !== ':-' && operator !== ':?') {
    throw new InterpolationError('a "${…}" has another operator than :- and :?', SYNTAX_REMEDY);
  }
  if (value !== undefined && value !== '') return { text: value, variables: [name] };
  if (operator === ':?') {
    throw new InterpolationError(`environment variable ${name} is not set${rest === '' ? '' : `: ${rest}`}`);
  }
  const fallback = interpolate(rest, environment);
  return { text: fallback.text, variables: [name, ...fallback.variables] };
}

function closingBrace(text: string, from: number): number {
  let depth = 1;
  for (let index = from; index < text.length; index += 1) {
    if (text.startsWith('${', index)) depth += 1;
    else if (text[index] === '}') {
      depth -= 1;
      if (depth === 0) return index;
    }
  }
  throw new InterpolationError('"${" without its "}"', SYNTAX_REMEDY);
}
