import { didYouMean } from '../did-you-mean.ts';
import { ScenedimError } from '../errors.ts';
import type { ConfigDocument, ConfigPath } from './config-document.ts';
import { builtInTargets, configSchema, type ParsedConfig } from './config-schema.ts';
import { type DescribedIssue, describeIssue, flattenIssue, formatPath, type Issue, valueAt } from './describe-issue.ts';
import type { Setting } from './setting-variables.ts';

/**
 * Lays the settings from environment and flags over the file's values and checks the whole. Everything that is wrong is told
 * at once as one `config_invalid`, each with file, line and column, or with the variable or flag that it came from; where only
 * flags are wrong it is `usage`.
 */
export function validateConfig(document: ConfigDocument, settings: readonly Setting[]): ParsedConfig {
  const values =
    isMap(document.values) || document.values === null ? structuredClone(document.values ?? {}) : document.values;
  const origins = new Map<string, string>();
  for (const setting of withoutIdleSource(values, settings)) {
    if (setting.value === undefined) continue;
    setAt(values, setting.path, setting.value);
    origins.set(JSON.stringify(setting.path), setting.origin);
  }
  const fromText = (path: ConfigPath): boolean =>
    origins.has(JSON.stringify(path)) || document.fromVariables.has(JSON.stringify(path));

  coerceTexts(values, fromText);
  const issues = [...laterFeatures(values), ...misspeltTarget(values)];
  const parsed = configSchema.safeParse(values);
  if (issues.length === 0 && parsed.success) issues.push(...repeatedAccounts(parsed.data, document));
  if (parsed.success && issues.length === 0) return parsed.data;
  if (issues.length === 0) {
    for (const issue of withoutEchoes(parsed.error?.issues.flatMap((each) => flattenIssue(each)) ?? [])) {
      const path = issue.path as ConfigPath;
      issues.push(...describeIssue(issue, values, !fromText(path) && path.at(-1) !== 'url'));
    }
  }
  const places = issues.map(
    ({ path, key }) =>
      origins.get(JSON.stringify(key === undefined ? path : [...path, key])) ?? document.locate(path, key),
  );
  const lines = issues.map(({ message }, n) => `${places[n]}: ${message}`);
  const code = places.every((place) => place.startsWith('--')) ? 'usage' : 'config_invalid';
  throw new ScenedimError(code, [...new Set(lines)].join('\n'), {
    remedy:
      issues.find((issue) => issue.remedy !== undefined)?.remedy ?? '`scenedim schema config` lists every setting',
  });
}

/** How to fetch says nothing where nothing is fetched from: a variable for all jobs of a machine must not stop a `replay`. */
function withoutIdleSource(values: unknown, settings: readonly Setting[]): readonly Setting[] {
  const isAccounts = ({ path, value }: Setting) =>
    path[0] === 'source' && path[1] === 'accounts' && value !== undefined;
  if (valueAt(values, ['source']) !== undefined || settings.some(isAccounts)) return settings;
  return settings.filter(({ path }) => path[0] !== 'source');
}

/** A misspelt key is also missing under its right name; only the former is worth telling. */
function withoutEchoes(issues: readonly Issue[]): readonly Issue[] {
  const misspelt = new Set(
    issues.filter(({ code }) => code === 'unrecognized_keys').map(({ path }) => JSON.stringify(path)),
  );
  return issues.filter(({ code, path }) => code !== 'custom' || !misspelt.has(JSON.stringify(path)));
}

/** Numbers and booleans given as text by a variable become what the schema asks for; text that is neither stays. */
function coerceTexts(values: unknown, fromText: (path: ConfigPath) => boolean): void {
  for (const issue of configSchema.safeParse(values).error?.issues.flatMap((each) => flattenIssue(each)) ?? []) {
    const path = issue.path as ConfigPath;
    const value = valueAt(values, path);
    if (issue.code !== 'invalid_type' || typeof value !== 'string' || !fromText(path)) continue;
    if (issue.expected === 'boolean' && /^(true|false)$/.test(value)) setAt(values, path, value === 'true');
    else if (issue.expected !== 'boolean' && /^-?\d+(\.\d+)?$/.test(value.trim())) setAt(values, path, Number(value));
  }
}

function laterFeatures(values: unknown): DescribedIssue[] {
  const accounts = valueAt(values, ['source', 'accounts']);
  const later = (path: ConfigPath, what: string): DescribedIssue => ({
    path,
    message: `${what} comes with a later version of scenedim`,
    remedy: 'list the accounts with their tokens or secrets, or name a file: accounts: { file: accounts.csv }',
  });
  const found: DescribedIssue[] = [];
  if (valueAt(values, ['source', 'platform']) !== undefined) {
    found.push({ ...later(['source'], 'source.platform'), key: 'platform' });
  }
  if (accounts === 'authorizers' || (isMap(accounts) && 'authorizers' in accounts)) {
    found.push(later(['source', 'accounts'], 'source.accounts: authorizers'));
  }
  if (isMap(accounts) && 'query' in accounts) found.push(later(['source', 'accounts'], 'source.accounts: { query }'));
  return found;
}

function misspeltTarget(values: unknown): DescribedIssue[] {
  const type = valueAt(values, ['target', 'type']);
  if (typeof type !== 'string' || builtInTargets.some((name) => name === type) || /[@/.]/.test(type)) return [];
  const meant = type === 'postgresql' ? 'postgres' : didYouMean(type, builtInTargets);
  if (meant === undefined) return [];
  return [
    { path: ['target', 'type'], message: `target.type: "${type}" is not a kind of target; did you mean ${meant}?` },
  ];
}

function repeatedAccounts(config: ParsedConfig, document: ConfigDocument): DescribedIssue[] {
  const accounts = config.source?.accounts;
  if (!Array.isArray(accounts)) return [];
  const first = new Map<string, ConfigPath>();
  const repeated: DescribedIssue[] = [];
  for (const [index, { appId }] of accounts.entries()) {
    const path = ['source', 'accounts', index, 'appId'];
    const earlier = first.get(appId);
    if (earlier === undefined) first.set(appId, path);
    else {
      repeated.push({
        path,
        message: `${formatPath(path)}: ${appId} is listed already at ${document.locate(earlier)}`,
        remedy: 'list every account once',
      });
    }
  }
  return repeated;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Sets a value, making the maps on the way; what is in the way and is no map stays for the schema to complain about. */
function setAt(values: unknown, path: ConfigPath, value: unknown): void {
  let container: unknown = values;
  for (const step of path.slice(0, -1)) {
    if (typeof container !== 'object' || container === null) return;
    const map = container as Record<string, unknown>;
    const next = map[step];
    if (next === undefined || next === null || (step === 'accounts' && Array.isArray(next))) map[step] = {};
    container = map[step];
  }
  const last = path.at(-1);
  if (typeof container === 'object' && container !== null && last !== undefined)
    (container as Record<string, unknown>)[last] = value;
}
