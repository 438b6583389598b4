import * as z from 'zod';
import { didYouMean } from '../did-you-mean.ts';
import { problemOfAppId } from '../dimension/app-id.ts';
import { firstSeenModes } from '../dimension/version.ts';
import { sourceDefaults } from '../extract/source-defaults.ts';
import { bigquerySection } from '../load/bigquery/bigquery-config.ts';
import { autoMigrate, httpUrl, refuseFlaw } from '../load/parse-section.ts';
import { pgliteSection } from '../load/pglite/pglite-config.ts';
import { postgresSection } from '../load/postgres/postgres-config.ts';
import { builtInTargetTypes } from '../load/registry.ts';
import { isMap, valueAt } from './config-path.ts';
import type { AccountConfig, PlatformConfig } from './roster/account-config.ts';
import { refuse, secretReference } from './secret/secret-reference.ts';
import { DEFAULT_TIME_ZONE, isTimeZone, likelyTimeZone } from './time-zone.ts';

const appIdText = z
  .string()
  .superRefine((appId, context) => {
    const problem = problemOfAppId(appId);
    if (problem !== undefined) context.addIssue(problem);
  })
  .meta({ minLength: 1, maxLength: 128 });

const account = z
  .strictObject({
    appId: appIdText.describe('App id of the mini program, as in wx0123456789abcdef.'),
    accessToken: secretReference.optional().describe('A token that someone else maintains.'),
    appSecret: secretReference.optional().describe('Secret of the account; scenedim calls stable_token with it.'),
    legacyToken: z
      .boolean()
      .optional()
      .describe('Calls /cgi-bin/token with the appSecret, which ends the token that production has from there.'),
  })
  .transform(({ appId, accessToken, appSecret, legacyToken }, context): AccountConfig => {
    if (legacyToken === true && appSecret === undefined)
      return refuse(context, 'legacyToken goes with an appSecret only');
    if (accessToken !== undefined && appSecret === undefined) return { appId, accessToken };
    if (appSecret !== undefined && accessToken === undefined) {
      return { appId, appSecret, ...(legacyToken === true && { legacyToken }) };
    }
    if (appSecret === undefined) return { appId };
    return refuse(context, 'needs exactly one of accessToken and appSecret');
  });

const listedAccounts = z.array(account).min(1);

const patterns = z.array(z.string().min(1).max(128)).min(1);

const selection = {
  include: patterns.optional().describe('Only these app ids; * stands for any characters.'),
  exclude: patterns.optional().describe('Without these app ids, whatever include says.'),
};

const accountsFile = z.strictObject({
  file: z
    .string()
    .min(1)
    .describe(
      'CSV file with a header, or NDJSON; app_id, and one of secret_env, secret_file, token_env, token_file where source gives no credential. - is standard input.',
    ),
  ...selection,
});

const accountsQuery = z.strictObject({
  query: z.string().min(1).describe('SELECT on the target; its first column is the app ids.'),
  ...selection,
});

const proxy = z
  .string()
  .refine((text) => text === 'env' || (/^https?:\/\//.test(text) && URL.canParse(text)), {
    error: 'is neither env nor a URL that starts with http:// or https://',
    abort: true,
  })
  .superRefine(refuseFlaw);

const accountsOfPlatform = z.strictObject({
  platform: z.literal('all').describe('Every account that has authorised source.platform.'),
  ...selection,
});

const tokenStore = z
  .strictObject({
    file: z.string().min(1).optional().describe('JSON file for one process at a time; relative to the config file.'),
    target: z.boolean().optional().describe('true: the table scene_refresh_token of the target.'),
  })
  .transform(({ file, target }, context): PlatformConfig['tokenStore'] => {
    if (file !== undefined && target === undefined) return { file };
    if (file === undefined && target === true) return { target };
    return refuse(context, 'needs exactly one of file and target: true');
  })
  .describe('Where the refresh tokens of the accounts are kept.');

const platform = z
  .strictObject({
    componentAppId: appIdText.describe('App id of the third-party platform.'),
    componentAccessToken: secretReference.optional().describe("The platform's own token, from the platform."),
    mint: z
      .strictObject({
        componentAppSecret: secretReference.describe('Secret of the platform.'),
        verifyTicket: secretReference.describe('The newest component_verify_ticket that WeChat pushed.'),
      })
      .optional()
      .describe('In place of componentAccessToken: a new token, which ends the one that the platform has.'),
    tokenStore,
  })
  .transform(({ componentAccessToken, mint, ...given }, context): PlatformConfig => {
    if (componentAccessToken !== undefined && mint === undefined) return { ...given, componentAccessToken };
    if (mint !== undefined && componentAccessToken === undefined) return { ...given, mint };
    return refuse(context, 'needs exactly one of componentAccessToken and mint');
  });

const source = z.strictObject({
  baseUrl: httpUrl.default(sourceDefaults.baseUrl).describe('Where the WeChat API answers.'),
  fallbackBaseUrls: z
    .array(httpUrl)
    .optional()
    .describe(
      `Hosts to try when baseUrl cannot be reached (connect, DNS, 5xx); default ${sourceDefaults.fallbackBaseUrl} for the default baseUrl, else none.`,
    ),
  proxy: proxy
    .optional()
    .describe(
      'URL of the proxy between here and WeChat, or env for HTTPS_PROXY, HTTP_PROXY and NO_PROXY; default: none, or as env with NODE_USE_ENV_PROXY=1.',
    ),
  concurrency: z
    .int()
    .min(1)
    .max(1000)
    .default(sourceDefaults.concurrency)
    .describe('Requests at the same time, 1 to 1000.'),
  ratePerSecond: z
    .number()
    .positive()
    .max(10_000)
    .default(sourceDefaults.ratePerSecond)
    .describe('Requests started in a second, at most.'),
  timeoutMs: z
    .int()
    .min(100)
    .max(600_000)
    .default(sourceDefaults.timeoutMs)
    .describe('Longest time for one request, in milliseconds.'),
  totalTimeoutMs: z
    .int()
    .min(100)
    .max(3_600_000)
    .default(sourceDefaults.totalTimeoutMs)
    .describe('Longest time for one account, repetitions and waits included, in milliseconds.'),
  accessToken: secretReference
    .optional()
    .describe('Token of each account that names no credential of its own; {appId} stands for the account.'),
  appSecret: secretReference
    .optional()
    .describe('Secret of each account that names no credential of its own; {appId} stands for the account.'),
  platform: platform
    .optional()
    .describe('A third-party platform, for the accounts that have authorised it and name no credential of their own.'),
  accounts: z
    .union([listedAccounts, accountsFile, accountsQuery, accountsOfPlatform])
    .describe('The accounts whose scene lists are fetched.'),
});

/** The `target` section of each built-in kind, as its loader describes it. */
const builtInTargets: Readonly<Record<string, TargetSchema>> = {
  pglite: pgliteSection,
  postgres: postgresSection,
  bigquery: bigquerySection,
} satisfies Record<(typeof builtInTargetTypes)[number], TargetSchema>;

const ownTarget = z
  .looseObject({
    type: z
      .string()
      .regex(new RegExp(`^(?!(?:${builtInTargetTypes.join('|')})$)[@\\w./-]+$`), {
        error: 'is neither a kind of target nor the name of a package',
        abort: true,
      })
      .superRefine(refuseMisspelling)
      .describe('Name of a package that exports loaderFactory.'),
    autoMigrate,
  })
  .describe('A target of your own.');

/** A name with `@`, `/` or `.` in it is that of a package or a file, however much it looks like a kind of target. */
function refuseMisspelling(type: string, context: z.core.$RefinementCtx): void {
  const meant = type === 'postgresql' ? 'postgres' : didYouMean(type, builtInTargetTypes);
  if (meant === undefined || /[@/.]/.test(type)) return;
  context.addIssue(`${JSON.stringify(type)} is not a kind of target; did you mean ${meant}?`);
}

/** The whole config. Every key is described, which is what editors show. */
export const configSchema = z.strictObject({
  $schema: z.string().optional().describe('JSON Schema of this file, for editors.'),
  source: source.optional().describe('Where scene lists come from; not needed by commands that fetch nothing.'),
  target: z
    .union([pgliteSection, postgresSection, bigquerySection, ownTarget])
    .describe('Where the dimension is kept.'),
  dimension: z
    .strictObject({
      firstSeen: z
        .enum(firstSeenModes)
        .default('beginning')
        .describe('Whether a scene that was there at the first look is dated from the beginning or from that look.'),
      timeZone: z
        .string()
        .refine(isTimeZone, {
          error: ({ input }) => `is not a time zone; did you mean ${likelyTimeZone(String(input))}?`,
        })
        .default(DEFAULT_TIME_ZONE)
        .describe(
          'Name with a /, UTC, or a place such as PRC, never an abbreviation; date columns of the views are days in it.',
        ),
    })
    .prefault({}),
  catalog: z
    .strictObject({
      launchScenes: z
        .string()
        .min(1)
        .optional()
        .describe(
          'CSV file (launch_scene, launch_scene_name, access_source_key) whose rows win over the bundled ones.',
        ),
      accessSources: z
        .string()
        .min(1)
        .optional()
        .describe('CSV file (access_source_key, access_source_name) whose rows win over the bundled ones.'),
      communityMapping: z
        .boolean()
        .default(false)
        .describe(
          'true: counts launch scenes under 59 and 62, which were only seen in use, where they most likely belong.',
        ),
    })
    .prefault({}),
  guards: z
    .strictObject({
      empty: z.enum(['hold', 'accept']).default('hold').describe('What becomes of an answer without any scene.'),
      minScenes: z.int().min(1).default(4).describe('Fewer scenes in force than this are too few to judge.'),
      maxShrink: z.number().min(0).max(1).default(0.5).describe('Largest share of scenes that may vanish at once.'),
    })
    .prefault({}),
});

/**
 * {@link configSchema} with one branch where it has several: the target that `target.type` names, a
 * list of accounts or a file of them. So whatever is wrong is told about the branch that was meant.
 */
export function configSchemaFor(values: unknown) {
  const type = valueAt(values, ['target', 'type']);
  const target = typeof type === 'string' && Object.hasOwn(builtInTargets, type) ? builtInTargets[type] : undefined;
  const given = valueAt(values, ['source', 'accounts']);
  const accounts = isMap(given) ? formOfAccounts(given) : listedAccounts;
  return configSchema.extend({ source: source.extend({ accounts }).optional(), target: target ?? ownTarget });
}

function formOfAccounts(given: Readonly<Record<string, unknown>>) {
  if ('platform' in given) return accountsOfPlatform;
  return 'query' in given ? accountsQuery : accountsFile;
}

type TargetSchema = typeof pgliteSection | typeof postgresSection | typeof bigquerySection;

export type ParsedConfig = z.output<typeof configSchema>;
export type SourceConfig = NonNullable<ParsedConfig['source']>;
