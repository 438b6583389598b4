import { didYouMean } from '../did-you-mean.ts';
import type { Environment } from './interpolate.ts';

/** The environment variable of every scalar setting, and the setting's path. Environment wins over the file. */
export const settingVariables: Readonly<Record<string, string>> = {
  SCENEDIM_SOURCE_BASE_URL: 'source.baseUrl',
  SCENEDIM_SOURCE_PROXY: 'source.proxy',
  SCENEDIM_SOURCE_CONCURRENCY: 'source.concurrency',
  SCENEDIM_SOURCE_RATE_PER_SECOND: 'source.ratePerSecond',
  SCENEDIM_SOURCE_TIMEOUT_MS: 'source.timeoutMs',
  SCENEDIM_SOURCE_TOTAL_TIMEOUT_MS: 'source.totalTimeoutMs',
  SCENEDIM_SOURCE_PLATFORM_COMPONENT_APP_ID: 'source.platform.componentAppId',
  SCENEDIM_SOURCE_PLATFORM_TOKEN_STORE_FILE: 'source.platform.tokenStore.file',
  SCENEDIM_SOURCE_PLATFORM_TOKEN_STORE_TARGET: 'source.platform.tokenStore.target',
  SCENEDIM_SOURCE_ACCOUNTS_PLATFORM: 'source.accounts.platform',
  SCENEDIM_SOURCE_ACCOUNTS_FILE: 'source.accounts.file',
  SCENEDIM_SOURCE_ACCOUNTS_QUERY: 'source.accounts.query',
  SCENEDIM_TARGET_TYPE: 'target.type',
  SCENEDIM_TARGET_PATH: 'target.path',
  SCENEDIM_TARGET_URL: 'target.url',
  SCENEDIM_TARGET_PASSWORD_FILE: 'target.passwordFile',
  SCENEDIM_TARGET_SCHEMA: 'target.schema',
  SCENEDIM_TARGET_APPLICATION_NAME: 'target.applicationName',
  SCENEDIM_TARGET_AUTO_MIGRATE: 'target.autoMigrate',
  SCENEDIM_TARGET_PROJECT_ID: 'target.projectId',
  SCENEDIM_TARGET_DATASET: 'target.dataset',
  SCENEDIM_TARGET_LOCATION: 'target.location',
  SCENEDIM_TARGET_KEY_FILE: 'target.keyFile',
  SCENEDIM_TARGET_IMPERSONATE: 'target.impersonate',
  SCENEDIM_TARGET_MAXIMUM_BYTES_BILLED: 'target.maximumBytesBilled',
  SCENEDIM_TARGET_GZIP: 'target.gzip',
  SCENEDIM_TARGET_API_ENDPOINT: 'target.apiEndpoint',
  SCENEDIM_DIMENSION_FIRST_SEEN: 'dimension.firstSeen',
  SCENEDIM_DIMENSION_TIME_ZONE: 'dimension.timeZone',
  SCENEDIM_CATALOG_LAUNCH_SCENES: 'catalog.launchScenes',
  SCENEDIM_CATALOG_ACCESS_SOURCES: 'catalog.accessSources',
  SCENEDIM_CATALOG_COMMUNITY_MAPPING: 'catalog.communityMapping',
  SCENEDIM_GUARDS_EMPTY: 'guards.empty',
  SCENEDIM_GUARDS_MIN_SCENES: 'guards.minScenes',
  SCENEDIM_GUARDS_MAX_SHRINK: 'guards.maxShrink',
};

/** Variables that are options of the command line rather than settings of the file. */
export const optionVariables = [
  'SCENEDIM_CONFIG',
  'SCENEDIM_LOG_LEVEL',
  'SCENEDIM_LOG_FORMAT',
  'SCENEDIM_PUSHGATEWAY',
] as const;

/** A setting from outside the file, and where it comes from for messages. */
export interface Setting {
  readonly path: readonly string[];
  /** Undefined is no setting. */
  readonly value: unknown;
  /** `SCENEDIM_TARGET_URL` or `--rate`. */
  readonly origin: string;
}

/** The settings that the environment makes. An empty variable counts as not set. */
export function settingsFromEnvironment(environment: Environment): readonly Setting[] {
  return Object.entries(settingVariables)
    .map(([name, path]) => ({ path: path.split('.'), value: environment[name], origin: name }))
    .filter(({ value }) => value !== undefined && value !== '');
}

/**
 * Complaints about variables that begin like a setting and are none, with the name that may have
 * been meant. `known` are names that the config itself refers to. Any other `SCENEDIM_…` is none of
 * our business: Kubernetes makes SCENEDIM_SERVICE_HOST for a service of that name, and people name
 * their secrets so.
 */
export function unknownVariables(environment: Environment, known: ReadonlySet<string>): readonly string[] {
  const names = Object.keys(settingVariables);
  const beginnings = new Set(names.map((name) => name.split('_', 2).join('_')));
  return Object.keys(environment)
    .filter((name) => [...beginnings].some((beginning) => name.startsWith(`${beginning}_`)))
    .filter((name) => !names.includes(name) && !known.has(name))
    .map((name) => {
      const meant = didYouMean(name, names);
      return `environment variable ${name} is not a setting${meant === undefined ? '' : `; did you mean ${meant}?`}`;
    });
}
