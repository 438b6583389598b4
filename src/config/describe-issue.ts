import { z } from 'zod';
import { didYouMean } from '../did-you-mean.ts';
import type { ConfigPath } from './config-document.ts';
import { configSchema } from './config-schema.ts';

/** One thing that is wrong with a config, in words; the caller adds where it stands. */
export interface DescribedIssue {
  readonly path: ConfigPath;
  /** The key of `path` that is wrong, when it is the key and not its value. */
  readonly key?: string;
  readonly message: string;
  readonly remedy?: string;
}

/** What zod found. */
export type Issue = z.core.$ZodIssue;

const secretKeys: ReadonlySet<string> = new Set(['accessToken', 'appSecret']);

/** `source.accounts[0].appId`, as people write a path. */
export function formatPath(path: ConfigPath): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text === '' ? step : `${text}.${step}`;
  }, '');
}

/** The value at a path of parsed YAML, undefined when there is none. */
export function valueAt(values: unknown, path: ConfigPath): unknown {
  return path.reduce<unknown>(
    (value, step) =>
      typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[step] : undefined,
    values,
  );
}

/**
 * The issues of a union replaced by those of the branch that the value was meant for: the one whose shape (list or map, and
 * `type`) fits. Paths become absolute.
 */
export function flattenIssue(issue: Issue, prefix: ConfigPath = []): readonly Issue[] {
  const path = [...prefix, ...(issue.path as ConfigPath)];
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [{ ...issue, path }];
  const fits = issue.errors.filter((branch) => !branch.some((inner) => isWrongShape(inner)));
  const chosen =
    fits[0] ??
    issue.errors.find((branch) => branch.some(isWrongName)) ??
    issue.errors.find((branch) => !branch.some((inner) => inner.path.length === 0)) ??
    issue.errors[0];
  return (chosen ?? []).flatMap((inner) => flattenIssue(inner as Issue, path));
}

/** A `type` that may be any name is no name at all. */
function isWrongName({ code, path }: z.core.$ZodIssue): boolean {
  return code === 'invalid_format' && path.length === 1 && path[0] === 'type';
}

function isWrongShape(issue: z.core.$ZodIssue): boolean {
  if (issue.path.length === 0) return issue.code === 'invalid_type';
  return issue.path.length === 1 && issue.path[0] === 'type';
}

/**
 * One issue in words. `values` is what was parsed; `showValue` is false for values that may be secret. A key that is not known
 * comes with the key that may have been meant.
 */
export function describeIssue(issue: Issue, values: unknown, showValue: boolean): readonly DescribedIssue[] {
  const path = issue.path as ConfigPath;
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(path, key, values));
  const last = path.at(-1);
  const value = valueAt(values, path);
  if (typeof last === 'string' && secretKeys.has(last) && isScalar(value)) {
    return [
      {
        path,
        message: `${formatPath(path)}: a secret must not be written into the config`,
        remedy: 'put it into an environment variable or a file, and write { env: NAME } or { file: PATH }',
      },
    ];
  }
  const shown = showValue && isScalar(value) && issue.code !== 'invalid_key' ? ` (it is ${JSON.stringify(value)})` : '';
  const subject = path.length === 0 ? 'the config' : formatPath(path);
  if (value === undefined || value === null) return [{ path, message: `${subject}: missing` }];
  return [{ path, message: `${subject}: ${complaint(issue, value)}${shown}` }];
}

function complaint(issue: Issue, value: unknown): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${kindNames[issue.expected] ?? issue.expected}, not ${kindNames[kindOf(value)] ?? kindOf(value)}`;
    case 'too_small':
      return bound(issue.origin, `${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}`);
    case 'too_big':
      return bound(issue.origin, `${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}`);
    case 'invalid_value': {
      const meant = typeof value === 'string' ? didYouMean(value, issue.values.map(String)) : undefined;
      const list = issue.values.map(String).join(' or ');
      return `must be ${list}${meant === undefined ? '' : `; did you mean ${meant}?`}`;
    }
    case 'invalid_key':
      return `its key ${issue.issues[0]?.message ?? 'cannot be used'}`;
    default:
      return issue.message;
  }
}

function bound(origin: string, limit: string): string {
  const isOne = limit.endsWith(' 1');
  if (origin === 'string') return `must have ${limit} ${isOne ? 'character' : 'characters'}`;
  return origin === 'array' ? `must have ${limit} ${isOne ? 'entry' : 'entries'}` : `must be ${limit}`;
}

const kindNames: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a map of settings',
  array: 'a list',
  record: 'a map',
};

function kindOf(value: unknown): string {
  return Array.isArray(value) ? 'array' : typeof value;
}

function isScalar(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function unknownKey(path: ConfigPath, key: string, values: unknown): DescribedIssue {
  const known = knownKeys(path, values);
  const meant = didYouMean(key, known);
  const subject = path.length === 0 ? key : `${formatPath(path)}.${key}`;
  const hint = meant === undefined ? `; known here: ${known.join(', ')}` : `; did you mean ${meant}?`;
  return { path, key, message: `${subject}: unknown key${hint}` };
}

interface JsonSchemaNode {
  readonly properties?: Readonly<Record<string, JsonSchemaNode>>;
  readonly items?: JsonSchemaNode;
  readonly anyOf?: readonly JsonSchemaNode[];
  readonly const?: unknown;
}

function knownKeys(path: ConfigPath, values: unknown): readonly string[] {
  let nodes: readonly JsonSchemaNode[] = [z.toJSONSchema(configSchema, { io: 'input' }) as JsonSchemaNode];
  for (const [index, step] of path.entries()) {
    const type = valueAt(values, [...path.slice(0, index + 1), 'type']);
    nodes = nodes
      .map((node) => (typeof step === 'number' ? node.items : node.properties?.[step]))
      .flatMap((node) => node?.anyOf ?? (node === undefined ? [] : [node]))
      .filter(
        (node) =>
          type === undefined || node.properties?.['type'] === undefined || node.properties['type'].const === type,
      );
  }
  return nodes.flatMap((node) => Object.keys(node.properties ?? {})).filter((key) => key !== '$schema');
}
