import type { z } from 'zod';
import { ScenedimError } from '../errors.ts';
import type { ConfigDocument } from './config-document.ts';
import { type ConfigPath, formatPath, setAt, valueAt } from './config-path.ts';
import { configSchemaFor, type ParsedConfig } from './config-schema.ts';
import { type DescribedIssue, describeIssue } from './describe-issue.ts';
import { sharedCredential } from './roster/account-config.ts';
import type { Setting } from './setting-variables.ts';

/**
 * Lays the settings from environment and flags over the file's values and checks the whole.
 * Everything that is wrong is told at once as one `config_invalid`, each with file, line and
 * column, or with the variable or flag that it came from; where only flags are wrong it is `usage`.
 */
export function validateConfig(document: ConfigDocument, settings: readonly Setting[]): ParsedConfig {
  const values: unknown = structuredClone(document.values ?? {});
  const origins = new Map<string, string>();
  for (const setting of withoutIdleSource(values, settings)) {
    if (setting.value === undefined) continue;
    setAt(values, setting.path, setting.value);
    origins.set(JSON.stringify(setting.path), setting.origin);
  }
  const isFromText = (path: ConfigPath): boolean =>
    origins.has(JSON.stringify(path)) || document.fromVariables.has(JSON.stringify(path));
  const placeOf = ({ path, key }: DescribedIssue): string =>
    origins.get(JSON.stringify(key === undefined ? path : [...path, key])) ?? document.locate(path, key);

  const schema = configSchemaFor(values);
  const first = schema.safeParse(values);
  const isCoerced = !first.success && coerceTexts(values, first.error.issues, isFromText);
  const parsed = isCoerced ? schema.safeParse(values) : first;
  const issues = parsed.success
    ? [...repeatedAccounts(parsed.data, document), ...lackingCredentials(parsed.data), ...platformFlaws(parsed.data)]
    : parsed.error.issues.flatMap((issue) => {
        const path = issue.path as ConfigPath;
        const mayShow = !isFromText(path) && path.at(-1) !== 'url' && !/[@#]/.test(String(valueAt(values, path)));
        return describeIssue(issue, schema, values, mayShow);
      });
  if (!parsed.success || issues.length > 0) throw refusal(issues, placeOf, hasWideColon(values));
  return parsed.data;
}

/** Input methods for Chinese give a wide colon, which is none in YAML: the key and what follows it are one text. */
function hasWideColon(values: unknown): boolean {
  return /"[A-Za-z]+：/.test(JSON.stringify(values));
}

function refusal(
  issues: readonly DescribedIssue[],
  placeOf: (issue: DescribedIssue) => string,
  isColonWide: boolean,
): ScenedimError {
  const places = issues.map(placeOf);
  const lines = issues.map(({ message }, index) => `${places[index]}: ${message}`);
  const code = places.every((place) => place.startsWith('--')) ? 'usage' : 'config_invalid';
  const remedy = issues.find((issue) => issue.remedy !== undefined)?.remedy;
  const otherwise =
    code === 'usage'
      ? 'correct the option; `scenedim schema config` has the bounds of every setting'
      : '`scenedim schema config` lists every setting';
  return new ScenedimError(code, [...new Set(lines)].join('\n'), {
    remedy: isColonWide ? 'write a plain : and a space in place of the full-width ：' : (remedy ?? otherwise),
  });
}

/** How to fetch says nothing where nothing is fetched from: a variable for all jobs of a machine must not stop a `replay`. */
function withoutIdleSource(values: unknown, settings: readonly Setting[]): readonly Setting[] {
  const isAccounts = ({ path, value }: Setting) =>
    path[0] === 'source' && path[1] === 'accounts' && value !== undefined;
  if (valueAt(values, ['source']) !== undefined || settings.some(isAccounts)) return settings;
  return settings.filter(({ path }) => path[0] !== 'source');
}

/**
 * Numbers and booleans given as text by a variable become what the schema asks for; text that is
 * neither stays. True when there were any.
 */
function coerceTexts(
  values: unknown,
  issues: readonly z.core.$ZodIssue[],
  isFromText: (path: ConfigPath) => boolean,
): boolean {
  let isCoerced = false;
  for (const issue of issues) {
    const path = issue.path as ConfigPath;
    const text = valueAt(values, path);
    if (issue.code !== 'invalid_type' || typeof text !== 'string' || !isFromText(path)) continue;
    const value = issue.expected === 'boolean' ? booleanOf(text) : numberOf(text);
    if (value === undefined) continue;
    setAt(values, path, value);
    isCoerced = true;
  }
  return isCoerced;
}

function booleanOf(text: string): boolean | undefined {
  return /^(true|false)$/.test(text) ? text === 'true' : undefined;
}

function numberOf(text: string): number | undefined {
  return /^-?\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : undefined;
}

/** Settings of a platform that need another one. */
function platformFlaws({ source, target }: ParsedConfig): DescribedIssue[] {
  if (source === undefined) return [];
  const { accounts, platform } = source;
  if (platform === undefined && !Array.isArray(accounts) && 'platform' in accounts) {
    const message = 'source.accounts: platform: all needs a source.platform';
    return [
      {
        path: ['source', 'accounts'],
        message,
        remedy: 'add source.platform with componentAppId, componentAccessToken (or mint) and tokenStore',
      },
    ];
  }
  const isInTarget = platform !== undefined && 'target' in platform.tokenStore;
  if (!isInTarget || target.type !== 'bigquery') return [];
  const path = ['source', 'platform', 'tokenStore'];
  const message =
    'source.platform.tokenStore: BigQuery keeps no refresh tokens, since each change would be a job of seconds';
  return [{ path, message, remedy: 'keep them in a file: tokenStore: { file: ./refresh-tokens.json }' }];
}

function lackingCredentials({ source }: ParsedConfig): DescribedIssue[] {
  if (source === undefined) return [];
  if (source.accessToken !== undefined && source.appSecret !== undefined) {
    return [{ path: ['source', 'appSecret'], message: 'source: needs at most one of accessToken and appSecret' }];
  }
  if (sharedCredential(source) !== null || !Array.isArray(source.accounts)) return [];
  return source.accounts.flatMap(({ accessToken, appSecret }, index): DescribedIssue[] => {
    if (accessToken !== undefined || appSecret !== undefined) return [];
    const path = ['source', 'accounts', index];
    const message = `${formatPath(path)}: needs exactly one of accessToken and appSecret`;
    return [{ path, message, remedy: 'or give all accounts one, as source.accessToken or source.appSecret' }];
  });
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
