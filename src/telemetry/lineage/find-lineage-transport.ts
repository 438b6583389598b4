import { parse } from 'yaml';
import * as z from 'zod';
import { readText } from '../../text-file.ts';
import { findLineageFile } from '../find-lineage-file.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What the program gives to find where events go. */
export interface LineageSurroundings {
  readonly environment: Environment;
  readonly workingDirectory: string;
  /** Told what is wrong, without secrets. */
  readonly warn: (message: string) => void;
}

const bearer = z.union([z.string(), z.number()]).transform(String).optional();

/** By the names that OpenLineage's Python client reads, and `headers` as the Java client calls them; unknown ones are ignored. */
const httpTransport = z.object({
  type: z.enum(['http', 'async_http']).transform(() => 'http' as const),
  url: z
    .string()
    .trim()
    .pipe(z.url({ protocol: /^https?$/ })),
  endpoint: z.string().default('api/v1/lineage'),
  /** Seconds. */
  timeout: z.coerce.number().positive().max(3600).default(5),
  verify: z.boolean().default(true),
  auth: z
    .object({ type: z.literal('api_key').optional(), apiKey: bearer, apikey: bearer, api_key: bearer })
    .default({})
    .transform(({ type, apiKey, apikey, api_key }) =>
      type === undefined ? null : ((apiKey || apikey || api_key) ?? ''),
    ),
  compression: z.literal('gzip').nullish(),
  headers: z.record(z.string(), z.coerce.string()).default({}),
  custom_headers: z.record(z.string(), z.coerce.string()).default({}),
});
const fileTransport = z.object({
  type: z.literal('file'),
  log_file_path: z.string().min(1),
  append: z.unknown().optional().transform(Boolean),
});
const transport = z.discriminatedUnion('type', [
  httpTransport,
  fileTransport,
  z.object({ type: z.literal('console') }),
  z.object({ type: z.literal('noop') }),
]);

/** Where events go. */
export type LineageTransport = z.output<typeof transport>;

/**
 * Where the events of a run go, found as OpenLineage's Python client finds it: not when `OPENLINEAGE_DISABLED` is `true`; else
 * the `transport` of the config file over that of `OPENLINEAGE__TRANSPORT__…`; else `OPENLINEAGE_URL`. Null when none of them
 * says it, or what they say cannot be used, which is told to `warn`.
 */
export async function findLineageTransport(surroundings: LineageSurroundings): Promise<LineageTransport | null> {
  const { environment, warn } = surroundings;
  if (environment['OPENLINEAGE_DISABLED']?.toLowerCase().trim() === 'true') return null;
  const config = merged(settingsOf(environment), await fileOf(surroundings));
  const given = config['transport'];
  const wanted = isObject(given) && given['type'] ? given : simpleTransport(environment);
  if (wanted === null) return null;
  if (wanted['type'] === 'async_http') Object.assign(wanted, { ...simpleTransport(environment), ...wanted });
  const { data, error } = transport.safeParse(wanted);
  if (error === undefined) return data.type === 'noop' ? null : data;
  const [{ path, message } = { path: [], message: '' }] = error.issues;
  warn(`the transport of OpenLineage cannot be used: ${['transport', ...path].join('.')}: ${message}`);
  return null;
}

/** The simple variables, which make a transport by HTTP. */
function simpleTransport(environment: Environment): Record<string, unknown> | null {
  const { OPENLINEAGE_URL: url, OPENLINEAGE_ENDPOINT: endpoint, OPENLINEAGE_API_KEY: apiKey } = environment;
  if (!url) return null;
  return {
    type: 'http',
    url,
    ...(endpoint !== undefined && { endpoint }),
    ...(apiKey && { auth: { type: 'api_key', apiKey } }),
  };
}

/** `OPENLINEAGE__TRANSPORT__TYPE` and its like: each `__` is a step, a value is JSON where it can be. Short names win. */
function settingsOf(environment: Environment): Record<string, unknown> {
  const names = Object.keys(environment).filter((name) => name.startsWith('OPENLINEAGE__'));
  const settings: Record<string, unknown> = {};
  for (const name of names.sort().reverse()) {
    const path = name.slice('OPENLINEAGE__'.length).toLowerCase().split('__');
    const last = path.pop() ?? '';
    let section = settings;
    for (const key of path) {
      if (!isObject(section[key])) section[key] = {};
      section = section[key] as Record<string, unknown>;
    }
    section[last] = jsonOrText(environment[name] ?? '');
  }
  return settings;
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** What the first config file says that is there; nothing when it cannot be read. */
async function fileOf({ environment, workingDirectory, warn }: LineageSurroundings): Promise<Record<string, unknown>> {
  const path = findLineageFile(environment, workingDirectory);
  if (path === undefined) return {};
  try {
    const content: unknown = parse(await readText(path), { version: '1.1', logLevel: 'error' });
    if (isObject(content)) return content;
    warn(`${path} has no settings of OpenLineage`);
  } catch (error) {
    // Not its message, which may quote a key.
    const { code } = error as { readonly code?: unknown };
    warn(`${path} cannot be read${typeof code === 'string' ? ` (${code})` : ''}`);
  }
  return {};
}

/** `over` wins where both have a value; sections are merged. */
function merged(under: Record<string, unknown>, over: Record<string, unknown>): Record<string, unknown> {
  const result = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const below = result[key];
    result[key] = isObject(below) && isObject(value) ? merged(below, value) : value;
  }
  return result;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
