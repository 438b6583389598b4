import * as z from 'zod';
import { didYouMean } from '../did-you-mean.ts';
import { remedyOf } from '../load/parse-section.ts';
import { type ConfigPath, formatPath, valueAt } from './config-path.ts';

/** One thing that is wrong with a config, in words; the caller adds where it stands. */
export interface DescribedIssue {
  readonly path: ConfigPath;
  /** The key of `path` that is wrong, when it is the key and not its value. */
  readonly key?: string;
  readonly message: string;
  readonly remedy?: string | undefined;
}

const secretKeys: ReadonlySet<string> = new Set([
  'accessToken',
  'appSecret',
  'componentAccessToken',
  'componentAppSecret',
  'verifyTicket',
]);

/** What takes the place of a list of accounts. */
const listKeys: ReadonlySet<string> = new Set(['file', 'query', 'platform']);

/**
 * One issue in words. `values` is what `schema` parsed; `showValue` is false for values that may be
 * secret. A key that is not known comes with the key that may have been meant.
 */
export function describeIssue(
  issue: z.core.$ZodIssue,
  schema: z.ZodType,
  values: unknown,
  showValue: boolean,
): readonly DescribedIssue[] {
  const path = issue.path as ConfigPath;
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(path, key, schema));
  const last = path.at(-1);
  const value = valueAt(values, path);
  const subject = path.length === 0 ? 'the config' : formatPath(path);
  if (value === undefined || value === null) {
    const remedy =
      last === 'tokenStore' ? 'say where: tokenStore: { file: ./refresh-tokens.json } or { target: true }' : undefined;
    return [{ path, message: `${subject}: missing`, remedy }];
  }
  if (typeof last === 'string' && secretKeys.has(last) && isScalar(value)) {
    return [
      {
        path,
        message: `${subject}: a secret must not be written into the config`,
        remedy: 'put it into an environment variable or a file, and write { env: NAME } or { file: PATH }',
      },
    ];
  }
  const words = complaint(issue, value);
  const isShown = !showValue || !isScalar(value) || words.includes(JSON.stringify(value));
  const shown = isShown ? '' : ` (it is ${JSON.stringify(value)})`;
  const isWord = subject === 'source.accounts' && isScalar(value);
  const remedy = isWord
    ? 'begin each account with a dash, or write { file: PATH }, { query: SELECT } or { platform: all }'
    : remedyOf(issue);
  return [{ path, message: `${subject}: ${words}${shown}`, remedy }];
}

function complaint(issue: z.core.$ZodIssue, value: unknown): string {
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

function unknownKey(path: ConfigPath, key: string, schema: z.ZodType): DescribedIssue {
  const known = knownKeys(path, schema);
  const meant = didYouMean(key, known);
  const hint = meant === undefined ? `; known here: ${known.join(', ')}` : `; did you mean ${meant}?`;
  const message = `${formatPath([...path, key])}: unknown key${hint}`;
  if (formatPath(path) !== 'source.accounts' || meant !== undefined) return { path, key, message };
  const remedy = listKeys.has(key)
    ? 'keep one of file, query and platform: each is a list of its own'
    : 'begin each account with a dash: `- appId: …`, or name a file of them';
  return { path, key, message, remedy };
}

interface JsonSchemaNode {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchemaNode>>;
  readonly additionalProperties?: JsonSchemaNode | boolean;
  readonly anyOf?: readonly JsonSchemaNode[];
  readonly properties?: Readonly<Record<string, JsonSchemaNode>>;
  readonly items?: JsonSchemaNode;
}

function knownKeys(path: ConfigPath, schema: z.ZodType): readonly string[] {
  const root: JsonSchemaNode | undefined = z.toJSONSchema(schema, { io: 'input' }) as JsonSchemaNode;
  const follow = (node: JsonSchemaNode | undefined): JsonSchemaNode | undefined => {
    const target = node?.$ref === undefined ? node : root?.$defs?.[node.$ref.replace('#/$defs/', '')];
    return target?.anyOf?.map(follow).find((branch) => branch?.properties !== undefined) ?? target;
  };
  const node = path.reduce<JsonSchemaNode | undefined>((parent, step) => {
    const { items, properties, additionalProperties } = parent ?? {};
    const others = typeof additionalProperties === 'object' ? additionalProperties : undefined;
    return follow(typeof step === 'number' ? items : (properties?.[step] ?? others));
  }, root);
  return Object.keys(node?.properties ?? {}).filter((key) => key !== '$schema');
}
